import LoyaltyDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import LoyaltyService

@Suite("Two customers become one")
struct MergeTests {
    private func merge(_ house: LoyaltyHouse, _ from: String, _ into: String, at minutes: Int64 = 0) async throws {
        try await house.send(event("customers.merged", ["from_id": .string(from), "into_id": .string(into)], at: minutes))
    }

    @Test("with all their points, in lots of the same dates, and what was ever earned and spent")
    func points() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["expiry": ["kind": "rolling", "months": 3, "notice_days": []]])
            try await house.order("a1", "a", points: 100)
            try await house.order("b1", "b", points: 7)
            let spent = try #require(try await house.reserve("a", 20, "s"))
            try await house.redeem("a", spent, "s2")
            #expect(try await house.reserve("a", 30, "h") != nil)
            _ = try await house.test.post("/v1/loyalty/members/a/adjustments", ["points": -5, "reason": "x"])
            try await house.setProgramme(["pending_days": 10])
            try await house.order("a2", "a", points: 11)
            let before = (a: try await house.member("a"), lots: try await house.lots("a"))
            let answer = try await house.test.post("/v1/customers/a/merge", ["into_id": "b"])
            #expect(answer.status == 200 && answer.json["id"] == "b")
            #expect(try await house.test.said("customers.merged").map(\.data) == [["from_id": "a", "into_id": "b"]])
            let member = try await house.member("a")
            #expect(try await house.member("b") == member)
            #expect(member["customer_id"] == "b")
            #expect(
                member["balance"] == 52 && member["pending"] == 11 && member["lifetime_earned"] == 118 && member["lifetime_spent"] == 20)
            let lots = try await house.lots("b").filter { $0["order_id"] != "b1" }
            for (old, new) in zip(before.lots, lots) {
                for name in ["points", "remaining", "reserved", "state", "earned_at", "active_at", "expires_at", "order_id", "rule"] {
                    #expect(old[name] == new[name], "\(name)")
                }
                #expect(old["id"] != new["id"])
            }
            #expect(lots.count == before.lots.count)
            #expect(before.a["balance"] == 45)
            #expect(try await house.fault() == nil)
            // The order of the one is the other's: its refund, its activation, its expiry.
            try await house.send(event("order.refunded", refundData("a2", "r", amount: 1_100), at: 5))
            #expect(try await house.member("b")["pending"] == 0)
            try await house.test.advance(days: 100)
            #expect(try await house.balance("b") == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("said again, the other way round, in a chain, of nobody known: they are one")
    func whom() async throws {
        try await LoyaltyHouse.with { house in
            try await house.order("1", "a", points: 10)
            try await house.order("2", "b", points: 20)
            try await merge(house, "a", "b")
            try await merge(house, "a", "b")
            try await merge(house, "b", "a", at: 1)
            #expect(try await house.balance("a") == 30)
            try await merge(house, "b", "new", at: 2)
            #expect(try await house.member("a")["customer_id"] == "new")
            try await merge(house, "unheard", "new", at: 3)
            try await house.order("3", "unheard", points: 5)
            try await house.order("4", "a", points: 1)
            #expect(try await house.balance("b") == 36)
            #expect(try await house.test.get("/v1/customers/a").json["id"] == "new")
            let list = try await house.test.get("/v1/customers").json["data"]?.array?.map { $0["id"] }
            #expect(list == ["new"])
            // The store deletes whom it merged away; nobody else goes with them.
            try await house.send(event("customer.deleted", ["customer": ["id": "a"]], at: 9))
            #expect(try await house.balance("new") == 36)
            #expect(try await house.test.delete("/v1/customers/b").status == 404)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("a debt is paid by the other's points, and the other way round", arguments: ["ab", "ba"])
    func debts(_ direction: String) async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["clawback": "allow_negative"])
            try await house.order("1", "a", points: 50)
            _ = try await house.test.post("/v1/loyalty/members/a/adjustments", ["points": -50, "reason": "x"])
            try await house.send(event("order.refunded", refundData("1", "r", amount: 5_000)))
            #expect(try await house.balance("a") == -50)
            try await house.order("2", "b", points: 70)
            if direction == "ab" { try await merge(house, "a", "b") } else { try await merge(house, "b", "a") }
            let member = try await house.member("a")
            #expect(member["balance"] == 20 && member["lifetime_earned"] == 70)
            try await house.send(event("order.refunded", refundData("2", "r", amount: 7_000)))
            #expect(try await house.balance("a") == -50)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("what the one says wins, gaps are filled; coupons of the one are good for the other")
    func profile() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(
                event(
                    "customer.created", ["customer": ["id": "a", "first_name": "Ada", "email": "ada@example.com", "city": "İzmir"]], at: -60
                ),
                event("customer.created", ["customer": ["id": "b", "first_name": "Ayşe", "phone": "+90"]]))
            try await house.addCoupons(couponBatch("MINE", ["customer_id": "a"]))
            try await house.addCoupons(couponBatch("ONCE", ["per_customer": 1]))
            #expect(try await house.redeem("ONCE", "1", customer: ["id": "a"]).status == 201)
            let refused = try await house.test.post("/v1/customers/a/merge", ["into_id": "a"])
            #expect(refused.pointers == ["/into_id"] && refused.code == "invalid")
            #expect(try await house.test.post("/v1/customers/a/merge", ["into_id": "nobody"]).pointers == ["/into_id"])
            #expect(try await house.test.post("/v1/customers/nobody/merge", ["into_id": "a"]).status == 404)
            #expect(try await house.test.post("/v1/customers/a/merge").pointers == ["/into_id"])
            let merged = try await house.test.post("/v1/customers/a/merge", ["into_id": "b"]).json
            #expect(merged["first_name"] == "Ayşe" && merged["city"] == "İzmir" && merged["phone"] == "+90")
            #expect(merged["email"] == "ada@example.com" && merged["created_at"] == "2026-03-01T08:00:00Z")
            #expect(try await house.member("b")["enrolled_at"] == "2026-03-01T08:00:00Z")
            #expect(try await house.redeem("MINE", "2", customer: ["id": "b"]).status == 201)
            #expect(try await house.redeem("ONCE", "3", customer: ["id": "b"]).code == "customer_limit")
            let again = try await house.test.post("/v1/customers/a/merge", ["into_id": "b"])
            #expect(again.status == 200)
            #expect(try await house.test.get("/v1/customers/b").json == again.json)
            #expect(try await house.test.said("customers.merged").count == 1)
        }
    }

    @Test("while both are busy: nothing is lost and nothing counts twice")
    func busy() async throws {
        try await LoyaltyHouse.with { house in
            for customer in ["a", "b"] { try await house.order("first-\(customer)", customer, points: 100) }
            let taken = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<48 {
                    let customer = number % 2 == 0 ? "a" : "b"
                    group.addTask {
                        if number == 20 {
                            return try await house.test.post("/v1/customers/a/merge", ["into_id": "b"]).status == 200 ? 0 : -1
                        }
                        let points: Int64 = number % 3 == 0 ? 5 : -6
                        let answer = try await house.test.post(
                            "/v1/loyalty/members/\(customer)/adjustments", ["points": .int(points), "reason": "x"])
                        return answer.status == 201 ? points : 0
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 }
            }
            #expect(try await house.balance("a") == 200 + taken)
            #expect(try await house.member("a")["customer_id"] == "b")
            #expect(try await house.fault() == nil)
        }
    }

    @Test("by inactivity: what either did last counts for all of it")
    func inactivity() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["expiry": ["kind": "inactivity", "months": 1]])
            try await house.order("1", "a", points: 10, placedAt: "2026-02-10T00:00:00Z")
            try await house.order("2", "b", points: 5, placedAt: "2026-02-20T00:00:00Z")
            try await merge(house, "b", "a")
            #expect(try await house.member("a")["expiring"] == [["points": 15, "at": "2026-03-20T00:00:00Z"]])
            try await house.test.advance(days: 30)
            #expect(try await house.balance("a") == 0)
            #expect(try await house.fault() == nil)
        }
    }
}

