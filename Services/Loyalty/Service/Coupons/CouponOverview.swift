import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Somebody's coupons in the customer 360: those that are theirs, and those that they used.
enum CouponOverview {
    /// The newest of each kind.
    private static let most = 100

    /// Null where there is none and nobody is known by this id.
    static func part(_ customerID: String, isKnown: Bool, now: Timestamp, _ db: SQLConnection) throws -> JSON {
        let person = try CouponBuyer(customerID: customerID, email: nil, db).person
        let used = try CouponStore.used(by: person, limit: most, db)
        let usedCodes = Set(used.map(\.code))
        let held = try CouponStore.held(by: person, limit: most, db).filter { !usedCodes.contains($0.code) }
        guard isKnown || !used.isEmpty || !held.isEmpty else { return .null }
        return .array(used.map { json($0, .redeemed) } + held.map { json($0, $0.state(now: now)) })
    }

    private static func json(_ coupon: CouponRecord, _ state: CouponState) -> JSON {
        let rules = coupon.rules
        return [
            "code": .string(coupon.code), "state": .string(state.rawValue), "name": .string(rules.name), "discount": rules.discount.json,
            "minimum_order": .from(rules.minimumOrder), "starts_at": .from(rules.startsAt), "ends_at": .from(rules.endsAt),
            "batch_id": .string(coupon.batchID), "grant_key": .from(coupon.grantKey),
        ]
    }
}
