import Shared
import SharedRuntime

/// Events as a shop of its own making sends them.
struct Shop: Sendable {
    /// Unique to a test, so that tests on one suite do not meet.
    let source: String

    init(_ name: String) { source = "shop/\(name)" }

    struct Order: Sendable {
        var id: String
        var customer: String
        var email: String?
        /// Minor units, before discounts; tax and shipping are none, so the total is `subtotal - discount`.
        var subtotal: Int64
        var discount: Int64 = 0
        var at: Timestamp = VefaClock.machineNow
        var product = "Black tea"
        var cart: String?
        var coupons: [String] = []
        var acceptsMarketing: Bool?

        var total: Int64 { subtotal - discount }

        var json: JSON {
            [
                "order_id": .string(id),
                "customer": ["id": .string(customer), "email": .from(email), "first_name": "Ayşe", "locale": "en", "accepts_marketing": .from(acceptsMarketing)],
                "cart_id": .from(cart), "coupon_codes": .from(coupons),
                "currency": "TRY", "subtotal": .int(subtotal), "discount_total": .int(discount), "tax_total": 0, "shipping_total": 0,
                "total": .int(total), "placed_at": .string(at.rfc3339),
                "items": [
                    [
                        "line_id": "1", "product_id": "tea", "name": .string(product), "quantity": 1, "unit_price": .int(subtotal),
                        "discount": .int(discount),
                    ]
                ],
            ]
        }
    }

    func placed(_ order: Order) -> CloudEvent {
        CloudEvent(
            id: "\(order.id)-placed", source: source, type: "order.placed", time: order.at, subject: order.customer, data: order.json)
    }

    func paid(_ order: Order) -> CloudEvent {
        CloudEvent(
            id: "\(order.id)-paid", source: source, type: "order.paid", time: order.at.adding(seconds: 1), subject: order.customer,
            data: order.json)
    }

    /// By amount only.
    func refunded(_ order: Order, _ refund: String, amount: Int64) -> CloudEvent {
        CloudEvent(
            id: "\(order.id)-refund-\(refund)", source: source, type: "order.refunded", time: order.at.adding(seconds: 60),
            subject: order.customer,
            data: RefundData(orderID: order.id, refundID: refund, amount: amount, items: []).json)
    }

    func custom(_ id: String, padding: Int = 0, type: String = "custom.import", at time: Timestamp = VefaClock.machineNow) -> CloudEvent {
        CloudEvent(
            id: id, source: source, type: type, time: time, subject: nil, data: ["note": .string(String(repeating: "x", count: padding))])
    }
}
