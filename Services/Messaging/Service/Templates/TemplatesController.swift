import Hummingbird
import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// CRUD `/v1/templates` and `POST /v1/templates/{id}/preview`.
struct TemplatesController {
    static let bodyLimit = 4 << 20

    let house: House

    func add(to router: Router<VefaContext>) {
        router.get("/v1/templates", use: list)
        router.post("/v1/templates", use: create)
        router.get("/v1/templates/:id", use: show)
        router.put("/v1/templates/:id", use: update)
        router.delete("/v1/templates/:id", use: remove)
        router.post("/v1/templates/:id/preview", use: preview)
    }

    @Sendable func list(_ request: Request, context: VefaContext) async throws -> Reply {
        let page = try request.page()
        let rows = try await house.read { db in try TemplateStore.list(page, db) }
        return Reply(.ok, Page(rows, page, key: { [.string($0.id)] }, json: \.json).json)
    }

    @Sendable func create(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context, limit: Self.bodyLimit) { input, change in
            let content = try Self.content(input.body)
            let id = TypeID.make("tmpl", at: change.now)
            try TemplateStore.insert(id, content, change)
            return .created(Template(id: id, version: 1, content: content, createdAt: change.now, updatedAt: change.now).json)
        }
    }

    @Sendable func show(_ request: Request, context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        return Reply(.ok, try await house.read { db in try Self.require(id, db).json })
    }

    /// Messages already queued are made of the new version; those tried before keep theirs.
    @Sendable func update(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context, limit: Self.bodyLimit) { input, change in
            let template = try Self.require(try input.parameter("id"), change.db)
            let content = try Self.content(input.body)
            guard content != template.content else { return Reply(.ok, template.json) }
            return Reply(.ok, try TemplateStore.update(template, content, change).json)
        }
    }

    @Sendable func remove(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            let template = try Self.require(try input.parameter("id"), change.db)
            if let flow = try FlowStore.flowSending(template.id, change.db) {
                throw Problem.conflict("template_in_use", "The flow \"\(flow)\" sends this template.")
            }
            try change.db.execute("UPDATE templates SET deleted_at = \(change.now) WHERE id = \(template.id)")
            return .noContent()
        }
    }

    /// Renders with the given data, or with the template's sample. Nothing is kept, so this is no command.
    @Sendable func preview(_ request: Request, context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        let body = try await request.json()
        let template = try await house.read { db in try Self.require(id, db) }
        let issues = FieldIssues()
        let reader = FieldReader(body: body, issues: issues)
        let wish = reader.string("locale", max: 35)
        let given = reader.reader("data").map { JSON.object($0.object) }
        reader.refuseUnknown()
        try issues.throwIfAny()
        guard let (locale, parts) = template.content.parts(for: [wish]) else {
            throw Problem.conflict("no_language", "The template has no language.")
        }
        let data = given ?? template.content.sample
        try Self.requireVariables(of: parts, data)
        var answer = try CompiledTemplate(parts).render(data).json.object ?? JSONObject()
        answer["locale"] = .string(locale)
        return Reply(.ok, .object(answer))
    }

    // MARK: - Reading

    private static func require(_ id: String, _ db: SQLConnection) throws -> Template {
        guard let template = try TemplateStore.find(id, db) else { throw Problem.notFound("template \"\(id)\"") }
        return template
    }

    private static func content(_ body: JSON) throws -> TemplateContent {
        let issues = FieldIssues()
        let reader = FieldReader(body: body, issues: issues)
        let content = TemplateContent.read(reader)
        reader.refuseUnknown()
        try issues.throwIfAny()
        guard let content else { throw Problem.malformed("not a template") }
        for (locale, parts) in content.locales {
            // What the outline lets through the renderer compiles; should they ever disagree, the author hears of it and not the customer.
            do { _ = try CompiledTemplate(parts) } catch {
                throw Problem.invalid("/locales/\(locale)", "template_syntax", "this cannot be rendered")
            }
        }
        return content
    }

    /// A missing variable fails the preview with its name.
    private static func requireVariables(of parts: TemplateParts, _ data: JSON) throws {
        var issues: [FieldIssue] = []
        for source in [parts.subject, parts.preheader, parts.html, parts.text].compactMap({ $0 }) {
            guard let outline = try? TemplateOutline(source) else { continue }
            for missing in StrictVariables.missing(in: outline, data: data) {
                let pointer = (["/data"] + missing.name.split(separator: ".").map(String.init)).joined(separator: "/")
                let issue = FieldIssue(pointer: pointer, code: missing.code, detail: missing.detail)
                if !issues.contains(issue) { issues.append(issue) }
            }
        }
        if !issues.isEmpty {
            throw Problem(
                422, "missing_variable", "The template asks for what the data does not have", detail: issues.first?.detail, errors: issues)
        }
    }
}
