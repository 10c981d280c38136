import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Rewards over replicas", .serialized, .enabled(if: TestStores.isShared, "an embedded store has no replicas"))
struct RewardReplicaTests {
    private func with(_ body: (Replicas, LoyaltyHouse) async throws -> Void) async throws {
        try await Replicas.with(4, of: { _ in LoyaltyService.definition }) { replicas in
            let house = LoyaltyHouse(test: replicas[0])
            try await body(replicas, house)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("the last one in stock goes to one of 64 members")
    func stock() async throws {
        try await with { replicas, house in
            for number in 0..<64 { try await house.give(100, to: "member-\(number)") }
            let reward = try await house.addReward(["stock": 1])
            let answers = try await replicas.atOnce { number, replica in
                try await LoyaltyHouse(test: replica).reserve(reward, for: "member-\(number)")
            }
            #expect(answers.count { $0.status == 201 } == 1)
            #expect(answers.count { $0.status == 409 && $0.code == "out_of_stock" } == 63)
        }
    }

    @Test("a member's last points and last time go into one of 64 redemptions")
    func points() async throws {
        try await with { replicas, house in
            let free = try await house.addReward()
            let limited = try await house.addReward(["points": 1, "per_member": ["times": 1]])
            try await house.give(199, to: "ada")
            let answers = try await replicas.atOnce { number, replica in
                try await LoyaltyHouse(test: replica).reserve(number % 2 == 0 ? free : limited, for: "ada")
            }
            #expect(answers.count { $0.status == 201 } == 2)
            #expect(answers.count { $0.status == 409 } == 62)
            #expect(try await house.balance("ada") == 98)
        }
    }

    @Test("a redemption whose time is over is let go once, whichever replica's timer runs")
    func timeOut() async throws {
        try await with { replicas, house in
            let reward = try await house.addReward(["points": 10])
            try await house.give(100, to: "ada")
            for _ in 0..<8 { _ = try await house.redemption(reward, for: "ada") }
            replicas.set(TestHouse.startOfTime.adding(seconds: 3_600))
            try await replicas.runDueTimers()
            #expect(try await house.balance("ada") == 100)
            #expect(try await house.test.said("reward.cancelled").count == 8)
        }
    }
}
