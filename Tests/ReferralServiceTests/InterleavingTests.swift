import ReferralDomain
import Shared
import SharedTesting
import Testing

/// Repeatable chance (SplitMix64): a failing case names its seed, and the seed brings it back.
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func coin() -> Bool { Bool.random(using: &self) }
}

@Suite("Referrals, whatever comes when")
struct InterleavingTests {
    /// Orders, payments, refunds and cancellations of several friends in any order and more than once, the clock moving in between.
    @Test("at most one grant for an advocate, a reversal revokes exactly it, and only walks of the table happen", arguments: UInt64(1)...40)
    func random(_ seed: UInt64) async throws {
        var chance = Chance(seed: seed)
        try await ReferralHouse.with { house in
            try await house.advocate()
            var events: [CloudEvent] = []
            for friend in ["f1", "f2", "f3"] {
                let coupon =
                    chance.coin() ? try await house.claimed("\(friend)@example.com", customer: chance.coin() ? friend : nil).coupon : nil
                for number in 1...chance.int(1...2) {
                    let id = "\(friend)-\(number)"
                    let code = coupon == nil || chance.coin() ? "ADA10" : nil
                    let subtotal = Int64(chance.int(3_800...6_000))
                    func said(_ type: String, _ at: Int) -> CloudEvent {
                        order(
                            type, id, customer: friend, email: "\(friend)@example.com", subtotal: subtotal, coupon: coupon, code: code,
                            at: Int64(at))
                    }
                    events.append(said("order.placed", number * 10))
                    events.append(said("order.paid", number * 10 + 1))
                    if chance.coin() { events.append(said("order.updated", number * 10 + 2)) }
                    for part in 0..<chance.int(0...3) { events.append(refund(id, "r\(part)", Int64(chance.int(1...3_000)))) }
                    if chance.int(1...4) == 1 { events.append(said("order.cancelled", number * 10 + 3)) }
                }
            }
            events += events.filter { _ in chance.int(1...3) == 1 }
            events.shuffle(using: &chance)
            for (index, said) in events.enumerated() {
                var copy = said
                copy.id = "\(seed)-\(index)"
                try await house.send(copy)
                if chance.int(1...4) == 1 { try await house.test.advance(days: Int64(chance.int(1...10))) }
            }
            try await house.test.advance(days: 30)
            #expect(try await house.test.refused().isEmpty, "seed \(seed)")
            let orders = try await house.orders()
            #expect(Set(orders.grants).count == orders.grants.count, "seed \(seed)")
            #expect(Set(orders.revokes).count == orders.revokes.count, "seed \(seed)")
            for referral in try await house.referrals() {
                let id = referral["id"]?.string ?? ""
                let state = try #require(referral["state"]?.string.flatMap(ReferralState.init))
                let key = "referral:\(id):advocate"
                #expect(orders.grants.contains(key) == (state == .approved || state == .reversed), "seed \(seed) \(id) \(state)")
                #expect(orders.revokes.contains(key) == (state == .reversed), "seed \(seed) \(id) \(state)")
                #expect(state != .qualified, "seed \(seed)")
                var at = ReferralState?.none
                for step in try await house.referral(id)["history"]?.array ?? [] {
                    let to = try #require(step["to"]?.string.flatMap(ReferralState.init))
                    #expect(step["from"]?.string == at?.rawValue, "seed \(seed)")
                    if let from = at { #expect(ReferralTransition.all.contains { $0.from == from && $0.to == to }, "seed \(seed)") }
                    at = to
                }
                #expect(at == state, "seed \(seed)")
            }
            // A friend is referred once, and what stands approved is worth it.
            let approved = try await house.referrals("&state=approved")
            #expect(Set(approved.compactMap { $0["friend_id"]?.string }).count == approved.count, "seed \(seed)")
        }
    }
}
