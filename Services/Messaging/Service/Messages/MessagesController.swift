import Hummingbird
import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// `GET /v1/messages?customer=&state=&flow=` and `GET /v1/messages/{id}`.
struct MessagesController {
    let house: House

    func add(to router: Router<VefaContext>) {
        router.get("/v1/messages", use: list)
        router.get("/v1/messages/:id", use: show)
    }

    @Sendable func list(_ request: Request, context: VefaContext) async throws -> Reply {
        let page = try request.page()
        let customer = request.query("customer")
        let flow = request.query("flow")
        let wanted = request.query("state")
        let state = wanted.flatMap(MessageState.init(rawValue:))
        if wanted != nil, state == nil {
            throw Problem.invalid(
                "?state", "invalid", "one of \(MessageState.allCases.map(\.rawValue).joined(separator: ", ")) was expected")
        }
        let rows = try await house.read { db in try MessageStore.list(customerID: customer, state: state, flowID: flow, page, db) }
        return Reply(.ok, Page(rows, page, key: { [.int($0.createdAt.milliseconds), .string($0.id)] }, json: \.json).json)
    }

    /// With every attempt that was made, and who has opened and clicked.
    @Sendable func show(_ request: Request, context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        let found = try await house.read { db in
            try MessageStore.find(id, db).map { ($0, try MessageStore.attemptLog(id, db), try VisitStore.all(id, db)) }
        }
        guard let (message, log, visits) = found else { throw Problem.notFound("message \"\(id)\"") }
        var object = message.json.object ?? JSONObject()
        object["attempt_log"] = .array(log)
        object["opens"] = .array(visits.filter { $0.kind == .open }.map(\.json))
        object["clicks"] = .array(visits.filter { $0.kind == .click }.map(\.json))
        return Reply(.ok, .object(object))
    }
}
