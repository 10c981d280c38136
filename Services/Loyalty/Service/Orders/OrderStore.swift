import LoyaltyDomain
import Shared
import SharedStore

/// Orders and their refunds in the store: one row an order, one row a refund.
enum OrderStore {
    static func find(_ id: String, _ db: SQLConnection) throws -> OrderRecord? {
        try db.first("SELECT \(raw: OrderRecord.columns) FROM orders WHERE order_id = \(id)", OrderRecord.init)
    }

    /// A customer's orders, the earliest first.
    static func orderIDs(of customerID: String, _ db: SQLConnection) throws -> [String] {
        try db.all("SELECT order_id FROM orders WHERE customer_id = \(customerID) ORDER BY placed_at, order_id") { $0.text(0) }
    }

    static func insert(_ record: OrderRecord, _ db: SQLConnection) throws {
        let order = record.order
        try db.execute(
            """
            INSERT INTO orders (order_id, customer_id, person_id, email_key, guest, cart_id, currency, subtotal, discount_total, tax_total,
                tax_included, shipping_total, total, coupon_codes, referral_code, channel, country, city, items, said_placed_at, first_event_at,
                placed_at, paid_at, cancelled_at, amount, refunded, refund_count, paid_config, said_at, said_times)
            VALUES (\(order.id), \(order.customerID), \(record.personID), \(order.emailKey), \(order.isGuest), \(order.cartID),
                \(order.currency?.code), \(order.subtotal), \(order.discountTotal), \(order.taxTotal), \(order.taxIncluded), \(order.shippingTotal),
                \(order.total), \(order.couponCodes.map(JSON.from)), \(order.referralCode), \(order.channel), \(order.country), \(order.city),
                \(record.itemsText), \(order.saidPlacedAt), \(order.firstEventAt), \(order.placedAt), \(order.paidAt), \(order.cancelledAt),
                \(order.amounts.total), \(record.refunded), \(record.refundCount), \(record.paidConfig), \(order.times.base), \(order.times.json))
            """)
    }

    static func update(_ record: OrderRecord, _ db: SQLConnection) throws {
        let order = record.order
        try db.execute(
            """
            UPDATE orders SET customer_id = \(order.customerID), person_id = \(record.personID), email_key = \(order.emailKey), guest = \(order.isGuest),
                cart_id = \(order.cartID), currency = \(order.currency?.code), subtotal = \(order.subtotal), discount_total = \(order.discountTotal),
                tax_total = \(order.taxTotal), tax_included = \(order.taxIncluded), shipping_total = \(order.shippingTotal), total = \(order.total),
                coupon_codes = \(order.couponCodes.map(JSON.from)), referral_code = \(order.referralCode), channel = \(order.channel),
                country = \(order.country), city = \(order.city), items = \(record.itemsText), said_placed_at = \(order.saidPlacedAt),
                first_event_at = \(order.firstEventAt), placed_at = \(order.placedAt), paid_at = \(order.paidAt), cancelled_at = \(order.cancelledAt),
                amount = \(order.amounts.total), refunded = \(record.refunded), refund_count = \(record.refundCount), paid_config = \(record.paidConfig),
                said_at = \(order.times.base), said_times = \(order.times.json)
            WHERE order_id = \(order.id)
            """)
    }

    /// Whether any of these customers has an order that was not cancelled, one placed by `placedBy` where that is said.
    static func hasOrder(_ customerIDs: [String], except orderID: String?, placedBy: Timestamp?, _ db: SQLConnection) throws -> Bool {
        try db.exists(
            """
            SELECT 1 FROM orders WHERE customer_id IN \(list: customerIDs) AND order_id <> \(orderID ?? "") AND cancelled_at IS NULL
                AND placed_at <= \(placedBy ?? Timestamp(milliseconds: .max))
            """)
    }

    static func isCancelled(_ id: String, _ db: SQLConnection) throws -> Bool {
        try db.exists("SELECT 1 FROM orders WHERE order_id = \(id) AND cancelled_at IS NOT NULL")
    }

    /// Keeps a refund; false when this refund id counted for the order already.
    static func insert(_ refund: RefundData, at time: Timestamp, _ db: SQLConnection) throws -> Bool {
        try db.execute(
            """
            INSERT INTO order_refunds (order_id, refund_id, amount, items, at)
            VALUES (\(refund.orderID), \(refund.refundID), \(refund.amount), \(JSON.array(refund.items.map(\.json))), \(time))
            ON CONFLICT (order_id, refund_id) DO NOTHING
            """) > 0
    }

    static func refunds(of orderID: String, _ db: SQLConnection) throws -> [RefundData] {
        let issues = FieldIssues()
        return try db.all("SELECT refund_id, amount, items FROM order_refunds WHERE order_id = \(orderID) ORDER BY refund_id") { row in
            let items = row.json(2).array ?? []
            return RefundData(
                orderID: orderID, refundID: row.text(0), amount: row.intOrNil(1),
                items: items.compactMap { $0.object.map { RefundItem(FieldReader($0, issues: issues, strict: false)) } })
        }
    }
}
