import LoyaltyDomain
import Shared
import SharedStore

/// Loyalty's parts of the customer 360: who they are, what they ordered, their points and coupons. Null for somebody unknown; a coupon may be theirs
/// before they are a customer.
enum LoyaltyOverview {
    static func parts(_ customerID: String, _ catalogues: CatalogueCache, now: Timestamp, _ db: SQLConnection) throws -> JSONObject {
        let known = try CustomerStore.find(customerID, db)
        guard let record = known, record.customer.deletedAt == nil else {
            let coupons = known != nil ? JSON.null : try CouponOverview.part(customerID, isKnown: false, now: now, db)
            return JSONObject(
                ["profile", "orders", "loyalty", "segments"].map { .init(name: $0, value: .null) } + [
                    .init(name: "coupons", value: coupons)
                ])
        }
        let customerID = record.customer.id
        return JSONObject([
            .init(name: "profile", value: record.json),
            .init(name: "orders", value: try orders(customerID, db)),
            .init(name: "loyalty", value: try loyalty(record.account, try catalogues.current(db), now: now, db)),
            .init(name: "segments", value: try SegmentMembership.part(customerID, db)),
            .init(name: "coupons", value: try CouponOverview.part(customerID, isKnown: true, now: now, db)),
        ])
    }

    /// How the member stands, and what points are held for.
    private static func loyalty(_ account: MemberAccount, _ catalogue: Catalogue, now: Timestamp, _ db: SQLConnection) throws -> JSON {
        var object = try MembersController.json(account, catalogue, now: now, db).object ?? JSONObject()
        object["redemptions"] = .array(try RewardRedemptionStore.open(account.memberID, db).map(\.json))
        return .object(object)
    }

    /// Cancelled orders do not count; `total_spent` is less what was refunded, each currency by itself.
    private static func orders(_ customerID: String, _ db: SQLConnection) throws -> JSON {
        var count: Int64 = 0
        var guest: Int64 = 0
        var first: Timestamp?
        var last: Timestamp?
        var spent = JSONObject()
        try db.each(
            """
            SELECT currency, COUNT(*), CAST(SUM(guest) AS BIGINT), MIN(placed_at), MAX(placed_at),
                CAST(SUM((amount - refunded) / 4294967296) AS BIGINT), CAST(SUM((amount - refunded) % 4294967296) AS BIGINT)
            FROM orders WHERE customer_id = \(customerID) AND cancelled_at IS NULL GROUP BY currency ORDER BY currency
            """
        ) { row in
            count += row.int(1)
            guest += row.int(2)
            first = [first, row.time(3)].compactMap { $0 }.min()
            last = [last, row.time(4)].compactMap { $0 }.max()
            if let currency = row.textOrNil(0) {
                let total = Int128(row.int(5)) * 4_294_967_296 + Int128(row.int(6))
                spent[currency] = Int64(exactly: total).map(JSON.int) ?? .double(Double(total))
            }
        }
        return [
            "count": .int(count), "total_spent": .object(spent), "first_at": .from(first), "last_at": .from(last), "guest": .int(guest),
        ]
    }
}
