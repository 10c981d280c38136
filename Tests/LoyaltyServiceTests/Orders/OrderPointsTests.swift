import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("An order becomes points")
struct OrderPointsTests {
    @Test("49.95 paid is 49 points, said once and shown everywhere")
    func oneOrder() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(
                event("order.placed", orderData("1001", customer: "42", email: "ayse@example.com")),
                event("order.paid", orderData("1001", customer: "42", email: "ayse@example.com"), at: 1))
            let member = try await house.member("42")
            #expect(member["customer_id"] == "42")
            #expect(member["balance"] == 49)
            #expect(member["pending"] == 0)
            #expect(member["lifetime_earned"] == 49)
            #expect(member["lifetime_spent"] == 0)
            #expect(member["expiring"] == [])
            #expect(member["tier"] == .null && member["next_tier"] == .null)
            #expect(member["enrolled_at"] == .from(TestHouse.startOfTime))

            let transactions = try await house.transactions("42")
            #expect(transactions.count == 1)
            #expect(transactions[0]["points"] == 49)
            #expect(transactions[0]["kind"] == "earned")
            #expect(transactions[0]["order_id"] == "1001")
            #expect(transactions[0]["at"] == .from(TestHouse.startOfTime))
            let lots = try await house.lots("42")
            #expect(lots.map { $0["id"] } == [transactions[0]["lot"]])

            let said = try await house.test.said("points.earned")
            #expect(said.count == 1)
            #expect(said[0].subject == "42")
            #expect(said[0].data["points"] == 49)
            #expect(said[0].data["order_id"] == "1001")
            #expect(said[0].data["balance"] == 49)
            #expect(said[0].data["lot_id"] == lots[0]["id"])
            #expect(try await house.fault() == nil)
        }
    }

    @Test("the same news again, under another id, changes nothing")
    func replays() async throws {
        try await LoyaltyHouse.with { house in
            for _ in 0..<3 { try await house.send(event("order.paid", orderData("1", customer: "42"))) }
            let again = event("order.paid", orderData("1", customer: "42"), id: "same")
            try await house.send(again)
            try await house.send(again)
            #expect(try await house.balance("42") == 49)
            #expect(try await house.transactions("42").count == 1)
            #expect(try await house.test.said().count == 1)
        }
    }

    @Test("an unpaid order earns nothing until it is paid; a free one earns nothing and counts")
    func unpaid() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(
                event("order.placed", orderData("1", customer: "42")), event("order.paid", orderData("2", customer: "42", total: 0)))
            #expect(try await house.balance("42") == 0)
            try await house.send(event("order.paid", ["order_id": "1", "currency": "TRY", "total": 4_995]))
            #expect(try await house.balance("42") == 49)
        }
    }

    @Test(
        "points follow the currency's decimals",
        arguments: [("JPY", Int64(1_000), Int64(1_000)), ("KWD", 12_345, 12), ("TRY", 12_345, 123)])
    func decimals(_ currency: String, _ total: Int64, _ points: Int64) async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", customer: "42", total: total, currency: currency)))
            #expect(try await house.balance("42") == points)
            #expect(try await house.test.get("/v1/loyalty/program").json["currency"] == .string(currency))
        }
    }

    @Test("a cancelled order's points are gone, whether the cancellation comes last or first")
    func cancelled() async throws {
        try await LoyaltyHouse.with { house in
            let cancelled = event("order.cancelled", ["order_id": "1"], at: 5)
            try await house.send(event("order.paid", orderData("1", customer: "42")), cancelled)
            #expect(try await house.balance("42") == 0)
            #expect(try await house.test.said("points.reversed").first?.data["cause"] == "cancelled")
            try await house.send(event("order.cancelled", ["order_id": "2"], at: 5, id: "early"))
            #expect(try await house.test.parked() == ["early": "order:2"])
            try await house.send(event("order.paid", orderData("2", customer: "42")))
            #expect(try await house.test.parked().isEmpty)
            #expect(try await house.balance("42") == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("an edit of the order moves its points up and down")
    func edited() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", customer: "42", total: 5_000)))
            try await house.send(event("order.updated", orderData("1", total: 3_000), at: 1))
            #expect(try await house.balance("42") == 30)
            try await house.send(event("order.updated", orderData("1", total: 8_000), at: 2))
            #expect(try await house.balance("42") == 80)
            // An older edit that comes late is old news.
            try await house.send(event("order.updated", orderData("1", total: 1_000), at: 1))
            #expect(try await house.balance("42") == 80)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("an order about nobody is kept and earns nothing; what cannot be read is refused with its reason")
    func nobody() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", ["order_id": "1", "currency": "TRY", "total": 1_000]))
            #expect(try await house.test.said().isEmpty)
            #expect(try await house.test.get("/v1/metrics/retention").json["orders"] == 1)
            try await house.send(event("order.paid", ["order_id": "2", "currency": "TRY", "total": -5], id: "bad"))
            #expect(try await house.test.refused() == ["bad": "invalid"])
        }
    }

    @Test("a rule change never rewrites what was earned")
    func snapshot() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", customer: "42", total: 10_000)))
            let rules = try await house.test.get("/v1/loyalty/earning_rules").json["data"]?.array ?? []
            let id = try #require(rules.first?["id"]?.string)
            let changed: JSON = ["name": "five", "trigger": "order.paid", "points": ["per_amount": ["points": 5, "amount": 100]]]
            #expect(try await house.test.put("/v1/loyalty/earning_rules/\(id)", changed).json["version"] == 2)
            try await house.send(
                event("order.refunded", refundData("1", "r", amount: 5_000)), event("order.updated", orderData("1", total: 12_000), at: 1))
            #expect(try await house.balance("42") == 70)
            #expect(try await house.test.delete("/v1/loyalty/earning_rules/\(id)").status == 204)
            try await house.send(event("order.refunded", refundData("1", "r2", amount: 7_000)))
            #expect(try await house.balance("42") == 0)
            try await house.send(event("order.paid", orderData("2", customer: "42", total: 10_000)))
            #expect(try await house.balance("42") == 0)
            #expect(try await house.fault() == nil)
        }
    }
}
