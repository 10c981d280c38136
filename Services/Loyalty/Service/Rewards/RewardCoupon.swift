import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// The coupon that hands a reward over: the member's own, good once.
enum RewardCoupon {
    private static let prefix = "reward:"

    /// Names a redemption's coupon for ever.
    private static func key(_ redemptionID: String) -> String { prefix + redemptionID }

    /// The redemption that a coupon is of; nil for any other coupon.
    static func redemptionID(_ grantKey: String?) -> String? {
        guard let grantKey, grantKey.hasPrefix(prefix) else { return nil }
        return String(grantKey.dropFirst(prefix.count))
    }

    /// All coupons of one reward are one batch.
    static func batch(of rewardID: String, _ change: Change) throws -> String {
        try CouponBatchStore.granted(for: prefix + rewardID, change)
    }

    /// What it takes off; nil where no coupon says that.
    private static func discount(_ reward: CatalogueReward, _ currency: Currency?) -> Discount? {
        switch reward.gift {
        case .fixed(let amount), .giftCard(let amount): .fixed(amount: amount, currency: reward.currency ?? currency)
        case .percent(let basisPoints, let maximum): .percent(basisPoints: basisPoints, maximum: maximum)
        case .freeShipping: .freeShipping
        case .product(let productID): .product(productID: productID, quantity: 1)
        case .custom: nil
        }
    }

    /// Issues it, good as long as the points are held; nil for rewards without one. `currency` is the programme's.
    static func issue(_ record: RewardRedemption, currency: Currency?, _ change: Change) throws -> String? {
        let reward = record.reward
        guard let discount = discount(reward, currency) else { return nil }
        var rules = CouponRules(
            name: reward.name, discount: discount, minimumOrder: reward.minimumOrder, maxRedemptions: 1, customerID: record.customerID,
            endsAt: record.redemption.expiresAt)
        // Whoever asked said where they are; whoever takes the coupon knows.
        rules.channels = reward.channels
        let coupon = try CouponStore.grant(
            rules, batchID: try batch(of: reward.id, change), emailKey: nil, key: key(record.id), change)
        guard let coupon else { throw Problem.conflict("no_code", "No free code was found.") }
        try CouponNews.issued(coupon, to: record.customerID, reason: "reward", change)
        return coupon.code
    }

    /// It is good until another time; nil for ever.
    static func extend(_ code: String, until end: Timestamp?, _ change: Change) throws {
        guard let coupon = try CouponStore.claim(CouponCode(code), change.db) else { return }
        var rules = coupon.rules
        rules.endsAt = end
        try change.db.execute("UPDATE coupons SET terms = \(rules.kept) WHERE code = \(code)")
    }

    /// It is another customer's, who turned out to be the same person.
    static func hand(_ code: String, to customerID: String, _ change: Change) throws {
        guard let coupon = try CouponStore.claim(CouponCode(code), change.db) else { return }
        var rules = coupon.rules
        rules.customerID = customerID
        try change.db.execute("UPDATE coupons SET terms = \(rules.kept), customer_id = \(customerID) WHERE code = \(code)")
    }

    /// It is good for nothing from now on. A used one is cancelled too: should its order return it later, it must not come back to life.
    static func cancel(_ code: String, _ change: Change) throws {
        guard let coupon = try CouponStore.claim(CouponCode(code), change.db), coupon.cancelledAt == nil else { return }
        try CouponStore.cancel(code, change)
        guard coupon.redemptions == 0 else { return }
        try CouponNews.cancelled(
            code: code, batchID: coupon.batchID, customerID: coupon.rules.customerID, grantKey: coupon.grantKey, change)
    }
}
