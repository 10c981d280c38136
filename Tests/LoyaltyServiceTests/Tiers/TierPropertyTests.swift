import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting
import Testing

/// Random orders, refunds and cancellations: one customer's are told as they happen, with the clock going on between them, another's late and in
/// any order. Both must end the same, and what was said must lead to where they are.
@Suite("Loyalty: tiers, whatever happens")
struct TierPropertyTests {
    private struct Happening {
        let day: Int64
        let event: (String) -> CloudEvent
    }

    @Test("told late or in time, in whatever order: the same tier, since the same day, with the same risk", arguments: 0..<6)
    func arrival(_ number: Int) async throws {
        let seed = UInt64(number) &* 2_654_435_761 &+ 11
        var chance = Rolls(seed: seed)
        try await LoyaltyHouse.with { house in
            for (place, name) in ["Bronze", "Silver", "Gold"].enumerated() {
                let basis = Bool.random(using: &chance) ? "points_earned" : "amount_spent"
                let window: JSON =
                    Bool.random(using: &chance)
                    ? ["kind": "rolling_days", "days": .int(.random(in: 20...90, using: &chance))] : ["kind": "calendar_year"]
                let threshold = Int64(place + 1) * 100 * (basis == "amount_spent" ? 100 : 1) + Int64(place)
                try await house.addTier(
                    name, threshold, basis: basis, window: window, grace: [0, 0, 10, 25].randomElement(using: &chance) ?? 0)
            }
            try await house.test.advance(seconds: 1)
            for round in 0..<4 {
                let from = house.test.house.now
                let happenings = Self.happenings(from, "\(number)-\(round)", &chance)
                for happening in happenings.sorted(by: { $0.day < $1.day }) {
                    try await house.test.advance(to: from.adding(days: happening.day))
                    try await house.send(happening.event("live\(round)"))
                }
                try await house.test.advance(to: from.adding(days: 150))
                for happening in happenings.shuffled(using: &chance) { try await house.send(happening.event("late\(round)")) }
                try await house.test.advance(days: Int64.random(in: 0...40, using: &chance))

                let live = try await house.member("live\(round)")
                let late = try await house.member("late\(round)")
                #expect(live["tier"] == late["tier"], "seed \(seed), round \(round)")
                #expect(live["next_tier"] == late["next_tier"], "seed \(seed), round \(round)")
                for (customer, member) in [("live\(round)", live), ("late\(round)", late)] {
                    var held: JSON = .null
                    for news in try await house.test.said()
                    where news.subject == customer && ["tier.upgraded", "tier.downgraded"].contains(news.type) {
                        #expect(news.data["from"] == held, "seed \(seed), \(customer)")
                        held = news.data["to"] ?? .null
                    }
                    #expect(held == member["tier"]?["id"] ?? .null, "seed \(seed), \(customer)")
                }
            }
            #expect(try await house.fault() == nil)
        }
    }

    private static func happenings(_ from: Timestamp, _ name: String, _ chance: inout Rolls) -> [Happening] {
        var all: [Happening] = []
        for number in 0..<Int.random(in: 1...8, using: &chance) {
            let day = Int64.random(in: 0...140, using: &chance)
            let placed = from.adding(days: day)
            let amount = Int64.random(in: 1...200, using: &chance) * 100
            let order = { (customer: String) in "\(customer)-\(name)-\(number)" }
            all.append(
                Happening(day: day) { customer in
                    CloudEvent(
                        id: "p-\(order(customer))", source: "shop", type: "order.paid", time: placed, subject: nil,
                        data: orderData(order(customer), customer: customer, total: amount, placedAt: placed.rfc3339))
                })
            for part in 0..<Int.random(in: 0...2, using: &chance) {
                let back = min(150, day + Int64.random(in: 0...60, using: &chance))
                let refunded = Int64.random(in: 1...(amount / 100), using: &chance) * 50
                all.append(
                    Happening(day: back) { customer in
                        CloudEvent(
                            id: "r\(part)-\(order(customer))", source: "shop", type: "order.refunded", time: from.adding(days: back),
                            subject: nil,
                            data: refundData(order(customer), "r\(part)", amount: refunded / 100 * 100))
                    })
            }
            if Int.random(in: 0...5, using: &chance) == 0 {
                let gone = min(150, day + Int64.random(in: 0...60, using: &chance))
                all.append(
                    Happening(day: gone) { customer in
                        CloudEvent(
                            id: "c-\(order(customer))", source: "shop", type: "order.cancelled", time: from.adding(days: gone),
                            subject: nil,
                            data: ["order_id": .string(order(customer)), "customer": ["id": .string(customer)]])
                    })
            }
        }
        return all
    }
}
