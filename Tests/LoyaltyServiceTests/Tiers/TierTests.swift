import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Loyalty: tiers")
struct TierTests {
    @Test("points earned lead upwards; the answer tells the tier and what is missing to the next")
    func upwards() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addTier("Gold", 300, window: yearly, multiplier: 2, more: ["perks": [["kind": "gift", "name": "A gift"]]])
            try await house.addTier("Silver", 100, window: yearly, multiplier: 1.5)
            try await house.pay("1", "ada", 40)
            var member = try await house.member("ada")
            #expect(member["tier"] == .null)
            #expect(member["next_tier"]?["name"] == "Silver")
            #expect(member["next_tier"]?["remaining"] == 60)
            #expect(member["next_tier"]?["threshold"] == 100)
            #expect(member["next_tier"]?["basis"] == "points_earned")
            try await house.test.advance(days: 1)
            try await house.pay("2", "ada", 260)
            member = try await house.member("ada")
            #expect(member["tier"]?["name"] == "Gold")
            #expect(member["tier"]?["multiplier"]?.double == 2)
            #expect(member["tier"]?["since"]?.string == house.test.house.now.rfc3339)
            #expect(member["tier"]?["at_risk"] == .null)
            #expect(member["tier"]?["perks"] == [["kind": "gift", "name": "A gift"]])
            #expect(member["next_tier"] == .null)
            let said = try await house.test.said("tier.upgraded")
            #expect(said.count == 1)
            #expect(said.first?.data["from"] == .null)
            #expect(said.first?.data["to"] == member["tier"]?["id"])
            #expect(said.first?.data["multiplier"]?.double == 2)
            #expect(said.first?.subject == "ada")
        }
    }

    @Test("ageing out of the window: at risk on the day, one step after the grace, said once each")
    func downwards() async throws {
        try await LoyaltyHouse.with { house in
            let window: JSON = ["kind": "rolling_days", "days": 30]
            try await house.addTier("Silver", 100, window: window, grace: 5)
            try await house.addTier("Gold", 300, window: window, grace: 10)
            try await house.pay("1", "ada", 300)
            try await house.test.advance(days: 29)
            #expect(try await house.tierNews() == ["upgraded -> Gold"])
            try await house.test.advance(days: 1)
            #expect(try await house.tierNews() == ["upgraded -> Gold", "at_risk -> Gold"])
            let member = try await house.member("ada")
            #expect(member["tier"]?["at_risk"]?["remaining"] == 300)
            #expect(member["tier"]?["at_risk"]?["downgrade_at"]?.string == TestHouse.startOfTime.adding(days: 40).rfc3339)
            try await house.test.advance(days: 10)
            #expect(try await house.tier("ada") == "Silver")
            try await house.test.advance(days: 5)
            #expect(try await house.tier("ada") == nil)
            let expected = ["upgraded -> Gold", "at_risk -> Gold", "downgraded -> Silver", "at_risk -> Silver", "downgraded -> none"]
            #expect(try await house.tierNews() == expected)
            try await house.test.advance(days: 400)
            #expect(try await house.tierNews() == expected)
        }
    }

    @Test("money spent counts paid orders in the programme's currency, less what went back")
    func spent() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            try await house.addTier("Silver", 10_000, basis: "amount_spent", window: yearly, grace: 7)
            try await house.pay("1", "ada", 60)
            try await house.send(event("order.paid", orderData("2", customer: "ada", total: 90_000, currency: "USD")))
            try await house.send(event("order.placed", orderData("3", customer: "ada", total: 90_000)))
            #expect(try await house.member("ada")["next_tier"]?["remaining"] == 4_000)
            try await house.pay("4", "ada", 40)
            #expect(try await house.tier("ada") == "Silver")
            try await house.test.advance(days: 1)
            try await house.refund("4", "r1", 1)
            let member = try await house.member("ada")
            #expect(member["tier"]?["at_risk"]?["remaining"] == 100)
            #expect(member["tier"]?["at_risk"]?["downgrade_at"]?.string == house.test.house.now.adding(days: 7).rfc3339)
            try await house.send(event("order.cancelled", orderData("1", customer: "ada", total: 6_000), at: 60 * 24))
            #expect(try await house.member("ada")["tier"]?["at_risk"]?["remaining"] == 6_100)
            try await house.test.advance(days: 7)
            #expect(try await house.tier("ada") == nil)
            #expect(try await house.tierNews() == ["upgraded -> Silver", "at_risk -> Silver", "downgraded -> none"])
        }
    }

    @Test("points taken back count no more; without a grace the tier goes with them", arguments: ["within_balance", "only_pending"])
    func refunds(_ clawback: String) async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["clawback": .string(clawback)])
            try await house.addTier("Silver", 100)
            try await house.pay("1", "ada", 100)
            #expect(try await house.tier("ada") == "Silver")
            try await house.test.advance(days: 1)
            try await house.refund("1", "r", 1)
            #expect(try await house.tier("ada") == nil)
            #expect(try await house.member("ada")["next_tier"]?["remaining"] == 1)
            #expect(try await house.tierNews() == ["upgraded -> Silver", "downgraded -> none"])
        }
    }

    @Test(
        "points taken back leave the tier its grace, counted from when they were taken back, whenever that is heard of", arguments: [0, 2])
    func refundGrace(_ daysLate: Int64) async throws {
        try await LoyaltyHouse.with { house in
            try await house.addTier("Silver", 100, window: yearly, grace: 10)
            try await house.pay("1", "ada", 100)
            try await house.test.advance(days: 3)
            let refundedAt = house.test.house.now
            try await house.test.advance(days: daysLate)
            try await house.send(
                CloudEvent(
                    id: "refund", source: "shop", type: "order.refunded", time: refundedAt, subject: nil,
                    data: refundData("1", "r", amount: 1_000)))
            let downgradeAt = refundedAt.adding(days: 10)
            #expect(try await house.member("ada")["tier"]?["at_risk"] == ["downgrade_at": .string(downgradeAt.rfc3339), "remaining": 10])
            #expect(try await house.test.said("tier.at_risk").map(\.time) == [refundedAt])
            try await house.test.advance(to: downgradeAt)
            #expect(try await house.tier("ada") == nil)
        }
    }

    @Test("points by hand and by grant count; taken points and a revoked grant do not")
    func given() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addTier("Silver", 100)
            try await house.send(event("customer.created", ["customer": ["id": "ada"]]))
            _ = try await house.test.post("/v1/loyalty/members/ada/adjustments", ["points": 60, "reason": "sorry"])
            _ = try await house.test.post("/v1/loyalty/members/ada/adjustments", ["points": -50, "reason": "wrong"])
            #expect(try await house.member("ada")["next_tier"]?["remaining"] == 40)
            let grant: JSON = [
                "key": "k", "customer_id": "ada", "reward": ["kind": "points", "points": 40], "reason": "referral", "name": "Thanks",
            ]
            func say(_ data: JSON) async throws {
                let time = house.test.house.now
                try await house.test.deliver(
                    [
                        CloudEvent(
                            id: TypeID.make("evt", at: time), source: "vefa/referral", type: "referral.approved", time: time, subject: nil,
                            data: data)
                    ], from: .referral)
            }
            try await say(["grants": [grant]])
            #expect(try await house.tier("ada") == "Silver")
            try await say(["revokes": ["k"]])
            #expect(try await house.tier("ada") == nil)
            #expect(try await house.member("ada")["next_tier"]?["remaining"] == 40)
        }
    }

    @Test("backdated orders are judged as of then, in whatever order they come")
    func backdated() async throws {
        var outcomes: Set<String> = []
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            try await LoyaltyHouse.with { house in
                let window: JSON = ["kind": "rolling_days", "days": 100]
                try await house.addTier("Silver", 100, window: window, grace: 30)
                try await house.addTier("Gold", 300, window: window, grace: 30)
                let orders: [(Int64, Int64)] = [(-300, 150), (-250, 200), (-60, 50), (-10, 20)]
                for number in order { try await house.pay("\(number)", "ada", orders[number].1, daysAfterStart: orders[number].0) }
                // Gold from -250; at risk when the first order aged out at -200, Silver from -170, which is at risk from -150 on and gone at -120.
                #expect(try await house.tier("ada") == nil)
                #expect(try await house.member("ada")["next_tier"]?["remaining"] == 30)
                // None of it is news of today.
                #expect(try await house.test.said().filter { $0.type.hasPrefix("tier.") }.allSatisfy { $0.time < TestHouse.startOfTime })
                try await house.pay("late", "ada", 30, daysAfterStart: -5)
                #expect(try await house.tier("ada") == "Silver")
                let member = try await house.member("ada")
                let said: [JSON?] = [member["tier"]?["since"], member["tier"]?["at_risk"], member["next_tier"]?["remaining"]]
                outcomes.insert(JSON.array(said.map { $0 ?? .null }).text)
            }
        }
        #expect(outcomes.count == 1, "\(outcomes)")
    }

    @Test("a late order within the grace saves the tier, and is told as nothing but that")
    func late() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addTier("Silver", 100, window: ["kind": "rolling_days", "days": 30], grace: 10)
            try await house.pay("1", "ada", 100)
            try await house.test.advance(days: 35)
            #expect(try await house.member("ada")["tier"]?["at_risk"]?["remaining"] == 100)
            try await house.pay("2", "ada", 100, daysAfterStart: 20)
            #expect(try await house.member("ada")["tier"]?["at_risk"] == .null)
            #expect(try await house.member("ada")["tier"]?["since"]?.string == TestHouse.startOfTime.rfc3339)
            #expect(try await house.tierNews() == ["upgraded -> Silver", "at_risk -> Silver"])
            try await house.test.advance(days: 15)
            #expect(try await house.tierNews() == ["upgraded -> Silver", "at_risk -> Silver", "at_risk -> Silver"])
        }
    }

    @Test("what contradicts other tiers, or itself, is refused by pointer")
    func contradictions() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addTier("Gold", 300, window: yearly)
            func refused(_ body: JSON, _ pointers: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws {
                let answer = try await house.test.post("/v1/loyalty/tiers", body)
                #expect(answer.status == 422, sourceLocation: sourceLocation)
                #expect(answer.pointers == pointers, sourceLocation: sourceLocation)
            }
            try await refused(["name": "gold", "threshold": 1], ["/name"])
            try await refused(["name": "Other", "threshold": 300, "window": yearly], ["/threshold"])
            try await refused(["name": "Other", "threshold": -1], ["/threshold"])
            try await refused(["name": "Other"], ["/threshold"])
            try await refused(["name": "Other", "threshold": 1, "window": ["kind": "rolling_days"]], ["/window/days"])
            try await refused(["name": "Other", "threshold": 1, "window": ["kind": "lifetime", "days": 3]], ["/window/days"])
            try await refused(["name": "Other", "threshold": 1, "multiplier": 0], ["/multiplier"])
            try await refused(["name": "Other", "threshold": 1, "perks": [["kind": "gift"]]], ["/perks/0/name"])
            try await refused(["name": "Other", "threshold": 1, "subscription": ["plans": ["plus"]]], ["/threshold"])
            try await refused(["name": "Other", "subscription": ["plans": []]], ["/subscription/plans"])
            try await refused(["name": "Other", "threshold": 1, "expiry": ["kind": "rolling"]], ["/expiry/months"])
            let plus: JSON = ["name": "Plus", "subscription": ["plans": ["plus"]], "multiplier": 2]
            #expect(try await house.test.post("/v1/loyalty/tiers", plus).status == 201)
            try await refused(["name": "Other", "subscription": ["plans": ["plus"]]], ["/subscription/plans"])
            // A tier does not contradict itself, and reads back as it was.
            let gold = try await house.test.get("/v1/loyalty/tiers/\(id)").json
            let put = try await house.test.put("/v1/loyalty/tiers/\(id)", gold)
            #expect(put.status == 200)
            #expect(put.json["window"] == yearly)
        }
    }
}
