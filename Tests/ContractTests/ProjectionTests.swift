import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import ReferralService
@testable import SurveyService

/// Each keeps its own picture of customers and orders; the two agree where they keep the same.
@Suite("What referral-svc and survey-svc keep of orders")
struct ProjectionTests {
    private static let start = TestHouse.startOfTime

    private func event(_ type: String, _ id: String, after seconds: Int64, _ data: JSON) -> CloudEvent {
        CloudEvent(id: id, source: "shop", type: type, time: Self.start.adding(seconds: seconds), data: data)
    }

    private func order(_ type: String, _ order: String, after seconds: Int64, customer: String? = "c1") -> CloudEvent {
        var data = JSONObject([.init(name: "order_id", value: .string(order))])
        if let customer { data["customer"] = ["id": .string(customer), "email": "Ayse@example.com"] }
        return event(type, "\(type) \(order)", after: seconds, .object(data))
    }

    @Test("an order counts once, whichever event says it first, and not once it is cancelled")
    func referral() async throws {
        let test = try await TestHouse.start(ReferralService.definition)
        func known(_ id: String) async throws -> [JSON]? {
            try await test.house.read { db in
                try db.first("SELECT email_key, orders, first_order_at FROM known_customers WHERE customer_id = \(id)") { row in
                    [.from(row.textOrNil(0)), .int(row.int(1)), .from(row.timeOrNil(2))]
                }
            }
        }
        try await test.deliver([
            order("order.paid", "1", after: 10), order("order.placed", "1", after: 5), order("order.placed", "2", after: 20),
        ])
        #expect(try await known("c1") == ["ayse@example.com", 2, "2026-03-01T09:00:05Z"])
        try await test.deliver([
            order("order.cancelled", "1", after: 30), order("order.cancelled", "3", after: 30), order("order.placed", "3", after: 29),
        ])
        #expect(try await known("c1") == ["ayse@example.com", 1, "2026-03-01T09:00:20Z"])
        try await test.deliver([
            event("customer.created", "c2", after: 40, ["customer": ["id": "c2", "email": "b@example.com"]]),
            order("order.placed", "4", after: 1, customer: "c2"),
            event("customers.merged", "m", after: 50, ["from_id": "c2", "into_id": "c1"]),
        ])
        #expect(try await known("c1") == ["ayse@example.com", 2, "2026-03-01T09:00:01Z"])
        #expect(try await known("c2") == nil)
        try await test.deliver([event("customer.deleted", "d", after: 60, ["customer": ["id": "c1"]])])
        #expect(try await known("c1")?.first == .null)
        #expect(try await test.refused().isEmpty)
        await test.stop()
    }

    @Test("a delivery finds its customer, before or after the order is known")
    func survey() async throws {
        let test = try await TestHouse.start(SurveyService.definition)
        func deliveries() async throws -> [String] {
            try await test.house.read { db in
                try db.all("SELECT order_id, customer_id, delivered_at FROM deliveries ORDER BY order_id") { row in
                    "\(row.text(0)) \(row.textOrNil(1) ?? "?") \(row.timeOrNil(2)?.rfc3339 ?? "-")"
                }
            }
        }
        try await test.deliver([
            order("order.placed", "1", after: 0), order("order.delivered", "1", after: 60, customer: nil),
            order("order.delivered", "2", after: 70, customer: nil), order("order.placed", "3", after: 1),
        ])
        #expect(try await deliveries() == ["1 c1 2026-03-01T09:01:00Z", "2 ? 2026-03-01T09:01:10Z", "3 c1 -"])
        try await test.deliver([order("order.paid", "2", after: 2)])
        #expect(try await deliveries()[1] == "2 c1 2026-03-01T09:01:10Z")
        let orders = try await test.house.read { db in
            try db.first("SELECT orders FROM known_customers WHERE customer_id = 'c1'") { $0.int(0) }
        }
        #expect(orders == 3)
        await test.stop()
    }
}
