import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Loyalty: subscriptions")
struct SubscriptionTests {
    private func say(
        _ house: LoyaltyHouse, _ what: String, _ id: String = "s1", day: Int64, next: Int64? = nil, plan: String? = "monthly"
    ) async throws {
        var data = JSONObject([
            .init(name: "subscription_id", value: .string(id)), .init(name: "customer", value: ["id": "ada"]),
            .init(name: "amount", value: 2_990), .init(name: "currency", value: "TRY"),
        ])
        data["plan"] = plan.map(JSON.string)
        data["next_renewal_at"] = next.map { .string(TestHouse.startOfTime.adding(days: $0).rfc3339) }
        try await house.send(event("subscription.\(what)", .object(data), at: day * 24 * 60))
    }

    private func list(_ house: LoyaltyHouse) async throws -> [JSON] {
        try await house.test.get("/v1/loyalty/members/ada/subscriptions").json["data"]?.array ?? []
    }

    @Test("started, renewed and cancelled are kept, in whatever order they come; each renewal earns what the rules say")
    func states() async throws {
        var outcomes: Set<String> = []
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            try await LoyaltyHouse.with { house in
                try await house.addRule(["name": "Renewed", "trigger": "subscription.renewed", "points": ["fixed": 30]])
                for number in order {
                    switch number {
                    case 0: try await say(house, "started", day: -60, next: -30, plan: "weekly")
                    case 1: try await say(house, "renewed", day: -30, next: 1)
                    default: try await say(house, "cancelled", day: -10, plan: nil)
                    }
                }
                #expect(try await house.balance("ada") == 30)
                let all = try await list(house)
                #expect(all.count == 1)
                #expect(all.first?["state"] == "cancelled")
                #expect(all.first?["plan"] == "monthly")
                #expect(all.first?["renewals"] == 1)
                #expect(all.first?["cancelled_at"]?.string == TestHouse.startOfTime.adding(days: -10).rfc3339)
                outcomes.insert(all.first?.text ?? "")
                try await house.test.advance(days: 30)
                #expect(try await house.test.said().filter { $0.type.hasPrefix("subscription.") }.isEmpty)
                try await say(house, "started", day: 30, next: 60)
                #expect(try await list(house).first?["state"] == "active")
                #expect(try await list(house).first?["cancelled_at"] == .null)
            }
        }
        #expect(outcomes.count == 1)
    }

    @Test("reminders ahead of a renewal as the programme says, once each; then it lapses, and a late renewal takes it up again")
    func reminders() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["renewal_notice_days": [2, 10]])
            #expect(try await house.test.get("/v1/loyalty/program").json["renewal_notice_days"] == [10, 2])
            try await say(house, "started", day: 0, next: 30)
            try await house.test.advance(days: 19)
            #expect(try await house.test.said("subscription.renewal_due").isEmpty)
            try await house.test.advance(days: 10)
            let due = try await house.test.said("subscription.renewal_due")
            #expect(due.map { $0.data["days"] } == [10, 2])
            #expect(due.first?.data["plan"] == "monthly")
            #expect(due.first?.time == TestHouse.startOfTime.adding(days: 20))
            try await house.test.advance(days: 3)
            #expect(try await house.test.said("subscription.lapsed").isEmpty)
            try await house.test.advance(days: 1)
            #expect(try await house.test.said("subscription.lapsed").map(\.time) == [TestHouse.startOfTime.adding(days: 33)])
            #expect(try await list(house).first?["state"] == "lapsed")
            try await say(house, "renewed", day: 35, next: 65)
            #expect(try await list(house).first?["state"] == "active")
            try await house.test.advance(to: TestHouse.startOfTime.adding(days: 64))
            #expect(try await house.test.said("subscription.renewal_due").count == 4)
            try await say(house, "renewed", day: 64, next: 95)
            try await house.test.advance(to: TestHouse.startOfTime.adding(days: 84))
            #expect(try await house.test.said("subscription.lapsed").count == 1)
        }
    }

    @Test("a tier is held while the subscription runs, and for its grace")
    func tier() async throws {
        try await LoyaltyHouse.with { house in
            let answer = try await house.test.post(
                "/v1/loyalty/tiers", ["name": "Plus", "subscription": ["plans": ["monthly"]], "multiplier": 2, "grace_days": 3])
            #expect(answer.status == 201)
            #expect(answer.json["threshold"] == .null)
            try await say(house, "started", day: 0, next: 30)
            #expect(try await house.tier("ada") == "Plus")
            #expect(try await house.member("ada")["next_tier"] == .null)
            try await house.test.advance(days: 10)
            try await say(house, "cancelled", day: 10)
            #expect(
                try await house.member("ada")["tier"]?["at_risk"]?["downgrade_at"]?.string == TestHouse.startOfTime.adding(days: 13).rfc3339
            )
            try await house.test.advance(days: 3)
            #expect(try await house.tier("ada") == nil)
            try await say(house, "renewed", day: 13, next: 20)
            #expect(try await house.tier("ada") == "Plus")
            try await house.test.advance(to: TestHouse.startOfTime.adding(days: 26))
            #expect(try await house.tier("ada") == nil)
            #expect(
                try await house.tierNews() == [
                    "upgraded -> Plus", "at_risk -> Plus", "downgraded -> none", "upgraded -> Plus", "at_risk -> Plus",
                    "downgraded -> none",
                ])
        }
    }

    @Test("what is no list of days is refused; an event without an id is only an event")
    func badInput() async throws {
        try await LoyaltyHouse.with { house in
            for days: JSON in [[0], [366], [7, 7], ["7"], 7, [1, 2, 3, 4, 5, 6], [1.5]] {
                #expect(try await house.test.put("/v1/loyalty/program", ["renewal_notice_days": days]).pointers == ["/renewal_notice_days"])
            }
            try await house.send(event("subscription.started", ["customer": ["id": "ada"], "plan": "x"]))
            #expect(try await list(house).isEmpty)
            #expect(try await house.test.refused().isEmpty)
            #expect(try await house.test.get("/v1/loyalty/members/nobody/subscriptions").status == 404)
        }
    }
}
