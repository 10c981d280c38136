import LoyaltyDomain
import Shared
import SharedStore

/// One order that has an offer.
struct OfferUseRecord: Sendable {
    enum Source: String, Sendable {
        /// The store asked.
        case call
        /// The store said so in an order.
        case order
    }

    let id: String
    let offerID: String
    let version: Int64
    let orderID: String
    var customerID: String?
    var emailKey: String?
    let source: Source
    let discount: Int64
    let currency: String?
    let items: JSON
    let stacking: StackingRule
    /// The reasons for which the terms would have refused it; empty where they would not.
    let outsideTerms: [String]
    /// When the order was placed: of which period it is.
    let usedAt: Timestamp
    var releasedAt: Timestamp?

    static let columns = """
        use_id, offer_id, version, order_id, customer_id, email_key, source, discount, currency, items, exclusive, stack_group, outside_terms,
        used_at, released_at
        """

    init(
        id: String, _ offer: Offer, orderID: String, buyer: CouponBuyer, source: Source, taken: Basket.Taken, cart: Cart,
        outsideTerms: [String], usedAt: Timestamp
    ) {
        self.id = id
        offerID = offer.id
        version = offer.version
        self.orderID = orderID
        customerID = buyer.customerID
        emailKey = buyer.emailKey
        self.source = source
        discount = taken.discount
        currency = cart.currency?.code
        items = taken.items(of: cart)
        stacking = offer.stacking
        self.outsideTerms = outsideTerms
        self.usedAt = usedAt
    }

    init(_ row: SQLRow) {
        id = row.text(0)
        offerID = row.text(1)
        version = row.int(2)
        orderID = row.text(3)
        customerID = row.textOrNil(4)
        emailKey = row.textOrNil(5)
        source = Source(rawValue: row.text(6)) ?? .call
        discount = row.int(7)
        currency = row.textOrNil(8)
        items = row.json(9)
        stacking = row.bool(10) ? .none : row.textOrNil(11).map(StackingRule.group) ?? .all
        outsideTerms = row.json(12).array?.compactMap(\.string) ?? []
        usedAt = row.time(13)
        releasedAt = row.timeOrNil(14)
    }

    var json: JSON {
        [
            "id": .string(id), "offer_id": .string(offerID), "version": .int(version), "order_id": .string(orderID),
            "customer_id": .from(customerID), "source": .string(source.rawValue), "discount": .int(discount), "currency": .from(currency),
            "items": items, "outside_terms": .from(outsideTerms), "used_at": .from(usedAt), "released_at": .from(releasedAt),
        ]
    }
}

extension Basket.Taken {
    /// The lines as the API answers them.
    func items(of cart: Cart) -> JSON {
        .array(
            zip(cart.lines, parts).map { line, part in
                ["line_id": .from(line.lineID), "product_id": .from(line.productID), "discount": .int(part)]
            })
    }
}

/// Uses of offers in the store.
enum OfferUseStore {
    static func find(_ offerID: String, orderID: String, _ db: SQLConnection) throws -> OfferUseRecord? {
        try db.first(
            "SELECT \(raw: OfferUseRecord.columns) FROM offer_uses WHERE offer_id = \(offerID) AND order_id = \(orderID)",
            OfferUseRecord.init)
    }

    /// An order's uses that stand.
    static func standing(orderID: String, _ db: SQLConnection) throws -> [OfferUseRecord] {
        try db.all(
            "SELECT \(raw: OfferUseRecord.columns) FROM offer_uses WHERE order_id = \(orderID) AND released_at IS NULL ORDER BY offer_id",
            OfferUseRecord.init)
    }

