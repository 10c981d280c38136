import LoyaltyDomain
import Shared
import SharedStore

/// An order as kept, with what the figures and the settlement need beside it.
struct OrderRecord: Sendable {
    var order: Order
    /// Whom the figures count it for.
    var personID: String?
    /// The lines' text as the event brought it.
    var itemsText: String?
    var refunded: Int64 = 0
    var refundCount: Int64 = 0
    /// The configuration in force when it was first paid; nil while it is not.
    var paidConfig: Int64?

    init(new id: String, at time: Timestamp) {
        order = Order(id: id, firstEventAt: time)
    }

    static let columns = """
        order_id, customer_id, person_id, email_key, guest, cart_id, currency, subtotal, discount_total, tax_total, tax_included, shipping_total,
        total, coupon_codes, referral_code, channel, country, city, items, said_placed_at, first_event_at, paid_at, cancelled_at, refunded,
        refund_count, paid_config, said_at, said_times
        """

    init(_ row: SQLRow) {
        var said = OrderData(orderID: row.text(0))
        said.cartID = row.textOrNil(5)
        said.currency = row.textOrNil(6).flatMap(Currency.init)
        said.subtotal = row.intOrNil(7)
        said.discountTotal = row.intOrNil(8)
        said.taxTotal = row.intOrNil(9)
        said.taxIncluded = row.boolOrNil(10)
        said.shippingTotal = row.intOrNil(11)
        said.total = row.intOrNil(12)
        said.couponCodes = row.isNull(13) ? nil : row.json(13).array?.compactMap(\.string)
        said.referralCode = row.textOrNil(14)
        said.channel = row.textOrNil(15)
        said.country = row.textOrNil(16)
        said.city = row.textOrNil(17)
        itemsText = row.textOrNil(18)
        said.items = itemsText.map(Self.items)
        said.placedAt = row.timeOrNil(19)
        order = Order(
            id: row.text(0), customerID: row.textOrNil(1), emailKey: row.textOrNil(3), isGuest: row.bool(4), said: said,
            firstEventAt: row.time(20),
            paidAt: row.timeOrNil(21), cancelledAt: row.timeOrNil(22),
            times: FieldTimes(base: row.time(26), json: row.isNull(27) ? nil : row.json(27)))
        personID = row.textOrNil(2)
        refunded = row.int(23)
        refundCount = row.int(24)
        paidConfig = row.intOrNil(25)
    }

    private static func items(_ text: String) -> [OrderItem] {
        let issues = FieldIssues()
        let items = (try? JSONParser.parse(text))?.array ?? []
        return items.compactMap { $0.object.map { OrderItem(FieldReader($0, issues: issues, strict: false)) } }
    }

    /// What conditions see as `order`.
    var facts: JSON {
        let amounts = order.amounts
        return [
            "order_id": .string(order.id), "total": .int(amounts.total), "subtotal": .int(amounts.subtotal),
            "discount_total": .int(amounts.discount),
            "shipping_total": .from(order.shippingTotal), "tax_total": .from(order.taxTotal), "currency": .from(order.currency?.code),
            "channel": .from(order.channel), "country": .from(order.country), "city": .from(order.city),
            "coupon_codes": .from(order.couponCodes ?? []), "referral_code": .from(order.referralCode), "placed_at": .from(order.placedAt),
            "guest": .bool(order.isGuest), "items": itemsText.flatMap { try? JSONParser.parse($0) } ?? .null,
        ]
    }
}
