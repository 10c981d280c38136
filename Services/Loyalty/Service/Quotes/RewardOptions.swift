import LoyaltyDomain
import Shared
import SharedStore

/// What the member could have for their points with this cart.
enum RewardOptions {
    static func json(_ quote: Quote, _ shopper: inout Shopper) throws -> JSON {
        let balance = try shopper.member()?.account.counters.balance ?? 0
        return .array(
            quote.catalogue.rewards.map { reward in
                let missing = max(0, reward.points - balance)
                var reasons: [JSON] = []
                if missing > 0 {
                    reasons.append(["code": "insufficient_points", "detail": .string("\(missing) points are missing.")])
                }
                return [
                    "id": .string(reward.id), "name": .string(reward.name), "points": .int(reward.points),
                    "available": .bool(reasons.isEmpty), "missing_points": .int(missing), "missing_order": 0, "reasons": .array(reasons),
                ]
            })
    }
}
