import LoyaltyDomain
import Shared
import SharedStore

/// What the order would do to the member's tier if it were placed and paid so, now.
struct QuoteTier {
    private let now: Tier?
    private let after: Tier?
    private let next: (tier: Tier, remaining: Int64)?

    init(_ quote: Quote, points: QuotePoints, _ shopper: inout Shopper) throws {
        let catalogue = quote.catalogue
        guard !catalogue.tiers.isEmpty else {
            (now, after, next) = (nil, nil, nil)
            return
        }
        let member = try shopper.member()
        now = try member.flatMap { try TierKeeper(catalogue: catalogue).tier(of: $0.account, at: quote.now, quote.db) }
        var order = TierFacts(points: [TierCredit(at: quote.now, amount: points.earn)])
        // The programme's currency is the first order's where it has none.
        let (paid, currency) = (quote.order, catalogue.programme.currency)
        if currency == nil || paid.currency == currency { order.spent = [TierCredit(at: quote.now, amount: paid.total ?? 0)] }
        let timeline: TierTimeline
        if let record = try member.flatMap({ try TierStore.find($0.customer.id, quote.db) }) {
            timeline = try TierJudgement(record, catalogue, at: quote.now, now: quote.now, supposed: order, quote.db).timeline
        } else {
            timeline = TierTimeline(order, catalogue.ladder, from: quote.now, until: quote.now)
        }
        after = catalogue.tier(timeline.state.tierID)
        next = catalogue.ladder.next(after: timeline.state.tierID).map { ($0, timeline.remaining(to: $0)) }
    }

    private static func name(_ tier: Tier?) -> JSON { tier.map { ["id": .string($0.id), "name": .string($0.name)] } ?? .null }

    var json: JSON {
        [
            "now": Self.name(now), "after": Self.name(after), "next": Self.name(next?.tier),
            "remaining_after": .from(next?.remaining),
        ]
    }
}
