import ReferralDomain
import Shared
import SharedStore

/// One friend of one advocate, from the claim (or the order that came with a code) to the reward.
struct Referral: Sendable {
    let id: String
    let programmeID: String
    /// The code it came by.
    let code: String
    var advocateID: String
    var friendID: String?
    /// The friend's mailbox (or id) as a hash.
    var friendKey: String?
    var friendEmail: String?
    /// False for what is only kept as refused: it makes nobody a referred person.
    var isClaim: Bool
    var state: ReferralState
    /// Of the last move.
    var reason: String
    /// A merchant restored it: orders do not change it any more.
    var isRestored = false
    let terms: ReferralTerms
    var orderID: String?
    var friendReward = RewardRecord()
    var advocateReward = RewardRecord()
    var holdUntil: Timestamp?
    let createdAt: Timestamp
    var qualifiedAt: Timestamp?
    var approvedAt: Timestamp?
    var updatedAt: Timestamp

    var json: JSON {
        [
            "id": .string(id), "program_id": .string(programmeID), "state": .string(state.rawValue), "reason": .string(reason),
            "code": .string(code), "advocate_id": .string(advocateID), "friend_id": .from(friendID), "friend_email": .from(friendEmail),
            "order_id": .from(orderID), "friend_reward": Self.side(terms.friendReward, friendReward),
            "advocate_reward": Self.side(terms.advocateReward, advocateReward), "friend_minimum_order": .int(terms.minimumOrder),
            "hold_until": .from(holdUntil), "created_at": .from(createdAt), "qualified_at": .from(qualifiedAt),
            "approved_at": .from(approvedAt), "updated_at": .from(updatedAt),
        ]
    }

    private static func side(_ reward: Reward?, _ record: RewardRecord) -> JSON {
        [
            "reward": reward?.json ?? .null, "state": .string(record.state.rawValue), "coupon_code": .from(record.couponCode),
            "points": .from(record.points), "code": .from(record.code),
        ]
    }
}

/// One step of a referral's life.
struct ReferralStep: Sendable {
    let from: ReferralState?
    let to: ReferralState
    let actor: ReferralActor
    let reason: String
    let at: Timestamp

    var json: JSON {
        [
            "from": .from(from?.rawValue), "to": .string(to.rawValue), "actor": .string(actor.rawValue), "reason": .string(reason),
            "at": .from(at),
        ]
    }
}