@Suite("Guests become customers")
struct GuestTests {
    private let ada = "ada@example.com"
    private func guest() throws -> String { try #require(Guest.id(email: ada)) }

    private func signUp(_ id: String, at minutes: Int64 = 10, _ more: [String: JSON] = [:]) -> CloudEvent {
        var customer = JSONObject([.init(name: "id", value: .string(id)), .init(name: "email", value: .string(ada))])
        for (name, value) in more { customer[name] = value }
        return event("customer.updated", ["customer": .object(customer)], at: minutes)
    }

    @Test("the guest of an address is who signs up with it, and a refund still takes back")
    func claimed() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", email: ada, total: 3_000)), signUp("42"))
            #expect(try await house.balance("42") == 30)
            #expect(try await house.member(guest())["customer_id"] == "42")
            try await house.send(
                event("order.refunded", refundData("1", "r", amount: 1_000), at: 20),
                event("order.paid", orderData("2", email: ada, total: 500), at: 21))
            #expect(try await house.balance("42") == 25)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("not before the address is known to be theirs, and by the first who has it")
    func verified() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", email: ada, total: 3_000)), signUp("42", ["verified_email": false]))
            try await house.send(event("order.paid", orderData("2", email: ada, total: 700), at: 11))
            #expect(try await house.balance("42") == 0)
            #expect(try await house.balance(guest()) == 37)
            #expect(try await house.test.get("/v1/customers/42").json["verified_email"] == false)
            try await house.send(signUp("42", at: 12, ["verified_email": true]), signUp("43", at: 13))
            #expect(try await house.balance("42") == 37)
            #expect(try await house.balance("43") == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("an order that names somebody else's address claims nothing")
    func order() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(
                event("order.paid", orderData("1", email: ada, total: 3_000)),
                event("order.paid", orderData("2", customer: "42", email: ada, total: 100), at: 1))
            #expect(try await house.balance("42") == 1)
            #expect(try await house.balance(guest()) == 30)
            let put = try await house.test.put("/v1/customers/42", ["email": .string(ada)])
            #expect(put.status == 200)
            #expect(try await house.balance("42") == 31)
        }
    }

    @Test("with on_sign_up a guest's orders earn once they are somebody's, as of their own dates")
    func backfilled() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["guest_orders": "on_sign_up", "pending_days": 14, "expiry": ["kind": "rolling", "months": 6]])
            try await house.addRule(["name": "delivered", "trigger": "order.delivered", "points": ["fixed": 3]])
            try await house.send(
                event("order.paid", orderData("old", email: ada, total: 10_000, placedAt: "2025-05-01T10:00:00Z")),
                event("order.paid", orderData("mid", email: ada, total: 5_000, placedAt: "2026-01-10T10:00:00Z")),
                event("order.delivered", ["order_id": "mid"], at: 1),
                event("order.paid", orderData("new", email: ada, total: 2_000, placedAt: "2026-02-28T10:00:00Z")),
                event("order.refunded", refundData("new", "r", amount: 500), at: 2),
                event("order.paid", orderData("gone", email: ada, total: 900)), event("order.cancelled", ["order_id": "gone"], at: 3))
            #expect(try await house.member(guest())["lifetime_earned"] == 0)
            try await house.send(signUp("42"))
            let member = try await house.member("42")
            #expect(member["balance"] == 53 && member["pending"] == 15 && member["lifetime_earned"] == 168)
            #expect(
                try await house.lots("42").map { $0["earned_at"]?.string?.prefix(10) } == [
                    "2026-02-28", "2026-01-10", "2026-01-10", "2025-05-01",
                ])
            // Once.
            try await house.send(signUp("42", at: 30), event("order.paid", orderData("mid", email: ada, total: 5_000), at: 31))
            #expect(try await house.member("42")["lifetime_earned"] == 168)
            #expect(try await house.fault() == nil)
        }
    }
}
