import Shared

/// What stands under a route, and the schemas.
extension DocsPage {
    // MARK: - The parts of a route

    func parameters(_ list: [JSON]) -> String {
        guard !list.isEmpty else { return "" }
        let rows = list.map(resolve).map { parameter in
            let required = parameter["required"]?.bool == true ? " <em>required</em>" : ""
            return """
                <tr><td><code>\(escape(parameter["name"]?.string ?? ""))</code>\(required)</td><td>\(escape(parameter["in"]?.string ?? ""))</td>\
                <td>\(type(parameter["schema"]))</td><td>\(text(parameter["description"]?.string ?? ""))</td></tr>
                """
        }
        return
            "<table><caption>Parameters</caption><tr><th>Name</th><th>In</th><th>Type</th><th>What it is</th></tr>\(rows.joined())</table>"
    }

    func requestBody(_ body: JSON?) -> String {
        guard let body = body.map(resolve) else { return "" }
        return "<details open><summary>Body</summary>\(prose(body["description"]?.string))\(content(body["content"]))</details>"
    }

    func responses(_ responses: JSON?) -> String {
        (responses?.object?.members ?? []).map { member in
            let response = resolve(member.value)
            let headers = (response["headers"]?.object?.members ?? []).map { "<code>\(escape($0.name))</code>" }
            let list = headers.isEmpty ? "" : "<p>Headers: \(headers.joined(separator: ", "))</p>"
            return """
                <details><summary><b>\(escape(member.name))</b> \(text(response["description"]?.string ?? ""))</summary>\(list)\
                \(content(response["content"]))</details>
                """
        }.joined()
    }

    private func content(_ content: JSON?) -> String {
        (content?.object?.members ?? []).map { media in
            var examples = (media.value["examples"]?.object?.members ?? []).map {
                (resolve($0.value)["summary"]?.string ?? $0.name, resolve($0.value)["value"])
            }
            if let example = media.value["example"] { examples.append(("Example", example)) }
            let blocks = examples.map {
                "<p class=\"small\">\(text($0.0))</p><pre>\(escape(($0.1 ?? .null).string ?? Self.indented($0.1 ?? .null)))</pre>"
            }
            return
                "<p><code>\(escape(media.name))</code> \(type(media.value["schema"]))</p>\(fields(media.value["schema"]))\(blocks.joined())"
        }.joined()
    }

    // MARK: - Schemas

    var schemas: String {
        (document.at("components", "schemas")?.object?.members ?? []).map { schema in
            """
            <article id="schema-\(escape(schema.name))"><h3><code>\(escape(schema.name))</code></h3>\(prose(schema.value["description"]?.string))\
            <p>\(type(schema.value))</p>\(fields(schema.value))</article>

            """
        }.joined()
    }

    private func fields(_ schema: JSON?) -> String {
        guard let properties = schema?["properties"]?.object?.members, !properties.isEmpty else { return "" }
        let required = schema?["required"]?.array?.compactMap(\.string) ?? []
        let rows = properties.map { property in
            let mark = required.contains(property.name) ? " <em>required</em>" : ""
            return """
                <tr><td><code>\(escape(property.name))</code>\(mark)</td><td>\(type(property.value))</td>\
                <td>\(text(property.value["description"]?.string ?? ""))\(fields(property.value))</td></tr>
                """
        }
        return "<table><tr><th>Field</th><th>Type</th><th>What it is</th></tr>\(rows.joined())</table>"
    }

    /// A schema in one line: a link to a named one, or its type and limits.
    private func type(_ schema: JSON?) -> String {
        guard let schema else { return "" }
        if let reference = schema["$ref"]?.string, let name = reference.split(separator: "/").last {
            return "<a href=\"#schema-\(escape(String(name)))\">\(escape(String(name)))</a>"
        }
        for (word, glue) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
            if let parts = schema[word]?.array { return parts.map(type).joined(separator: glue) }
        }
        if let value = schema["const"] { return "<code>\(escape(value.text))</code>" }
        if let values = schema["enum"]?.array {
            return values.map { "<code>\(escape($0.string ?? $0.text))</code>" }.joined(separator: " | ")
        }
        let names = schema["type"]?.array?.compactMap(\.string) ?? schema["type"]?.string.map { [$0] } ?? ["any"]
        var line = names.map { $0 == "array" ? "list of \(type(schema["items"]))" : escape($0) }.joined(separator: " or ")
        if let format = schema["format"]?.string { line += " (\(escape(format)))" }
        if let least = schema["minimum"] { line += " ≥ \(escape(least.text))" }
        if let most = schema["maximum"] { line += " ≤ \(escape(most.text))" }
        return line
    }

    /// Follows a `$ref` within the document.
    private func resolve(_ json: JSON) -> JSON {
        guard let reference = json["$ref"]?.string, reference.hasPrefix("#/") else { return json }
        var value = document
        for step in reference.dropFirst(2).split(separator: "/") { value = value[String(step)] ?? .null }
        return value
    }
}
