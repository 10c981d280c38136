import Testing

@testable import SharedRuntime

@Suite("Finding the event that kills its reader") struct SuspicionTests {
    /// Delivers positions 1…count to a reader that dies over `poison` unless it is quarantined. Answers what was quarantined and how often it died.
    private func run(
        _ count: Int64, poison: Set<Int64>, also coincidences: Set<Int> = []
    ) -> (quarantined: Set<Int64>, delivered: Set<Int64>, deaths: Int) {
        var suspicion = Suspicion()
        var position: Int64 = 0
        var quarantined: Set<Int64> = []
        var delivered: Set<Int64> = []
        var deaths = 0
        var attempts = 0
        while position < count, attempts < 100_000 {
            attempts += 1
            let batch = Array(position + 1...min(count, position + Int64(suspicion.limit)))
            if batch.contains(where: { poison.contains($0) && !suspicion.quarantine.contains($0) }) || coincidences.contains(attempts) {
                deaths += 1
                suspicion.died(over: batch)
            } else {
                quarantined.formUnion(suspicion.quarantine)
                delivered.formUnion(batch.filter { !suspicion.quarantine.contains($0) })
                position = batch[batch.count - 1]
                suspicion.passed(position)
            }
        }
        return (quarantined, delivered, deaths)
    }

    @Test(
        "finds it wherever it stands, in a dozen deaths, and delivers the rest",
        arguments: [1, 2, 3, 125, 126, 249, 250, 251, 400, 999, 1_000] as [Int64])
    func anywhere(poison: Int64) {
        let result = run(1_000, poison: [poison])
        #expect(result.quarantined == [poison])
        #expect(result.delivered == Set(1...1_000).subtracting([poison]))
        #expect(result.deaths <= 12)
    }

    @Test("finds several, side by side and alone")
    func several() {
        let poison: Set<Int64> = [1, 2, 250, 251, 777]
        let result = run(1_000, poison: poison)
        #expect(result.quarantined == poison)
        #expect(result.delivered == Set(1...1_000).subtracting(poison))
        #expect(result.deaths <= 60)
    }

    @Test("a reader that dies now and then for reasons of its own loses nothing")
    func coincidence() {
        for first in 1...40 {
            let result = run(1_000, poison: [], also: [first, first + 7, first + 20])
            #expect(result.quarantined == [])
            #expect(result.delivered == Set(1...1_000))
        }
    }

    @Test("two deaths over the same batch without any culprit narrow it down and lose nothing")
    func twice() {
        let result = run(1_000, poison: [], also: [1, 2])
        #expect(result.quarantined == [])
        #expect(result.delivered == Set(1...1_000))
    }

    @Test("goes back to whole batches when the suspects are past")
    func recovers() {
        var suspicion = Suspicion()
        suspicion.died(over: Array(1...250))
        suspicion.died(over: Array(1...250))
        #expect(suspicion.limit == 125)
        suspicion.passed(125)
        #expect(suspicion.limit == 125)
        suspicion.passed(250)
        #expect(suspicion.limit == Suspicion.batchLimit)
        // A batch without events (a report asked for) can be answered by a dead reader as well.
        suspicion.died(over: [])
        suspicion.died(over: [])
        #expect(suspicion.limit == Suspicion.batchLimit && suspicion.quarantine.isEmpty)
    }
}
