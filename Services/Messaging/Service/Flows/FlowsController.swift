import Hummingbird
import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// CRUD `/v1/flows`, `GET /v1/flows/presets`, `GET /v1/flows/{id}/runs`, `POST /v1/flows/{id}/publish` and `/pause`.
struct FlowsController {
    let house: House
    let books: FlowBook

    func add(to router: Router<VefaContext>) {
        router.get("/v1/flows", use: list)
        router.post("/v1/flows", use: create)
        // No flow's id is `presets`: that the router does not come back from there hides nothing.
        router.get("/v1/flows/presets", use: presets)
        router.get("/v1/flows/:id", use: show)
        router.put("/v1/flows/:id", use: update)
        router.delete("/v1/flows/:id", use: remove)
        router.get("/v1/flows/:id/runs", use: runs)
        router.post("/v1/flows/:id/publish", use: publish)
        router.post("/v1/flows/:id/pause", use: pause)
    }

    /// What becomes of the runs in progress.
    enum Runs: String, CaseIterable { case keep, move, reschedule, end }

    @Sendable func list(_ request: Request, context: VefaContext) async throws -> Reply {
        let page = try request.page()
        let rows = try await house.read { db in try FlowStore.list(page, db) }
        return Reply(.ok, Page(rows, page, key: { [.string($0.id)] }, json: \.json).json)
    }

    @Sendable func show(_ request: Request, context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        return Reply(.ok, try await house.read { db in try Self.json(try Self.require(id, db), db) })
    }

    @Sendable func presets(_ request: Request, context: VefaContext) async throws -> Reply {
        Reply(.ok, ["data": .array(FlowPreset.all.map(\.json)), "next_cursor": nil])
    }

    /// A draft: from a preset (`{"preset", "locale"?, "name"?}`), or one's own definition.
    @Sendable func create(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            guard try FlowStore.count(change.db) < Self.most else {
                throw Problem.conflict("too_many_flows", "There are \(Self.most) flows already; delete one first.")
            }
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let draft = reader.has("preset") ? FlowDraft.preset(reader) : FlowDraft.own(reader)
            try issues.throwIfAny()
            guard let draft else { throw Problem.malformed("not a flow") }
            for template in draft.preset?.templates ?? [] { try TemplateStore.ensure(template, change) }
            try Self.requireTemplates(of: draft.definition, change.db)
            let id = TypeID.make("flow", at: change.now)
            try FlowStore.insert(id, name: draft.name, preset: draft.preset?.id, state: .draft, draft.definition, change)
            return .created(try Self.json(try Self.require(id, change.db), change.db))
        }
    }

    /// The next version of the flow, at once where it is published. Runs in progress keep theirs.
    @Sendable func update(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            let flow = try Self.require(try input.parameter("id"), change.db)
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let draft = FlowDraft.own(reader)
            try issues.throwIfAny()
            guard let draft else { throw Problem.malformed("not a flow") }
            try Self.requireTemplates(of: draft.definition, change.db)
            if draft.name != flow.name || draft.definition != FlowDefinition(json: flow.definition) {
                try FlowStore.update(flow, name: draft.name, draft.definition, change)
            }
            return Reply(.ok, try Self.json(try Self.require(flow.id, change.db), change.db))
        }
    }

    /// Its runs in progress end. What it has sent stays to be looked up.
    @Sendable func remove(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            try FlowStore.delete(try Self.require(try input.parameter("id"), change.db).id, change)
            return .noContent()
        }
    }

    /// `?state=` picks the runs in one state.
    @Sendable func runs(_ request: Request, context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        let page = try request.page()
        let wanted = request.query("state")
        let state = wanted.flatMap(Run.State.init(rawValue:))
        if wanted != nil, state == nil {
            throw Problem.invalid("?state", "invalid", "one of \(Run.State.allCases.map(\.rawValue).joined(separator: ", ")) was expected")
        }
        let rows = try await house.read { db in
            _ = try Self.require(id, db)
            return try RunStore.list(id, state: state, page, db)
        }
        return Reply(.ok, Page(rows, page, key: { [.int($0.enteredAt.milliseconds), .string($0.id)] }, json: \.json).json)
    }

    @Sendable func publish(_ request: Request, context: VefaContext) async throws -> Reply {
        try await setState(.published, request, context)
    }

    /// No run begins any more; those in progress go on, unless `{"runs": "end"}` takes them out.
    @Sendable func pause(_ request: Request, context: VefaContext) async throws -> Reply {
        try await setState(.paused, request, context)
    }

    private func setState(_ state: FlowState, _ request: Request, _ context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            let flow = try Self.require(try input.parameter("id"), change.db)
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let runs = reader.choice("runs", Runs.self) ?? .keep
            reader.refuseUnknown()
            try issues.throwIfAny()
            if state == .published, let definition = FlowDefinition(json: flow.definition) {
                try Self.requireTemplates(of: definition, change.db)
            }
            if flow.state != state { try FlowStore.setState(flow.id, state, change) }
            // A run keeps the version it began with: keep, move and reschedule all leave the runs where they are.
            let ended = runs == .end ? try RunStore.endAll(ofFlow: flow.id, change) : 0
            var answer = try Self.json(try Self.require(flow.id, change.db), change.db).object ?? JSONObject()
            answer["runs_ended"] = .int(Int64(ended))
            return Reply(.ok, .object(answer))
        }
    }

    private static let most: Int64 = 500

    /// A send node without its template would fail with every customer.
    private static func requireTemplates(of definition: FlowDefinition, _ db: SQLConnection) throws {
        let issues = FieldIssues()
        for (index, node) in definition.nodes.enumerated() {
            guard let template = node.templateID, try TemplateStore.find(template, db) == nil else { continue }
            issues.add(.root / "nodes" / index / "template_id", "unknown_template", "there is no template \"\(template)\"")
        }
        try issues.throwIfAny()
    }

    private static func require(_ id: String, _ db: SQLConnection) throws -> Flow {
        guard let flow = try FlowStore.find(id, db) else { throw Problem.notFound("flow \"\(id)\"") }
        return flow
    }

    private static func json(_ flow: Flow, _ db: SQLConnection) throws -> JSON {
        var object = flow.json.object ?? JSONObject()
        object["runs_in_progress"] = .int(try RunStore.countInProgress(flow.id, db))
        return .object(object)
    }
}
