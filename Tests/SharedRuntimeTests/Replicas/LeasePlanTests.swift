import Testing

@testable import SharedRuntime

@Suite("Who takes which lease") struct LeasePlanTests {
    /// Replicas come, go and look in a random order; once they stay, every lease is held by one of them, no one has more than its share, and nothing
    /// moves any more.
    @Test("every lease finds a holder, shares are even, and then nothing moves", arguments: 1...40)
    func converges(seed: UInt64) {
        var random = SystemLike(seed: seed)
        let names = (0..<Int.random(in: 1...9, using: &random)).map { "lease \($0)" }
        var held: [String: String] = [:]
        var living: Set<String> = []
        for step in 0..<40 {
            if living.isEmpty || Int.random(in: 0..<3, using: &random) == 0 { living.insert("replica \(step)") }
            if living.count > 1, Int.random(in: 0..<4, using: &random) == 0, let gone = living.sorted().randomElement(using: &random) {
                living.remove(gone)
                // Its leases run out, sooner or later.
                held = held.filter { $0.value != gone || Bool.random(using: &random) }
            }
            if let looks = living.sorted().randomElement(using: &random) { look(looks, names, &held, living) }
        }
        held = held.filter { living.contains($0.value) }
        for _ in 0..<3 { for replica in living.sorted().shuffled(using: &random) { look(replica, names, &held, living) } }
        let share = (names.count + living.count - 1) / living.count
        #expect(Set(held.keys) == Set(names), "seed \(seed)")
        #expect(living.allSatisfy { replica in held.values.count { $0 == replica } <= share }, "seed \(seed)")
        let before = held
        for replica in living { look(replica, names, &held, living) }
        #expect(held == before, "seed \(seed)")
    }

    private func look(_ me: String, _ names: [String], _ held: inout [String: String], _ living: Set<String>) {
        let plan = LeasePlan.plan(wanted: names, held: held, living: living, me: me)
        #expect(plan.take.allSatisfy { held[$0] == nil } && plan.giveBack.allSatisfy { held[$0] == me })
        for name in plan.take { held[name] = me }
        for name in plan.giveBack { held[name] = nil }
    }
}

/// SplitMix64: the same seed, the same run.
private struct SystemLike: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
