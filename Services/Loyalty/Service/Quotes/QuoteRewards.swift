import LoyaltyDomain
import Shared
import SharedStore

/// What the shopper could have for their points with this cart.
enum QuoteRewards {
    static func json(_ quote: Quote, _ shopper: inout Shopper) throws -> JSON {
        let rewards = quote.catalogue.rewards.filter { $0.state == .active }
        guard !rewards.isEmpty else { return [] }
        let member = try shopper.member() ?? .nobody(quote.now)
        let request = RewardRequest(orderTotal: quote.goodsTotal, currency: quote.cart.currency, channel: quote.question.channel)
        var options = RewardOptions(member, quote.catalogue, now: quote.now, quote.db)
        return .array(
            try options.all(request).filter { $0.reward.state == .active }.map { reward, verdict in
                [
                    "id": .string(reward.id), "name": .string(reward.name), "points": .int(verdict.points),
                    "available": .bool(verdict.isGranted),
                    "missing_points": .int(max(0, verdict.points - member.account.counters.balance)),
                    "missing_order": .int(max(0, (reward.minimumOrder ?? 0) - quote.goodsTotal)), "reasons": verdict.reasons,
                ]
            })
    }
}

extension CustomerRecord {
    /// Whom nobody knows: no points, no orders, no limits used.
    static func nobody(_ now: Timestamp) -> CustomerRecord {
        CustomerRecord(new: Customer(id: "", isGuest: true, createdAt: now), personID: "", now: now)
    }
}
