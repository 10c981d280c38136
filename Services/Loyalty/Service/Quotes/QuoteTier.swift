import LoyaltyDomain
import Shared
import SharedStore

/// What the order would do to the member's tier. A tier measured over a window is left at what it is now: only lifetime figures can be foretold
/// from the account alone.
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
        let present = try member.flatMap { try TierKeeper(catalogue: catalogue).tier(of: $0.account, at: quote.now, quote.db) }
        now = present
        let earned = Exact.sum(member?.account.counters.lifetimeEarned ?? 0, points.earn)
        let foretold = catalogue.tiers.filter { $0.window == .lifetime && $0.basis == .pointsEarned }
        let reached = foretold.last { $0.threshold <= earned }
        let best = [present, reached].compactMap { $0 }.max { ($0.threshold, $0.id) < ($1.threshold, $1.id) }
        after = best
        next = foretold.first { $0.threshold > earned && $0.threshold > best?.threshold ?? -1 }.map { ($0, $0.threshold - earned) }
    }

    private static func name(_ tier: Tier?) -> JSON { tier.map { ["id": .string($0.id), "name": .string($0.name)] } ?? .null }

    var json: JSON {
        [
            "now": Self.name(now), "after": Self.name(after), "next": Self.name(next?.tier),
            "remaining_after": .from(next?.remaining),
        ]
    }
}
