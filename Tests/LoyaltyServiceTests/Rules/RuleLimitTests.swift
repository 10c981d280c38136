import Shared
import SharedTesting
import Testing

@Suite("How much and how often a rule pays")
struct RuleLimitTests {
    @Test("sixty-four at once on the last of a budget: exactly one gets it")
    func lastOfTheBudget() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            let rule = try await house.addRule([
                "name": "Launch", "trigger": "launch.joined", "points": ["fixed": 50], "caps": ["total": ["points": 50]],
            ])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<64 {
                    group.addTask { try await house.send(event("launch.joined", ["customer": ["id": .string("c\(number)")]])) }
                }
                try await group.waitForAll()
            }
            var winners = 0
            for number in 0..<64 where try await house.balance("c\(number)") == 50 { winners += 1 }
            #expect(winners == 1)
            let losers = (0..<64).map { "c\($0)" }
            for id in losers where try await house.balance(id) == 0 {
                let why = try await house.why(id).first
                #expect(why?["code"] == "budget_used")
                break
            }
            #expect(try await house.used(rule) == 50)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("a budget gives what is left of it, and gets back what refunds take")
    func budget() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            let rule = try await house.addRule([
                "name": "Budget", "trigger": "order.paid", "points": ["per_amount": ["points": 1, "amount": 100]],
                "caps": ["total": ["points": 100, "every": "month"]],
            ])
            try await house.send(event("order.paid", orderData("1", customer: "a", total: 7_000)))
            try await house.send(event("order.paid", orderData("2", customer: "b", total: 7_000)))
            #expect(try await house.balance("a") == 70)
            #expect(try await house.balance("b") == 30)
            // An edit may not draw more than there is.
            try await house.send(event("order.updated", orderData("1", total: 20_000), at: 1))
            #expect(try await house.balance("a") == 70)
            try await house.send(event("order.refunded", refundData("2", "r", amount: 7_000), at: 2))
            #expect(try await house.used(rule) == 70)
            try await house.send(event("order.paid", orderData("3", customer: "c", total: 7_000), at: 3))
            #expect(try await house.balance("c") == 30)
            try await house.send(event("order.paid", orderData("4", customer: "d", total: 7_000, placedAt: "2026-04-02T00:00:00Z")))
            #expect(try await house.used(rule) == 100)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("so many times in a period, and not again within the pause, whichever comes first")
    func frequency() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addRule([
                "name": "Follow", "trigger": "social.followed", "points": ["fixed": 10],
                "limits": ["per_member": ["times": 2, "every": "lifetime"], "cooldown_hours": 24],
            ])
            func follow(_ minutes: Int64) -> Shared.CloudEvent {
                event("social.followed", ["network": "instagram", "customer": ["id": "42"]], at: minutes, id: "at\(minutes)")
            }
            try await house.send(follow(-7_000))
            // Late news from before: the pause holds both ways.
            try await house.send(follow(-7_000 - 24 * 60 + 1))
            #expect(try await house.balance("42") == 10)
            #expect(try await house.why("42", "at-8439").first?["code"] == "cooldown")
            try await house.send(follow(-7_000 - 24 * 60))
            #expect(try await house.balance("42") == 20)
            try await house.send(follow(-100))
            #expect(try await house.balance("42") == 20)
            #expect(try await house.why("42", "at-100").first?["code"] == "limit_reached")
        }
    }

    @Test("once for each network, by a condition and a limit")
    func networks() async throws {
        try await LoyaltyHouse.with { house in
            for network in ["instagram", "tiktok"] {
                try await house.addRule([
                    "name": .string(network), "trigger": "social.followed", "points": ["fixed": 10],
                    "conditions": ["field": "event.data.network", "op": "eq", "value": .string(network)],
                    "limits": ["per_member": ["times": 1, "every": "lifetime"]],
                ])
            }
            for network in ["instagram", "tiktok", "instagram", "tiktok", "x"] {
                try await house.send(event("social.followed", ["network": .string(network), "customer": ["id": "42"]]))
            }
            #expect(try await house.balance("42") == 20)
        }
    }

    @Test("of a group the first that matches counts: by priority, then by age; later settlings keep to it")
    func groups() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            func add(_ name: String, _ points: Int64, _ priority: Int64, _ total: Int64) async throws {
                try await house.addRule([
                    "name": .string(name), "trigger": "order.paid", "points": ["fixed": .int(points)], "group": "bonus",
                    "priority": .int(priority), "conditions": ["field": "order.total", "op": "gte", "value": .int(total)],
                ])
            }
            try await add("small", 1, 0, 0)
            try await add("large", 100, 9, 10_000)
            try await add("middle", 10, 5, 5_000)
            try await house.send(event("order.paid", orderData("1", customer: "42", total: 20_000)))
            try await house.send(event("order.paid", orderData("2", customer: "43", total: 7_000)))
            #expect(try await house.balance("42") == 100)
            #expect(try await house.balance("43") == 10)
            // The order grows: the group was given already.
            try await house.send(event("order.updated", orderData("2", total: 30_000), at: 1))
            #expect(try await house.balance("43") == 10)
            let rules = try await house.why("43", "2").first?["rules"]?.array ?? []
            #expect(Set(rules.compactMap { $0["code"]?.string }) == ["earned", "other_rule_first"])
        }
    }

    @Test("first_match makes all rules of a trigger one group")
    func firstMatch() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["rule_matching": "first_match"])
            try await house.addRule(["name": "More", "trigger": "order.paid", "points": ["fixed": 500], "priority": 1])
            try await house.send(event("order.paid", orderData("1", customer: "42")))
            #expect(try await house.balance("42") == 500)
            #expect(try await house.test.get("/v1/loyalty/program").json["rule_matching"] == "first_match")
        }
    }

    @Test("an order is multiplied by the tier held when it was placed, whenever it is heard of, and refunds reckon by that")
    func frozenMultiplier() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addTier("Gold", 100, multiplier: 1.5)
            func pay(_ id: String, _ total: Int64, day: Int64) async throws -> Int64 {
                let at = TestHouse.startOfTime.adding(days: day)
                let before = try await house.balance("42")
                try await house.send(
                    event("order.paid", orderData(id, customer: "42", total: total, placedAt: at.rfc3339), at: day * 1_440))
                return try await house.balance("42") - max(0, before)
            }
            #expect(try await pay("gold", 10_000, day: -10) == 100)
            #expect(try await house.tier("42") == "Gold")
            #expect(try await pay("1", 9_999, day: -5) == 149)
            // Heard of late: one from when it was held, one from before, one of the very moment that led to it.
            #expect(try await pay("2", 9_999, day: -8) == 149)
            #expect(try await pay("3", 4_000, day: -20) == 40)
            #expect(try await pay("4", 9_999, day: -10) == 99)
            // What led there goes back, and with it the tier from then on; not what was multiplied before.
            try await house.send(event("order.refunded", refundData("gold", "all", amount: 10_000), at: -1))
            let before = try await house.balance("42")
            try await house.send(event("order.refunded", refundData("1", "half", amount: 5_000), at: -1))
            #expect(try await house.balance("42") - before == 74 - 149)
            #expect(try await house.fault() == nil)
        }
    }
}

extension LoyaltyHouse {
    func why(_ customer: String, _ ref: String? = nil) async throws -> [JSON] {
        let answer = try await test.get("/v1/customers/\(customer)/why?about=points\(ref.map { "&ref=\($0)" } ?? "")")
        guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
        return answer.json["data"]?.array ?? []
    }

    /// What a rule's budget says it has given.
    func used(_ rule: String) async throws -> Int64 {
        try await test.house.read { db in
            try db.first("SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM rule_budgets WHERE rule_id = \(rule)") { $0.int(0) } ?? 0
        }
    }
}
