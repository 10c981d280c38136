import Shared
import SharedTesting
import Testing

/// 64 at once for one of something: exactly one has it, whichever the engine.
@Suite("Loyalty: rewards under concurrency")
struct RewardRaceTests {
    private static let runners = 64

    /// How often each answer came.
    private func race(_ body: @escaping @Sendable (Int) async throws -> TestHouse.Answer) async throws -> [String: Int] {
        try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<Self.runners {
                group.addTask {
                    let answer = try await body(number)
                    return answer.status < 300 ? "\(answer.status)" : "\(answer.status) \(answer.code ?? "")"
                }
            }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
    }

    @Test("the last one in stock")
    func stock() async throws {
        try await LoyaltyHouse.with { house in
            for number in 0..<Self.runners { try await house.give(100, to: "member-\(number)") }
            let reward = try await house.addReward(["stock": 1])
            let answers = try await race { try await house.reserve(reward, for: "member-\($0)") }
            #expect(answers == ["201": 1, "409 out_of_stock": Self.runners - 1])
            #expect(try await house.reward(reward)["stock_left"] == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("the last points")
    func points() async throws {
        try await LoyaltyHouse.with { house in
            try await house.give(199, to: "ada")
            let reward = try await house.addReward()
            let answers = try await race { _ in try await house.reserve(reward, for: "ada") }
            #expect(answers == ["201": 1, "409 insufficient_points": Self.runners - 1])
            #expect(try await house.balance("ada") == 99)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("a member's last time")
    func limit() async throws {
        try await LoyaltyHouse.with { house in
            try await house.give(100 * Int64(Self.runners), to: "ada")
            let reward = try await house.addReward(["per_member": ["times": 1, "every": "week"]])
            let answers = try await race { _ in try await house.reserve(reward, for: "ada") }
            #expect(answers == ["201": 1, "409 limit_reached": Self.runners - 1])
            #expect(try await house.balance("ada") == 100 * Int64(Self.runners - 1))
            #expect(try await house.fault() == nil)
        }
    }

    @Test("the last use of a coupon, a reward's and a shared one's")
    func coupons() async throws {
        try await LoyaltyHouse.with { house in
            try await house.give(100, to: "ada")
            let held = try await house.redemption(try await house.addReward(), for: "ada")
            let own = try await race { try await house.redeem(held.coupon, "order-\($0)", customer: ["id": "ada"]) }
            #expect(own == ["201": 1, "409 exhausted": Self.runners - 1])
            #expect(try await house.test.said("points.spent").count == 1)
            try await house.addCoupons(couponBatch("LAST", ["max_redemptions": 1]))
            let shared = try await race { try await house.redeem("LAST", "order-\($0)") }
            #expect(shared == ["201": 1, "409 exhausted": Self.runners - 1])
            #expect(try await house.fault() == nil)
        }
    }

    @Test("commit and cancel of one redemption: one of the two happens")
    func settling() async throws {
        try await LoyaltyHouse.with { house in
            try await house.give(100, to: "ada")
            let held = try await house.redemption(try await house.addReward(), for: "ada")
            let answers = try await race { number in
                number.isMultiple(of: 2) ? try await house.commit(held.id) : try await house.cancel(held.id)
            }
            let half = Self.runners / 2
            #expect(answers == ["200": half, "409 redeemed": half] || answers == ["200": half, "409 cancelled": half], "\(answers)")
            let isSpent = try await house.look(held.id).state == "redeemed"
            #expect(try await house.balance("ada") == (isSpent ? 0 : 100))
            #expect(try await house.fault() == nil)
        }
    }
}
