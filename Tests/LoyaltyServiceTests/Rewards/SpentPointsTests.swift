import LoyaltyDomain
import Shared
import SharedTesting
import Testing

@Suite("Loyalty: refunds of spent points")
struct SpentPointsTests {
    /// An order of 40.00 that 100 points were spent on.
    private func spent(_ house: LoyaltyHouse, total: Int64 = 4_000) async throws -> String {
        try await house.give(100, to: "ada")
        let held = try await house.redemption(try await house.addReward(), for: "ada")
        try await house.send(
            event("order.paid", orderData("1", customer: "ada", total: total, more: ["coupon_codes": [.string(held.coupon)]])))
        return held.id
    }

    @Test("so much of the points comes back as of the money, rounded down, and all with all of it")
    func proportional() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            let id = try await spent(house)
            try await house.send(event("order.refunded", refundData("1", "a", amount: 1_333)))
            #expect(try await house.look(id)["returned_points"] == 33)
            #expect(try await house.balance("ada") == 33)
            try await house.send(event("order.refunded", refundData("1", "a", amount: 1_333)))
            #expect(try await house.balance("ada") == 33)
            // 2667 of 4000 in all.
            try await house.send(event("order.refunded", refundData("1", "b", amount: 1_334)))
            #expect(try await house.balance("ada") == 66)
            try await house.send(event("order.refunded", refundData("1", "c", amount: 1_333)))
            let redemption = try await house.look(id)
            #expect(try await house.balance("ada") == 100)
            #expect(redemption.state == "refunded" && redemption["returned_points"] == 100)
            let said = try await house.test.said("reward.cancelled")
            #expect(said.map { $0.data["points"] } == [33, 33, 34] && said.allSatisfy { $0.data["cause"] == "refunded" })
            #expect(try await house.member("ada")["lifetime_spent"] == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("an order that is refunded before the points are spent on it gives them back at once")
    func before() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            try await house.give(100, to: "ada")
            let held = try await house.redemption(try await house.addReward(), for: "ada")
            try await house.send(
                event("order.paid", orderData("1", customer: "ada", total: 4_000)),
                event("order.refunded", refundData("1", "a", amount: 1_000)))
            let answer = try await house.commit(held.id, ["order_id": "1"])
            #expect(answer.json.state == "redeemed" && answer.json["returned_points"] == 25)
            #expect(try await house.commit(held.id, ["order_id": "1"]).json == answer.json)
            try await house.send(event("order.cancelled", orderData("1", customer: "ada", total: 4_000), at: 1))
            #expect(try await house.balance("ada") == 100)
            #expect(try await house.commit(held.id, ["order_id": "1"]).code == "order_cancelled")
            #expect(try await house.fault() == nil)
        }
    }

    @Test("a programme may give back all or nothing, or nothing ever", arguments: ["full_only", "never"])
    func policies(_ policy: String) async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            try await house.setProgramme(["spent_refund": .string(policy)])
            let id = try await spent(house)
            try await house.send(event("order.refunded", refundData("1", "a", amount: 3_999)))
            #expect(try await house.balance("ada") == 0)
            try await house.send(event("order.refunded", refundData("1", "b", amount: 1)))
            #expect(try await house.balance("ada") == (policy == "never" ? 0 : 100))
            #expect(try await house.look(id).state == (policy == "never" ? "redeemed" : "refunded"))
            #expect(try await house.fault() == nil)
        }
    }

    @Test("points come back to their own lots, those taken last first; of a lot that is over they are good for the days of grace")
    func ownLots() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            let rule = try await house.addRule([
                "name": "points", "trigger": "order.paid", "points": ["per_amount": ["points": 1, "amount": 100]],
            ])
            try await house.setProgramme(["expiry": ["kind": "rolling", "months": 3], "spent_refund_grace_days": 10])
            // Good until 1 April and until 1 June.
            try await house.send(
                event("order.paid", orderData("a", customer: "ada", total: 6_000, placedAt: "2026-01-01T09:00:00Z")),
                event("order.paid", orderData("b", customer: "ada", total: 6_000, placedAt: "2026-03-01T09:00:00Z")))
            _ = try await house.test.delete("/v1/loyalty/earning_rules/\(rule)")
            let held = try await house.redemption(try await house.addReward(), for: "ada")
            _ = try await house.commit(held.id, ["order_id": "1"])
            try await house.send(event("order.paid", orderData("1", customer: "ada", total: 4_000)))
            #expect(try await house.lots("ada").map { $0["remaining"] } == [20, 0])

            try await house.send(event("order.refunded", refundData("1", "a", amount: 1_600)))
            #expect(try await house.lots("ada").map { $0["remaining"] } == [60, 0])
            try await house.test.advance(days: 35)
            try await house.send(event("order.refunded", refundData("1", "b", amount: 2_400)))
            let lots = try await house.lots("ada")
            #expect(
                lots.map { $0["remaining"] } == [60, 60, 0] && lots[1]["expires_at"]?.string?.hasPrefix("2026-04-15T09:00:00") ?? false)
            #expect(try await house.balance("ada") == 120)
            try await house.test.advance(days: 10)
            #expect(try await house.balance("ada") == 60)
            try await house.test.advance(days: 60)
            #expect(try await house.balance("ada") == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("without grace, points of a lot that is over come back and are gone")
    func noGrace() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["expiry": ["kind": "rolling", "months": 1], "spent_refund_grace_days": 0])
            try await house.removeDefaultRule()
            _ = try await spent(house)
            try await house.test.advance(days: 40)
            try await house.send(event("order.refunded", refundData("1", "a", amount: 4_000), at: 60_000))
            #expect(try await house.balance("ada") == 0)
            #expect(try await house.member("ada")["lifetime_spent"] == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("whatever is refunded in whatever order, the end is the same, and a full refund brings all back", arguments: 0..<4)
    func anyOrder(_ round: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        var chance = Rolls(seed: seed)
        let total = chance.int(1...1_000_000)
        let points = chance.int(1...5_000)
        var left = total
        var refunds: [JSON] = []
        for number in 0..<chance.int(1...5) where left > 0 {
            let amount = chance.int(1...left)
            left -= amount
            refunds.append(refundData("1", "refund-\(number)", amount: amount))
        }
        let isFull = chance.coin()
        if isFull, left > 0 { refunds.append(refundData("1", "rest", amount: left)) }
        var ends: [JSON] = []
        for _ in 0..<2 {
            refunds.shuffle(using: &chance)
            let order = refunds
            let isCommittedLate = chance.coin()
            try await LoyaltyHouse.with { house in
                try await house.removeDefaultRule()
                // Three lots, so that the points come out of several.
                for part in [points / 3, points / 2, points] {
                    try await house.give(part, to: "ada")
                    try await house.test.advance(seconds: 1)
                }
                let held = try await house.redemption(try await house.addReward(["points": .int(points)]), for: "ada")
                try await house.send(event("order.paid", orderData("1", customer: "ada", total: total)))
                if !isCommittedLate { _ = try await house.commit(held.id, ["order_id": "1"]) }
                for refund in order { try await house.send(event("order.refunded", refund), event("order.refunded", refund)) }
                if isCommittedLate { _ = try await house.commit(held.id, ["order_id": "1"]) }
                let member = try await house.member("ada")
                let redemption = try await house.look(held.id)
                let before = points + points / 2 + points / 3
                let returned = redemption["returned_points"]?.int ?? -1
                #expect(member["balance"]?.int == before - points + returned, "seed \(seed)")
                #expect(member["lifetime_spent"]?.int == points - returned, "seed \(seed)")
                if isFull || left == 0 { #expect(returned == points && redemption.state == "refunded", "seed \(seed)") }
                #expect(try await house.fault() == nil, "seed \(seed)")
                ends.append([
                    "returned": .int(returned), "lots": .array(try await house.lots("ada").map { $0["remaining"] ?? .null }.sorted()),
                ])
            }
        }
        #expect(ends[0] == ends[1], "seed \(seed)")
    }
}

extension [JSON] {
    fileprivate func sorted() -> [JSON] { sorted { ($0.int ?? 0) < ($1.int ?? 0) } }
}
