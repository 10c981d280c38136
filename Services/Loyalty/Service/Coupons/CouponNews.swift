import LoyaltyDomain
import Shared
import SharedRuntime

/// What loyalty says about coupons.
enum CouponNews {
    /// A coupon became somebody's. `reason` is the grant's.
    static func issued(_ coupon: CouponRecord, to customerID: String?, reason: String? = nil, _ change: Change) throws {
        let rules = coupon.rules
        let data: JSON = [
            "code": .string(coupon.code), "batch_id": .string(coupon.batchID), "customer_id": .from(customerID),
            "name": .string(rules.name),
            "discount": rules.discount.json, "minimum_order": .from(rules.minimumOrder), "first_order_only": .bool(rules.firstOrderOnly),
            "starts_at": .from(rules.startsAt), "ends_at": .from(rules.endsAt), "grant_key": .from(coupon.grantKey),
            "reason": .from(reason),
        ]
        try change.emit("coupon.issued", subject: customerID, data: data)
    }

    static func redeemed(_ redemption: RedemptionRecord, _ coupon: CouponRecord, _ change: Change) throws {
        let data: JSON = [
            "code": .string(redemption.code), "batch_id": .string(redemption.batchID), "order_id": .string(redemption.orderID),
            "customer_id": .from(redemption.customerID), "discount": .int(redemption.discount), "currency": .from(redemption.currency),
            "free_shipping": .bool(redemption.freeShipping), "source": .string(redemption.source.rawValue),
            "outside_terms": .from(redemption.outsideTerms), "grant_key": .from(coupon.grantKey),
        ]
        try change.emit("coupon.redeemed", subject: redemption.customerID, data: data)
    }

    static func released(_ redemption: RedemptionRecord, cause: String, _ change: Change) throws {
        let data: JSON = [
            "code": .string(redemption.code), "batch_id": .string(redemption.batchID), "order_id": .string(redemption.orderID),
            "customer_id": .from(redemption.customerID), "cause": .string(cause),
        ]
        try change.emit("coupon.released", subject: redemption.customerID, data: data)
    }

    /// One coupon was cancelled or, without a code, a whole batch.
    static func cancelled(code: String?, batchID: String, customerID: String?, grantKey: String? = nil, _ change: Change) throws {
        let data: JSON = [
            "code": .from(code), "batch_id": .string(batchID), "customer_id": .from(customerID), "grant_key": .from(grantKey),
        ]
        try change.emit("coupon.cancelled", subject: customerID, data: data)
    }
}
