import Hummingbird
import Shared
import SharedRuntime
import SharedStore

/// `GET /v1/customers/{id}/timeline`: what happened to a customer, newest first: what the store sent, and what Vefa made of it.
struct TimelineController: Sendable {
    let house: House

    /// A line and its place in the order: by time, then by table (within one millisecond what the services made of something comes after it), then
    /// by who said it and its id. None of it ever changes, so that a cursor keeps its place; a journal's numbers are given after the commit.
    private struct Line: Sendable {
        let occurredAt: Timestamp
        let origin: Int64
        let source: String
        let id: String
        let event: JSON

        var place: [JSON] { [.int(occurredAt.milliseconds), .int(origin), .string(source), .string(id)] }
    }

    func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let customer = try context.parameter("id")
        let page = try request.page()
        let (time, origin, source, id) = try Self.place(page)
        let lines = try await house.read { db in
            try db.all(
                """
                SELECT occurred_at, origin, source, id, body FROM (
                    SELECT occurred_at, 0 AS origin, source, id, body FROM outbox WHERE customer_id = \(customer)
                    UNION ALL
                    SELECT occurred_at, 1 AS origin, source, id, body FROM said_events WHERE customer_id = \(customer)
                ) AS lines
                WHERE (occurred_at, origin, source, id) < (\(time), \(origin), \(source), \(id))
                ORDER BY occurred_at DESC, origin DESC, source DESC, id DESC LIMIT \(page.limit + 1)
                """
            ) { row in Line(occurredAt: row.time(0), origin: row.int(1), source: row.text(2), id: row.text(3), event: row.json(4)) }
        }
        return Reply(.ok, Page(lines, page, key: \.place, json: Self.json).json)
    }

    private static func place(_ page: PageRequest) throws -> (Int64, Int64, String, String) {
        guard let after = page.after else { return (.max, .max, "", "") }
        guard after.count == 4, let time = after[0].int, let origin = after[1].int, let source = after[2].string, let id = after[3].string else {
            throw Problem.invalid("?cursor", "invalid_cursor", "take it from next_cursor as it came")
        }
        return (time, origin, source, id)
    }

    private static func json(_ line: Line) -> JSON {
        let event = line.event
        return [
            "id": event["id"] ?? .null, "source": event["source"] ?? .null, "type": event["type"] ?? .null,
            "time": .string(line.occurredAt.rfc3339), "data": event["data"] ?? .object(JSONObject()),
        ]
    }
}
