import Hummingbird
import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// `GET /v1/flows`, `GET /v1/flows/{id}`, `GET /v1/flows/{id}/runs`, `POST /v1/flows/{id}/publish` and `/pause`.
struct FlowsController {
    let house: House
    let books: FlowBook

    func add(to router: Router<VefaContext>) {
        router.get("/v1/flows", use: list)
        router.get("/v1/flows/:id", use: show)
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
            if flow.state != state { try FlowStore.setState(flow.id, state, change) }
            // Without an edit there is no other version to move to: keep, move and reschedule all leave the runs where they are.
            let ended = runs == .end ? try RunStore.endAll(ofFlow: flow.id, change) : 0
            var answer = try Self.json(try Self.require(flow.id, change.db), change.db).object ?? JSONObject()
            answer["runs_ended"] = .int(Int64(ended))
            return Reply(.ok, .object(answer))
        }
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
