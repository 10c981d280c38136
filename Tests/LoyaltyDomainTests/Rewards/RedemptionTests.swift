import LoyaltyDomain
import Shared
import Testing

@Suite("Redemptions and refunds of them")
struct RedemptionDomainTests {
    @Test("giving back in parts is giving back at once, last taken first, and no more than was taken", arguments: 0..<200)
    func givingBack(_ round: Int) {
        let seed = UInt64.random(in: .min ... .max)
        var chance = Chance(seed: seed)
        let lots = (0..<chance.int(1...6)).map { LotMove(lot: "lot-\($0)", points: chance.int(1...50)) }
        let redemption = Redemption(id: "r", points: lots.points, lots: lots, expiresAt: .epoch)
        var parts = redemption
        var sums: [String: Int64] = [:]
        while parts.returned < parts.points {
            let asked = chance.int(1...30)
            let moves = parts.givingBack(asked)
            #expect(moves.points == min(asked, parts.points - parts.returned), "seed \(seed)")
            for move in moves { sums[move.lot, default: 0] += move.points }
            parts.returned += moves.points
            let whole = redemption.givingBack(parts.returned)
            #expect(Dictionary(uniqueKeysWithValues: whole.map { ($0.lot, $0.points) }) == sums, "seed \(seed)")
        }
        #expect(sums == Dictionary(uniqueKeysWithValues: lots.map { ($0.lot, $0.points) }), "seed \(seed)")
        #expect(parts.givingBack(1).isEmpty && redemption.givingBack(1).first?.lot == lots.last?.lot)
    }

    @Test("what comes back grows with the refunds, is never more than was spent, and all with all", arguments: 0..<200)
    func proportional(_ round: Int) {
        let seed = UInt64.random(in: .min ... .max)
        var chance = Chance(seed: seed)
        let total = chance.int(1...FieldReader.maximumAmount)
        let points = chance.int(1...Exact.maximumPoints)
        var refunds: [RefundData] = []
        var last: Int64 = 0
        var left = total
        while left > 0, refunds.count < 8 {
            let amount = refunds.count == 7 ? left : chance.int(1...left)
            left -= amount
            refunds.append(amountRefund("r\(refunds.count)", amount))
            let standing = OrderStanding(order(orderData(total: total)), refunds: refunds.shuffled(using: &chance))
            let back = SpentRefund.proportional.returned(of: points, standing, total: total)
            #expect(back >= last && back <= points, "seed \(seed)")
            #expect(SpentRefund.never.returned(of: points, standing, total: total) == 0)
            #expect(SpentRefund.fullOnly.returned(of: points, standing, total: total) == (left == 0 ? points : 0), "seed \(seed)")
            last = back
        }
        #expect(last == points, "seed \(seed)")
    }

    @Test("an order that cost nothing gives back all when it is cancelled, and nothing before")
    func free() {
        let paid = OrderStanding(order(orderData(total: 0)), refunds: [])
        let cancelled = OrderStanding(order(orderData(total: 0), cancelled: true), refunds: [])
        #expect(SpentRefund.proportional.returned(of: 100, paid, total: 0) == 0)
        #expect(SpentRefund.proportional.returned(of: 100, cancelled, total: 0) == 100)
    }

    @Test("a limit's period begins with the calendar's, in the zone")
    func periods() throws {
        // 1 March 2026 is a Sunday; it is 00:30 of the 2nd in a zone two hours ahead.
        let now = try #require(Timestamp(rfc3339: "2026-03-01T22:30:00Z"))
        let zone = ZoneRules { _ in 2 * 3_600_000 }
        func start(_ every: RewardLimit.Period) -> String? { RewardLimit(times: 1, every: every).start(of: now, zone: zone)?.rfc3339 }
        #expect(start(.day)?.hasPrefix("2026-03-01T22:00:00") ?? false)
        #expect(start(.week)?.hasPrefix("2026-03-01T22:00:00") ?? false)
        #expect(start(.month)?.hasPrefix("2026-02-28T22:00:00") ?? false)
        #expect(start(.year)?.hasPrefix("2025-12-31T22:00:00") ?? false)
        #expect(start(.lifetime) == nil)
        let utc = RewardLimit(times: 1, every: .week).start(of: now, zone: .utc)?.rfc3339
        #expect(utc?.hasPrefix("2026-02-23T00:00:00") ?? false)
    }

    @Test("a tier pays its own price")
    func price() {
        let reward = CatalogueReward(id: "r", version: 1, name: "tea", points: 100, tierPoints: ["gold": 80])
        #expect(reward.price(tierID: "gold") == 80 && reward.price(tierID: "silver") == 100 && reward.price(tierID: nil) == 100)
        var standing = RewardStanding(balance: 90, tierID: "gold")
        #expect(RewardVerdict(reward, standing, RewardRequest(), now: .epoch).isGranted)
        standing.tierID = nil
        #expect(RewardVerdict(reward, standing, RewardRequest(), now: .epoch).refusals.map(\.reason) == [.insufficientPoints])
    }
}
