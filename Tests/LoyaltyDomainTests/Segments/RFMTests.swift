import LoyaltyDomain
import Shared
import Testing

@Suite("RFM scores")
struct RFMTests {
    private static let now = Timestamp(rfc3339: "2026-03-01T09:00:00Z") ?? .epoch

    @Test("ten different customers are two a quintile")
    func even() throws {
        let rfm = try #require(
            RFMThresholds(
                lastAt: (1...10).map { Self.now.adding(days: -$0).milliseconds }, counts: Array(1...10), totals: (1...10).map { $0 * 100 },
                at: Self.now))
        for number: Int64 in 1...10 {
            let orders = OrderFigures(count: number, total: number * 100, firstAt: nil, lastAt: Self.now.adding(days: -number))
            #expect(rfm.score(.frequency, orders, now: Self.now) == (number + 1) / 2)
            #expect(rfm.score(.monetary, orders, now: Self.now) == (number + 1) / 2)
            #expect(rfm.score(.recency, orders, now: Self.now) == 6 - (number + 1) / 2)
        }
        #expect(rfm.frequencyCounts == [2, 2, 2, 2, 2])
        #expect(rfm.recencyCounts == [2, 2, 2, 2, 2])
    }

    @Test("equal values have equal scores, scores rise with the values, and the counts are those of the scores")
    func properties() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var chance = Chance(seed: seed)
        for _ in 0..<100 {
            let size = chance.int(1...60)
            let values = (0..<size).map { _ in chance.int(0...8) }
            let last = values.map { Self.now.adding(seconds: $0 * 1_000 - 100_000).milliseconds }
            let rfm = try #require(RFMThresholds(lastAt: last, counts: values.map { $0 + 1 }, totals: values, at: Self.now))
            var tally: [Int64] = [0, 0, 0, 0, 0]
            var scores: [Int64: Int64] = [:]
            for value in values {
                let orders = OrderFigures(
                    count: value + 1, total: value, firstAt: nil, lastAt: Self.now.adding(seconds: value * 1_000 - 100_000))
                let score = try #require(rfm.score(.monetary, orders, now: Self.now))
                #expect((1...5).contains(score), "seed \(seed)")
                #expect(rfm.score(.frequency, orders, now: Self.now) == score, "seed \(seed)")
                #expect(rfm.score(.recency, orders, now: Self.now) == score, "seed \(seed)")
                #expect(scores[value] ?? score == score, "seed \(seed)")
                // By hand: 1 and one more for each of the four ranks whose value is less.
                let sorted = values.sorted()
                let byHand = 1 + (1...4).count { value > sorted[Int((Double($0) * Double(size) / 5).rounded(.up)) - 1] }
                #expect(score == Int64(byHand), "seed \(seed)")
                scores[value] = score
                tally[Int(score) - 1] += 1
            }
            #expect(rfm.monetaryCounts == tally, "seed \(seed)")
            let rising = scores.keys.sorted().compactMap { scores[$0] }
            #expect(rising == rising.sorted(), "seed \(seed)")
            #expect(RFMThresholds(kept: rfm.kept) == rfm, "seed \(seed)")
        }
    }

    @Test("recency grows old by itself, and who never ordered has no score")
    func ageing() throws {
        let rfm = try #require(
            RFMThresholds(
                lastAt: (1...5).map { Self.now.adding(days: -$0).milliseconds }, counts: [1, 1, 1, 1, 1], totals: [1, 1, 1, 1, 1],
                at: Self.now))
        let orders = OrderFigures(count: 1, total: 1, firstAt: Self.now, lastAt: Self.now)
        #expect(rfm.score(.recency, orders, now: Self.now) == 5)
        #expect(rfm.score(.recency, orders, now: Self.now.adding(days: 2).adding(milliseconds: -1)) == 5)
        #expect(rfm.score(.recency, orders, now: Self.now.adding(days: 2)) == 4)
        #expect(rfm.score(.recency, orders, now: Self.now.adding(days: 50)) == 1)
        #expect(rfm.score(.recency, OrderFigures(), now: Self.now) == nil)
        #expect(RFMThresholds(lastAt: [], counts: [], totals: [], at: Self.now) == nil)
    }
}
