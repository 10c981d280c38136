import Hummingbird
import Shared
import SharedRuntime

/// `GET /v1/events/{id}`: what an event was and what became of it.
struct EventStatusController: Sendable {
    let house: House

    func show(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        let found = try await house.outbox.find(id: id, source: request.query("source"))
        guard let entry = found.first else { throw Problem.notFound("event \"\(id.prefix(255))\"") }
        guard found.count == 1 else {
            throw Problem(
                409, "ambiguous", "Several sources have sent an event of this id", detail: "Say which one with ?source=.",
                extensions: JSONObject([.init(name: "sources", value: .from(found.map(\.event.source)))]))
        }
        return Reply(.ok, try await json(entry))
    }

    private func json(_ entry: Outbox.Entry) async throws -> JSON {
        var states = JSONObject()
        var reasons = JSONObject()
        for (service, delivery) in try await house.outbox.deliveries(of: entry) {
            states[service.rawValue] = .string(delivery.state)
            if let code = delivery.code, delivery.state != "done" {
                reasons[service.rawValue] = ["code": .string(code), "detail": .from(delivery.detail)]
            }
        }
        let event = entry.event
        return [
            "id": .string(event.id), "source": .string(event.source), "type": .string(event.type), "time": .string(event.time.rfc3339),
            "subject": .from(event.subject), "customer_id": .from(entry.customer), "received_at": .string(entry.storedAt.rfc3339),
            "processed_by": .object(states), "reasons": .object(reasons), "data": event.data,
        ]
    }
}
