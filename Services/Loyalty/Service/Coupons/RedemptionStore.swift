import LoyaltyDomain
import Shared
import SharedStore

/// One use of a code by one order.
struct RedemptionRecord: Sendable {
    enum Source: String, Sendable {
        /// The store asked.
        case call
        /// The store said so in an order.
        case order
    }

    let id: String
    let code: String
    let batchID: String
    let orderID: String
    var customerID: String?
    var emailKey: String?
    let source: Source
    let discount: Int64
    let currency: String?
    let freeShipping: Bool
    let items: JSON
    let stacking: StackingRule
    /// The reasons for which the terms would have refused it; empty where they would not.
    let outsideTerms: [String]
    let redeemedAt: Timestamp
    var releasedAt: Timestamp?

    static let columns = """
        redemption_id, code, batch_id, order_id, customer_id, email_key, source, discount, currency, free_shipping, items, exclusive, outside_terms,
        redeemed_at, released_at, stack_group
        """

    init(
        id: String, coupon: CouponRecord, orderID: String, customerID: String?, emailKey: String?, source: Source, worth: CouponWorth,
        cart: Cart,
        outsideTerms: [String], redeemedAt: Timestamp
    ) {
        self.id = id
        code = coupon.code
        batchID = coupon.batchID
        self.orderID = orderID
        self.customerID = customerID
        self.emailKey = emailKey
        self.source = source
        discount = worth.discount
        currency = (cart.currency ?? coupon.rules.discount.currency)?.code
        freeShipping = worth.freeShipping
        items = worth.items(of: cart)
        stacking = coupon.rules.stacking
        self.outsideTerms = outsideTerms
        self.redeemedAt = redeemedAt
    }

    init(_ row: SQLRow) {
        id = row.text(0)
        code = row.text(1)
        batchID = row.text(2)
        orderID = row.text(3)
        customerID = row.textOrNil(4)
        emailKey = row.textOrNil(5)
        source = Source(rawValue: row.text(6)) ?? .call
        discount = row.int(7)
        currency = row.textOrNil(8)
        freeShipping = row.bool(9)
        items = row.json(10)
        stacking = row.bool(11) ? .none : row.textOrNil(15).map(StackingRule.group) ?? .all
        outsideTerms = row.json(12).array?.compactMap(\.string) ?? []
        redeemedAt = row.time(13)
        releasedAt = row.timeOrNil(14)
    }

    var json: JSON {
        [
            "id": .string(id), "code": .string(code), "batch_id": .string(batchID), "order_id": .string(orderID),
            "customer_id": .from(customerID),
            "source": .string(source.rawValue), "discount": .int(discount), "currency": .from(currency),
            "free_shipping": .bool(freeShipping),
            "items": items, "outside_terms": .from(outsideTerms), "redeemed_at": .from(redeemedAt), "released_at": .from(releasedAt),
        ]
    }
}

extension Discount {
    var currency: Currency? { if case .fixed(_, let currency) = self { currency } else { nil } }
}

/// Uses of coupons in the store.
enum RedemptionStore {
    static func find(_ code: String, orderID: String, _ db: SQLConnection) throws -> RedemptionRecord? {
        try db.first(
            "SELECT \(raw: RedemptionRecord.columns) FROM coupon_redemptions WHERE code = \(code) AND order_id = \(orderID)",
            RedemptionRecord.init)
    }

    /// An order's uses that stand.
    static func standing(orderID: String, _ db: SQLConnection) throws -> [RedemptionRecord] {
        try db.all(
            """
            SELECT \(raw: RedemptionRecord.columns) FROM coupon_redemptions WHERE order_id = \(orderID) AND released_at IS NULL ORDER BY code
            """, RedemptionRecord.init)
    }

    /// Writes a use, in the place of one that the same order returned.
    static func put(_ record: RedemptionRecord, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO coupon_redemptions (code, order_id, redemption_id, batch_id, customer_id, email_key, source, discount, currency, free_shipping,
                items, exclusive, stack_group, outside_terms, redeemed_at, released_at)
            VALUES (\(record.code), \(record.orderID), \(record.id), \(record.batchID), \(record.customerID), \(record.emailKey),
                \(record.source.rawValue), \(record.discount), \(record.currency), \(record.freeShipping), \(record.items),
                \(record.stacking == .none), \(record.stacking.groupName), \(JSON.from(record.outsideTerms)), \(record.redeemedAt), NULL)
            ON CONFLICT (code, order_id) DO UPDATE SET redemption_id = excluded.redemption_id, customer_id = excluded.customer_id,
                email_key = excluded.email_key, source = excluded.source, discount = excluded.discount, currency = excluded.currency,
                free_shipping = excluded.free_shipping, items = excluded.items, exclusive = excluded.exclusive, stack_group = excluded.stack_group,
                outside_terms = excluded.outside_terms, redeemed_at = excluded.redeemed_at, released_at = NULL
            """)
    }

    static func release(_ record: RedemptionRecord, at time: Timestamp, _ db: SQLConnection) throws {
        try db.execute(
            "UPDATE coupon_redemptions SET released_at = \(time) WHERE code = \(record.code) AND order_id = \(record.orderID)")
    }

    /// Notes whose use it is, where nobody was named before.
    static func name(_ record: RedemptionRecord, customerID: String?, emailKey: String?, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE coupon_redemptions SET customer_id = \(customerID), email_key = \(emailKey)
            WHERE code = \(record.code) AND order_id = \(record.orderID)
            """)
    }

    /// How many orders of this person a batch is used for. Two searches, each by the person: a shared code has far more uses than anybody has.
    static func count(batchID: String, of person: CouponPerson, _ db: SQLConnection) throws -> Int64 {
        try db.first(
            """
            SELECT COUNT(*) FROM (
                SELECT code, order_id FROM coupon_redemptions
                WHERE customer_id IN \(list: person.customerIDs) AND batch_id = \(batchID) AND released_at IS NULL
                UNION
                SELECT code, order_id FROM coupon_redemptions
                WHERE email_key IN \(list: person.emailKeys) AND batch_id = \(batchID) AND released_at IS NULL
            ) AS uses
            """
        ) { $0.int(0) } ?? 0
    }

    /// Whether this person uses any coupon for an order other than this one.
    static func exists(of person: CouponPerson, except orderID: String?, _ db: SQLConnection) throws -> Bool {
        try db.exists(
            """
            SELECT 1 FROM coupon_redemptions
            WHERE (customer_id IN \(list: person.customerIDs) OR email_key IN \(list: person.emailKeys))
                AND order_id <> \(orderID ?? "") AND released_at IS NULL
            LIMIT 1
            """)
    }
}
