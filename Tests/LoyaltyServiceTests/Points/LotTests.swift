import Shared
import SharedTesting
import Testing

@Suite("Lots become active and expire")
struct LotTests {
    @Test("pending for fourteen days, then active, then expired a month later")
    func life() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["pending_days": 14, "expiry": ["kind": "rolling", "months": 1]])
            try await house.send(event("order.paid", orderData("1", customer: "42", total: 10_000, placedAt: "2026-03-01T08:00:00Z")))
            var member = try await house.member("42")
            #expect(member["balance"] == 0 && member["pending"] == 100)
            try await house.test.advance(days: 14)
            member = try await house.member("42")
            #expect(member["balance"] == 100 && member["pending"] == 0)
            #expect(member["expiring"] == [["points": 100, "at": "2026-04-15T08:00:00Z"]])
            #expect(try await house.test.said("points.activated").first?.data["points"] == 100)
            try await house.test.advance(days: 30)
            #expect(try await house.balance("42") == 100)
            try await house.test.advance(days: 1)
            #expect(try await house.balance("42") == 0)
            #expect(try await house.test.said("points.expired").first?.data["points"] == 100)
            let transactions = try await house.transactions("42")
            #expect(transactions.map { $0["points"]?.int } == [-100, 100])
            #expect(transactions.first?["kind"] == "expired")
            #expect(transactions.first?["at"] == "2026-04-15T08:00:00Z")
            #expect(try await house.fault() == nil)
        }
    }

    @Test("an imported order's points have the age of the order")
    func imported() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["pending_days": 14, "expiry": ["kind": "rolling", "months": 6]])
            try await house.send(
                event("order.paid", orderData("old", customer: "42", total: 10_000, placedAt: "2025-01-10T10:00:00Z")),
                event("order.paid", orderData("recent", customer: "42", total: 5_000, placedAt: "2025-12-10T10:00:00Z")),
                event("order.paid", orderData("new", customer: "42", total: 2_000, placedAt: "2026-02-25T10:00:00Z")))
            let member = try await house.member("42")
            #expect(member["balance"] == 50)
            #expect(member["pending"] == 20)
            #expect(member["lifetime_earned"] == 170)
            #expect(member["expiring"] == [["points": 50, "at": "2026-06-24T10:00:00Z"]])
            #expect(try await house.transactions("42").map { $0["points"]?.int } == [20, 50, -100, 100])
            #expect(try await house.fault() == nil)
        }
    }

    @Test("a pending order that is cancelled never becomes active")
    func cancelledWhilePending() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["pending_days": 7])
            try await house.send(event("order.paid", orderData("1", customer: "42")), event("order.cancelled", ["order_id": "1"], at: 1))
            #expect(try await house.member("42")["pending"] == 0)
            try await house.test.advance(days: 8)
            #expect(try await house.balance("42") == 0)
            #expect(try await house.test.said("points.activated").isEmpty)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("points are spent shortest expiry first")
    func spendOrder() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("never", customer: "42", total: 1_000)))
            try await house.setProgramme(["expiry": ["kind": "rolling", "months": 6]])
            try await house.send(event("order.paid", orderData("late", customer: "42", total: 1_000)))
            try await house.setProgramme(["expiry": ["kind": "rolling", "months": 2]])
            try await house.send(event("order.paid", orderData("soon", customer: "42", total: 1_000)))
            let answer = try await house.test.post("/v1/loyalty/members/42/adjustments", ["points": -15, "reason": "till"])
            #expect(answer.json["lots"]?.array?.map { $0["points"]?.int } == [10, 5])
            let left = Dictionary(
                uniqueKeysWithValues: try await house.lots("42").map { ($0["order_id"]?.string ?? "", $0["remaining"]?.int ?? -1) })
            #expect(left == ["never": 10, "late": 5, "soon": 0])
        }
    }
}