    /// Writes a use, in the place of one that the same order returned.
    static func put(_ record: OfferUseRecord, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO offer_uses (offer_id, order_id, use_id, version, customer_id, email_key, source, discount, currency, items, exclusive,
                stack_group, outside_terms, used_at, released_at)
            VALUES (\(record.offerID), \(record.orderID), \(record.id), \(record.version), \(record.customerID), \(record.emailKey),
                \(record.source.rawValue), \(record.discount), \(record.currency), \(record.items), \(record.stacking == .none),
                \(record.stacking.groupName), \(JSON.from(record.outsideTerms)), \(record.usedAt), NULL)
            ON CONFLICT (offer_id, order_id) DO UPDATE SET use_id = excluded.use_id, version = excluded.version,
                customer_id = excluded.customer_id, email_key = excluded.email_key, source = excluded.source, discount = excluded.discount,
                currency = excluded.currency, items = excluded.items, exclusive = excluded.exclusive, stack_group = excluded.stack_group,
                outside_terms = excluded.outside_terms, used_at = excluded.used_at, released_at = NULL
            """)
    }

    static func release(_ record: OfferUseRecord, at time: Timestamp, _ db: SQLConnection) throws {
        try db.execute(
            "UPDATE offer_uses SET released_at = \(time) WHERE offer_id = \(record.offerID) AND order_id = \(record.orderID)")
    }

    /// Notes whose an order's uses are, where nobody was named before.
    static func name(orderID: String, customerID: String?, emailKey: String?, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE offer_uses SET customer_id = \(customerID), email_key = \(emailKey)
            WHERE order_id = \(orderID) AND customer_id IS NULL AND email_key IS NULL
            """)
    }

    /// Whether an event tells the latest of which offers an order has; notes its time if so.
    static func isLatest(_ orderID: String, saidAt time: Timestamp, _ db: SQLConnection) throws -> Bool {
        let known = try db.first("SELECT said_at FROM offer_orders WHERE order_id = \(orderID)") { $0.time(0) }
        if let known, known > time { return false }
        try db.execute(
            """
            INSERT INTO offer_orders (order_id, said_at) VALUES (\(orderID), \(time))
            ON CONFLICT (order_id) DO UPDATE SET said_at = excluded.said_at
            """)
        return true
    }

    // MARK: - Counting

    /// How many orders have an offer now.
    static func count(_ offerID: String, _ db: SQLConnection) throws -> Int64 {
        try db.first("SELECT COUNT(*) FROM offer_uses WHERE offer_id = \(offerID) AND released_at IS NULL") { $0.int(0) } ?? 0
    }

    /// Begins to keep count of an offer's uses beside the uses, for a limit.
    static func recount(_ offerID: String, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO offer_counts (offer_id, uses)
            SELECT CAST(\(offerID) AS TEXT), COUNT(*) FROM offer_uses WHERE offer_id = \(offerID) AND released_at IS NULL
            ON CONFLICT (offer_id) DO UPDATE SET uses = excluded.uses
            """)
    }

    /// Ends keeping count.
    static func uncount(_ offerID: String, _ db: SQLConnection) throws {
        try db.execute("DELETE FROM offer_counts WHERE offer_id = \(offerID)")
    }

    /// Counts uses where they are counted.
    static func count(_ uses: Int64, of offerID: String, _ db: SQLConnection) throws {
        try db.execute("UPDATE offer_counts SET uses = uses + \(uses) WHERE offer_id = \(offerID)")
    }

    /// Holds a limited offer's count until the transaction ends: whoever comes second finds out here, and not after all its work.
    static func claim(_ offer: Offer, _ db: SQLConnection) throws {
        guard offer.maxUses != nil, !db.dialect.forUpdate.isEmpty else { return }
        _ = try db.first("SELECT 1 FROM offer_counts WHERE offer_id = \(offer.id) \(raw: db.dialect.forUpdate)") { $0.int(0) }
    }

    /// The uses of those of these offers that have a limit.
    static func counts(_ offers: [Offer], _ db: SQLConnection) throws -> [String: Int64] {
        let limited = offers.filter { $0.maxUses != nil }.map(\.id)
        guard !limited.isEmpty else { return [:] }
        let rows = try db.all("SELECT offer_id, uses FROM offer_counts WHERE offer_id IN \(list: limited)") { ($0.text(0), $0.int(1)) }
        return Dictionary(rows) { first, _ in first }
    }

    /// How often a person has had each of those offers in its period that a moment lies in. Searched by the person: an offer has far more uses than
    /// anybody has.
    static func counts(
        _ offers: [Offer], of person: CouponPerson, at time: Timestamp, zone: ZoneRules, _ db: SQLConnection
    ) throws -> [String: Int64] {
        let limited = offers.compactMap { offer in offer.perCustomer.map { (offer.id, $0.period(of: time, zone: zone)) } }
        guard !limited.isEmpty, !person.isNobody else { return [:] }
        let ids = limited.map(\.0)
        var sql: SQL = """
            SELECT offer_id, COUNT(*) FROM (
                SELECT offer_id, order_id, used_at FROM offer_uses
                WHERE customer_id IN \(list: person.customerIDs) AND offer_id IN \(list: ids) AND released_at IS NULL
                UNION
                SELECT offer_id, order_id, used_at FROM offer_uses
                WHERE email_key IN \(list: person.emailKeys) AND offer_id IN \(list: ids) AND released_at IS NULL
            ) AS uses WHERE
            """
        for (index, (id, period)) in limited.enumerated() {
            sql.append(index == 0 ? " " : " OR ")
            sql.append("(offer_id = \(id) AND used_at >= \(period.lowerBound) AND used_at < \(period.upperBound))")
        }
        sql.append(" GROUP BY offer_id")
        return Dictionary(try db.all(sql) { ($0.text(0), $0.int(1)) }) { first, _ in first }
    }
}

/// What goes together on one order, coupons and offers alike.
enum OrderStack {
    /// Whether something else stands on the order that goes with nothing, or not with this, or this with nothing.
    static func shutsOut(
        _ rule: StackingRule, orderID: String, exceptCoupon code: String = "", exceptOffer offerID: String = "", _ db: SQLConnection
    ) throws -> Bool {
        try db.exists(
            """
            SELECT 1 FROM coupon_redemptions
            WHERE order_id = \(orderID) AND code <> \(code) AND released_at IS NULL
                AND (exclusive = 1 OR \(rule == .none) = 1 OR stack_group = \(rule.groupName))
            """)
            || db.exists(
                """
                SELECT 1 FROM offer_uses
                WHERE order_id = \(orderID) AND offer_id <> \(offerID) AND released_at IS NULL
                    AND (exclusive = 1 OR \(rule == .none) = 1 OR stack_group = \(rule.groupName))
                """)
    }
}
