import Hummingbird
import Shared
import SharedRuntime
import SharedStore

/// `GET /v1/customers/{id}/timeline`: what happened to a customer, newest first: what the store sent, and what Vefa made of it.
struct TimelineController: Sendable {
    let house: House

    /// A line and its place in the order: by time, then by table (within one millisecond what the services made of something comes after it),
    /// then by number.
    private struct Line: Sendable {
        let occurredAt: Timestamp
        let origin: Int64
        let number: Int64
        let event: JSON

        var place: [JSON] { [.int(occurredAt.milliseconds), .int(origin), .int(number)] }
    }

    func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let customer = try context.parameter("id")
        let page = try request.page()
        let (time, origin, number) = try Self.place(page)
        let lines = try await house.read { db in
            try db.all(
                """
                SELECT occurred_at, origin, number, body FROM (
                    SELECT occurred_at, 0 AS origin, position AS number, body FROM outbox WHERE customer_id = \(customer)
                    UNION ALL
                    SELECT occurred_at, 1 AS origin, number, body FROM said_events WHERE customer_id = \(customer)
                ) AS lines
                WHERE (occurred_at, origin, number) < (\(time), \(origin), \(number))
                ORDER BY occurred_at DESC, origin DESC, number DESC LIMIT \(page.limit + 1)
                """
            ) { row in Line(occurredAt: row.time(0), origin: row.int(1), number: row.int(2), event: row.json(3)) }
        }
        return Reply(.ok, Page(lines, page, key: \.place, json: Self.json).json)
    }

    private static func place(_ page: PageRequest) throws -> (Int64, Int64, Int64) {
        guard let after = page.after else { return (.max, .max, .max) }
        let keys = after.compactMap(\.int)
        guard keys.count == 3 else { throw Problem.invalid("?cursor", "invalid_cursor", "take it from next_cursor as it came") }
        return (keys[0], keys[1], keys[2])
    }

    private static func json(_ line: Line) -> JSON {
        let event = line.event
        return [
            "id": event["id"] ?? .null, "source": event["source"] ?? .null, "type": event["type"] ?? .null,
            "time": .string(line.occurredAt.rfc3339), "data": event["data"] ?? .object(JSONObject()),
        ]
    }
}
