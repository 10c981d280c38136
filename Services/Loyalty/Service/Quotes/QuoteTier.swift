import LoyaltyDomain
import Shared
import SharedStore

/// What the order would do to the member's tier, foretold by the replay that decides it once the order is there.
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
        var order = TierFacts()
        if points.earn > 0 { order.points = [TierCredit(at: quote.now, amount: points.earn)] }
        // The first order's currency becomes the programme's.
        if points.order.currency == catalogue.programme.currency ?? points.order.currency {
            order.spent = [TierCredit(at: quote.now, amount: points.order.amounts.total)]
        }
        let record = try shopper.member().flatMap { try TierStore.find($0.customer.id, quote.db) }
        let forecast = try TierForecast(record, adding: order, catalogue, now: quote.now, quote.db)
        now = record == nil ? nil : catalogue.tier(forecast.present.state.tierID)
        after = catalogue.tier(forecast.coming.state.tierID)
        next = catalogue.ladder.next(after: after?.id).map { ($0, forecast.coming.remaining(to: $0)) }
    }

    private static func name(_ tier: Tier?) -> JSON { tier.map { ["id": .string($0.id), "name": .string($0.name)] } ?? .null }

    var json: JSON {
        [
            "now": Self.name(now), "after": Self.name(after), "next": Self.name(next?.tier),
            "remaining_after": .from(next?.remaining),
        ]
    }
}
