import LoyaltyDomain
import Shared
import SharedRuntime

/// What loyalty says about rewards.
enum RewardNews {
    static func reserved(_ record: RewardRedemption, _ account: MemberAccount, _ change: Change) throws {
        var data = standing(record, account)
        data["points"] = .int(record.redemption.points)
        data["expires_at"] = .from(record.redemption.expiresAt)
        try change.emit("reward.reserved", subject: account.customerID, data: .object(data))
    }

    static func redeemed(_ record: RewardRedemption, _ account: MemberAccount, _ change: Change) throws {
        var data = standing(record, account)
        data["points"] = .int(record.redemption.points)
        data["settled_by"] = .from(record.redemption.settledBy?.rawValue)
        try change.emit("reward.redeemed", subject: account.customerID, data: .object(data))
        let spent: JSON = [
            "customer_id": .string(account.customerID), "order_id": .from(record.redemption.orderID),
            "points": .int(record.redemption.points),
            "balance": .int(account.counters.balance), "pending": .int(account.counters.pending), "redemption_id": .string(record.id),
            "reward_id": .string(record.reward.id), "reward": .string(record.reward.name),
        ]
        try change.emit("points.spent", subject: account.customerID, data: spent)
    }

    /// `points` are those that came back by this, `cause` says why: `cancelled`, `timed_out`, `released` or `refunded`.
    static func cancelled(_ record: RewardRedemption, points: Int64, cause: String, _ account: MemberAccount, _ change: Change) throws {
        var data = standing(record, account)
        data["points"] = .int(points)
        data["returned_points"] = .int(record.redemption.returned)
        data["cause"] = .string(cause)
        data["reason"] = .from(record.reason)
        try change.emit("reward.cancelled", subject: account.customerID, data: .object(data))
    }

    private static func standing(_ record: RewardRedemption, _ account: MemberAccount) -> JSONObject {
        JSONObject([
            .init(name: "customer_id", value: .string(account.customerID)), .init(name: "redemption_id", value: .string(record.id)),
            .init(name: "reward_id", value: .string(record.reward.id)), .init(name: "reward", value: .string(record.reward.name)),
            .init(name: "kind", value: .string(record.reward.gift.kind.rawValue)),
            .init(name: "state", value: .string(record.redemption.state.rawValue)),
            .init(name: "coupon_code", value: .from(record.couponCode)), .init(name: "order_id", value: .from(record.redemption.orderID)),
            .init(name: "channel", value: .from(record.request.channel)), .init(name: "balance", value: .int(account.counters.balance)),
        ])
    }
}
