import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Loyalty: tiers over replicas", .serialized, .enabled(if: TestStores.isShared, "an embedded store has no replicas"))
struct TierReplicaTests {
    @Test("adjustments at once everywhere, and the background beside them: each member goes up once")
    func once() async throws {
        try await Replicas.with(4, of: { _ in LoyaltyService.definition }) { replicas in
            let house = LoyaltyHouse(test: replicas[0])
            for number in 0..<4 { try await house.send(event("customer.created", ["customer": ["id": .string("c\(number)")]])) }
            replicas.set(TestHouse.startOfTime.adding(days: 1))
            try await house.addTier("Silver", 50, window: ["kind": "rolling_days", "days": 10])
            try await house.addTier("Gold", 80, window: ["kind": "rolling_days", "days": 10])
            async let background = replicas.runDueTimers()
            let statuses = try await replicas.atOnce(64) { number, replica in
                try await replica.post("/v1/loyalty/members/c\(number % 4)/adjustments", ["points": 5, "reason": "gift"]).status
            }
            _ = try await background
            #expect(statuses.allSatisfy { $0 == 201 })
            try await replicas.runDueTimers()
            for number in 0..<4 {
                #expect(try await house.tier("c\(number)") == "Gold")
                #expect(try await house.tierNews("c\(number)") == ["upgraded -> Silver", "upgraded -> Gold"])
            }
            replicas.set(TestHouse.startOfTime.adding(days: 12))
            try await replicas.runDueTimers()
            for number in 0..<4 {
                #expect(try await house.tier("c\(number)") == nil)
                #expect(try await house.tierNews("c\(number)") == ["upgraded -> Silver", "upgraded -> Gold", "downgraded -> none"])
            }
            #expect(try await house.fault() == nil)
        }
    }
}
