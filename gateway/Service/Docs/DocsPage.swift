import Shared

/// The OpenAPI document as one HTML page: routes by tag, each with its parameters, body, answers and examples; then the schemas. No script.
struct DocsPage {
    let document: JSON

    init(_ document: JSON) {
        self.document = document
    }

    var html: String {
        let title = document.at("info", "title")?.string ?? "API"
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escape(title))</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <nav aria-label="Routes"><p class="brand">\(escape(title)) \(escape(document.at("info", "version")?.string ?? ""))</p>
            \(navigation)
            </nav>
            <main>
            <h1>\(escape(title))</h1>
            \(prose(document.at("info", "description")?.string))
            <p>This page shows <a href="/openapi.json">/openapi.json</a> (OpenAPI \(escape(document["openapi"]?.string ?? ""))).</p>
            \(groups.map(section).joined())
            <h2 id="schemas">Schemas</h2>
            \(schemas)
            </main>
            </body>
            </html>
            """
    }

    // MARK: - Routes by tag

    private struct Operation {
        let method: String
        let path: String
        let json: JSON
        let shared: [JSON]

        var anchor: String { (method + path).map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined() }
    }

    private struct Group {
        let name: String
        let description: String?
        var operations: [Operation]

        var anchor: String { "tag-" + name.lowercased().map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined() }
    }

    private static let methods = ["get", "post", "put", "patch", "delete"]

    private var groups: [Group] {
        var groups = (document["tags"]?.array ?? []).map { tag in
            Group(name: tag["name"]?.string ?? "", description: tag["description"]?.string, operations: [])
        }
        for path in document["paths"]?.object?.members ?? [] {
            for method in Self.methods {
                guard let json = path.value[method] else { continue }
                let operation = Operation(
                    method: method.uppercased(), path: path.name, json: json, shared: path.value["parameters"]?.array ?? [])
                let tag = json.at("tags", "0")?.string ?? "Other"
                if let index = groups.firstIndex(where: { $0.name == tag }) {
                    groups[index].operations.append(operation)
                } else {
                    groups.append(Group(name: tag, description: nil, operations: [operation]))
                }
            }
        }
        return groups.filter { !$0.operations.isEmpty }
    }

    private var navigation: String {
        groups.map { group in
            let items = group.operations.map { operation in
                "<li><a href=\"#\(operation.anchor)\"><span class=\"m \(operation.method)\">\(operation.method)</span> \(escape(operation.path))</a></li>"
            }
            return "<p><a href=\"#\(group.anchor)\">\(escape(group.name))</a></p><ul>\(items.joined())</ul>"
        }.joined(separator: "\n") + "\n<p><a href=\"#schemas\">Schemas</a></p>"
    }

    private func section(_ group: Group) -> String {
        "<h2 id=\"\(group.anchor)\">\(escape(group.name))</h2>\(prose(group.description))\(group.operations.map(article).joined())\n"
    }

    private func article(_ operation: Operation) -> String {
        let json = operation.json
        return """
            <article id="\(operation.anchor)">
            <h3><span class="m \(operation.method)">\(operation.method)</span> <code>\(escape(operation.path))</code></h3>
            <p><strong>\(text(json["summary"]?.string ?? ""))</strong></p>
            \(prose(json["description"]?.string))
            \(parameters(operation.shared + (json["parameters"]?.array ?? [])))
            \(requestBody(json["requestBody"]))
            \(responses(json["responses"]))
            </article>

            """
    }
}
