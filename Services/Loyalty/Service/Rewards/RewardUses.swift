import LoyaltyDomain
import Shared
import SharedRuntime

/// What becomes of a redemption when its coupon is used, and when the use is returned.
struct RewardUses {
    let catalogues: CatalogueCache
    let change: Change

    private var desk: RewardDesk { RewardDesk(catalogues: catalogues) }

    /// The coupon went into an order: that spends the points.
    ///
    /// A store may give what a coupon promised after its time, for an order that was on its way; then the points, which went back, are taken once
    /// more where the member has them.
    func used(_ coupon: CouponRecord, for orderID: String) throws {
        guard var record = try record(coupon) else { return }
        record.redemption.orderID = orderID
        switch record.redemption.state {
        case .reserved: try desk.spend(&record, by: .coupon, change)
        case .redeemed: try RewardRedemptionStore.update(record, change.db)
        case .cancelled, .expired, .refunded: try takeAgain(&record)
        }
        // The order may have been refunded before its coupon was heard of.
        try SpentPoints(catalogues: catalogues).settle(orderID: orderID, change)
    }

    private func takeAgain(_ record: inout RewardRedemption) throws {
        record.takes += 1
        var ledger = try desk.ledger(of: record, change)
        guard let lots = try ledger.reserve(record.redemption.points, cause: record.cause("reserve"), origin: record.origin) else { return }
        try ledger.save()
        record.redemption.lots = lots
        record.redemption.returned = 0
        record.stockID = try RewardStock.note(record.reward.id, change.db)
        try desk.spend(&record, by: .coupon, change)
    }

    /// The order does not have the coupon any more: points that its use has spent come back, and the coupon is over. Where the order was cancelled,
    /// its refund says what comes back (``SpentPoints``); a coupon whose points were spent by call is just there again, for another order.
    func released(_ coupon: CouponRecord, from orderID: String, cause: String) throws {
        guard cause != "cancelled", var record = try record(coupon), record.redemption.state == .redeemed,
            record.redemption.orderID == orderID
        else { return }
        guard record.redemption.settledBy == .coupon else {
            record.redemption.orderID = nil
            return try RewardRedemptionStore.update(record, change.db)
        }
        let rest = record.redemption.points - record.redemption.returned
        try desk.giveBack(rest, of: &record, to: .cancelled, cause: "released", change)
    }

    private func record(_ coupon: CouponRecord) throws -> RewardRedemption? {
        guard let id = RewardCoupon.redemptionID(coupon.grantKey) else { return nil }
        return try RewardRedemptionStore.claim(id, change.db)
    }
}
