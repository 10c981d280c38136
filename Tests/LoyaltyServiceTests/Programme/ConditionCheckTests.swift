import LoyaltyService
import Shared
import SharedTesting
import Testing

@Suite("Conditions that can never hold")
struct ConditionCheckTests {
    private static let wrong: [(JSON, String, String)] = [
        (["field": "orders.total", "op": "gte", "value": "a lot"], "/conditions/value", "wrong_type"),
        (["field": "orders.last_at", "op": "gt", "value": 5], "/conditions/value", "invalid_time"),
        (["all": [["field": "points.balance", "op": "within_days", "value": 5]]], "/conditions/all/0/op", "invalid"),
        (["not": ["field": "tier.id", "op": "in", "value": [1, 2]]], "/conditions/not/value", "wrong_type"),
        (["any": [["field": "segments", "op": "contains", "value": "seg_none"]]], "/conditions/any/0/value", "unknown_segment"),
    ]
    private static let kinds: [(String, JSON)] = [
        ("/v1/loyalty/earning_rules", ["name": "a", "trigger": "order.paid", "points": ["fixed": 1]]),
        ("/v1/loyalty/offers", ["name": "a", "kind": "percent", "percent": 10]),
        ("/v1/loyalty/rewards", ["name": "a", "kind": "fixed", "amount": 100, "points": 10]),
        ("/v1/coupon_batches", ["name": "a", "code": "ABC", "discount": ["type": "percent", "percent": 10]]),
    ]

    @Test("rules, offers, rewards and coupons refuse them by their place", arguments: 0..<4)
    func refused(_ index: Int) async throws {
        let (path, base) = Self.kinds[index]
        try await LoyaltyHouse.with { house in
            for (condition, pointer, code) in Self.wrong {
                let answer = try await house.test.post(path, Self.body(base, condition))
                #expect(answer.status == 422 && answer.pointers.contains(pointer), "\(path) \(condition.text): \(answer.text)")
                #expect(answer.json["errors"]?.array?.contains { $0["code"]?.string == code } ?? false, "\(answer.text)")
            }
            let good: JSON = ["field": "orders.last_at", "op": "within_days", "value": 30]
            #expect(try await house.test.post(path, Self.body(base, good)).status == 201)
        }
    }

    @Test("offers, rewards and coupons know the programme's tiers", arguments: 1..<4)
    func tiers(_ index: Int) async throws {
        let (path, base) = Self.kinds[index]
        try await LoyaltyHouse.with { house in
            let body = Self.body(base, ["field": "tier.name", "op": "eq", "value": "Gold"])
            #expect(try await house.test.post(path, body).pointers == ["/conditions/value"])
            _ = try await house.test.post("/v1/loyalty/tiers", ["name": "Gold", "threshold": 500])
            #expect(try await house.test.post(path, body).status == 201)
        }
    }

    @Test("a floor goes with a policy that has one")
    func floor() async throws {
        try await LoyaltyHouse.with { house in
            let answer = try await house.test.put("/v1/loyalty/program", ["clawback": "within_balance", "clawback_floor": -5])
            #expect(answer.status == 422 && answer.pointers == ["/clawback_floor"], "\(answer.text)")
            #expect(try await house.test.put("/v1/loyalty/program", ["clawback": "only_pending", "clawback_floor": .null]).status == 200)
        }
    }

    private static func body(_ base: JSON, _ condition: JSON) -> JSON {
        var object = base.object ?? JSONObject()
        object["conditions"] = condition
        return .object(object)
    }
}
