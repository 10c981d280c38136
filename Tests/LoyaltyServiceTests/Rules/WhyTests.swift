import LoyaltyDomain
@testable import LoyaltyService
import Shared
import SharedTesting
import Testing

@Suite("Why these points, and why none")
struct WhyTests {
    @Test("an order's decision: what each rule came to, from what, and what became of it")
    func order() async throws {
        try await LoyaltyHouse.with { house in
            let kids = try await house.addRule([
                "name": "Kids", "trigger": "order.paid", "points": ["fixed": 20],
                "conditions": [
                    "all": [
                        ["field": "order.items.categories", "op": "contains", "value": "kids"],
                        ["field": "order.total", "op": "gte", "value": 1_000], ["field": "time.weekday", "op": "lte", "value": 7],
                    ]
                ],
            ])
            let paused = try await house.addRule(["name": "Off", "trigger": "order.paid", "points": ["fixed": 7], "state": "paused"])
            let later = try await house.addRule([
                "name": "Later", "trigger": "order.paid", "points": ["fixed": 7], "starts_at": "2027-01-01T00:00:00Z",
            ])
            let items: JSON = [["line_id": "a", "categories": ["skin", "sale"], "quantity": 1, "unit_price": 4_995]]
            try await house.send(event("order.placed", orderData("1", customer: "42", more: ["items": items]), id: "placed"))
            var answer = try #require(try await house.why("42", "1").first)
            #expect(answer["outcome"] == "none" && answer["code"] == "not_paid")
            try await house.send(event("order.paid", orderData("1", customer: "42", more: ["items": items]), at: 1, id: "paid"))

            answer = try #require(try await house.why("42", "1").first)
            #expect(answer["outcome"] == "earned" && answer["points"] == 49 && answer["state"] == "paid")
            #expect(answer["basis"]?["net"] == 4_995)
            #expect(answer["first"]?["code"] == "not_paid")
            let rules = answer["rules"]?.array ?? []
            func rule(_ id: String) -> JSON? { rules.first { $0["rule"] == .string(id) } }
            #expect(rules.count == 4)
            #expect(rule(kids)?["code"] == "conditions_not_met")
            #expect(rule(paused)?["code"] == "paused")
            #expect(rule(later)?["code"] == "not_in_force")
            let tests = rule(kids)?["conditions"]?["all"]?.array ?? []
            #expect(tests.map { $0["holds"] } == [false, true, true])
            #expect(tests.first?["actual"] == ["skin", "sale"])
            #expect(rule(kids)?["detail"]?.string?.contains("order.items.categories is skin, sale") ?? false)
            #expect(answer["detail"] == "49 points for order 1: 1 point per 1.00 spent: 49 points.")

            // The same by the event, by the transaction and by the rule.
            #expect(try await house.why("42", "paid").first?["ref"] == "1")
            let transaction = try #require(try await house.transactions("42").first?["id"]?.string)
            #expect(try await house.why("42", transaction).first?["ref"] == "1")
            #expect(try await house.why("42", kids).first?["ref"] == "1")
            #expect(try await house.why("42").count == 1)

            try await house.send(event("order.refunded", refundData("1", "r", amount: 4_995), at: 2))
            answer = try #require(try await house.why("42", "1").first)
            #expect(answer["code"] == "refunded" && answer["points"] == 0)
        }
    }

    @Test("a trace is read as it was written: every code, points, what was held back, ids of any form")
    func trace() throws {
        var trace = Trace(event("order.paid", [:], id: "1"), config: 3)
        for (index, code) in RuleCode.allCases.enumerated() {
            let rule = EarningRule(id: "rule_\(index)", version: Int64(index + 1), name: "r", trigger: "order.paid", award: .fixed(1))
            trace.add(rule, code, points: Int64(index * 7), bounded: index % 2 == 0)
        }
        trace.add(EarningRule(id: "other", version: 12, name: "r", trigger: "order.paid", award: .fixed(1)), .earned, points: 1)
        #expect(Set(RuleCode.allCases.map(\.letter)).count == RuleCode.allCases.count)
        #expect(Trace(trace.json)?.entries == trace.entries)
        #expect(Trace(try JSONParser.parse(trace.json.text))?.entries == trace.entries)
    }

    @Test("why there is nothing, where nothing was decided")
    func nothing() async throws {
        try await LoyaltyHouse.with { house in
            let paused = try await house.addRule(["name": "Off", "trigger": "survey.completed", "points": ["fixed": 7], "state": "paused"])
            let idle = try await house.addRule(["name": "Idle", "trigger": "review.published", "points": ["fixed": 7]])
            try await house.send(
                event("order.paid", orderData("guest", email: "ada@example.com")), event("order.paid", orderData("other", customer: "43")),
                event("order.refunded", refundData("ghost", "r", amount: 1)),
                event("order.cancelled", orderData("gone", customer: "42"), at: 1))
            _ = try await house.test.put("/v1/customers/42", ["email": "ada@example.com", "verified_email": false])
            func code(_ ref: String) async throws -> JSON? { try await house.why("42", ref).first?["code"] }
            #expect(try await code("guest") == "guest_not_claimed")
            #expect(try await code("other") == "unknown_ref")
            #expect(try await code("never") == "unknown_ref")
            #expect(try await code("ghost") == "unknown_order")
            #expect(try await code("gone") == "cancelled")
            #expect(try await code(paused) == "rule_paused")
            #expect(try await code(idle) == "never_asked")
            try await house.removeDefaultRule()
            try await house.send(event("order.paid", orderData("later", customer: "42"), at: 5))
            #expect(try await code("later") == "no_rules")
            let adjusted = try await house.test.post("/v1/loyalty/members/42/adjustments", ["points": 5, "reason": "sorry"])
            #expect(adjusted.status < 300)
            let transaction = try #require(try await house.transactions("42").first?["id"]?.string)
            #expect(try await house.why("42", transaction).first?["detail"]?.string?.contains("sorry") ?? false)
        }
    }

    @Test("what this does not explain yet is said to be so")
    func refused() async throws {
        try await LoyaltyHouse.with { house in
            _ = try await house.test.put("/v1/customers/42", ["first_name": "Ada"])
            #expect(try await house.test.get("/v1/customers/42/why?about=message").code == "not_supported_yet")
            #expect(try await house.test.get("/v1/customers/42/why?about=weather").status == 422)
            #expect(try await house.test.get("/v1/customers/43/why").status == 404)
            #expect(try await house.test.get("/v1/customers/42/why").json["data"] == [])
        }
    }

    @Test("an event's own amount earns, once; one without any explains itself")
    func amounts() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addRule([
                "name": "Renewal", "trigger": "subscription.renewed", "points": ["per_amount": ["points": 1, "amount": 100, "scale": 2]],
            ])
            let data: JSON = ["subscription_id": "s", "customer": ["id": "42"], "amount": 12_345, "currency": "KWD"]
            try await house.send(event("subscription.renewed", data, id: "r1"))
            try await house.send(event("subscription.renewed", ["subscription_id": "s", "customer": ["id": "42"]], at: 1, id: "r2"))
            #expect(try await house.balance("42") == 12)
            #expect(try await house.why("42", "r1").first?["points"] == 12)
            #expect(try await house.why("42", "r2").first?["code"] == "zero_basis")
        }
    }
}
