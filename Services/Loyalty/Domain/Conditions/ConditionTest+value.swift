import Shared

/// What kind of value a field that Vefa fills itself can have; of a shop's own fields nothing is known.
private enum FieldKind {
    case number, time, text

    private static let numbers: Set = [
        "order.total", "order.subtotal", "order.discount_total", "order.shipping_total", "order.tax_total", "order.number",
        "order.items.quantity", "order.items.unit_price", "item.quantity", "item.unit_price",
        "cart.total", "cart.quantity", "cart.items.quantity", "cart.items.unit_price",
        "points.balance", "points.pending", "points.lifetime_earned", "points.lifetime_spent",
        "orders.count", "orders.total", "orders.average", "rfm.recency", "rfm.frequency", "rfm.monetary", "time.hour", "time.weekday",
    ]
    private static let times: Set = ["order.placed_at", "orders.first_at", "orders.last_at", "customer.created_at"]
    private static let texts: Set = [
        "order.order_id", "order.currency", "order.channel", "order.country", "order.city", "order.coupon_codes", "order.referral_code",
        "order.items.categories", "order.items.product_id", "order.items.sku", "order.items.name",
        "item.categories", "item.product_id", "item.sku", "item.name", "cart.currency", "cart.channel",
        "cart.items.categories", "cart.items.product_id", "cart.items.sku", "cart.items.name",
        "customer.email", "customer.phone", "customer.country", "customer.region", "customer.city", "customer.locale", "customer.tags",
        "tier.id", "tier.name", "segments", "place.country", "place.region", "place.city",
    ]

    init?(_ field: String) {
        if Self.numbers.contains(field) {
            self = .number
        } else if Self.times.contains(field) {
            self = .time
        } else if Self.texts.contains(field) {
            self = .text
        } else {
            return nil
        }
    }
}

extension ConditionTest {
    /// Where the comparison asks of its field what a value of that kind never answers: which member is wrong, and why.
    public var valueFault: (member: String, code: String, detail: String)? {
        guard op != .exists, let kind = FieldKind(field) else { return nil }
        if op == .withinDays {
            return kind == .time ? nil : ("op", "invalid", "this field is not a time")
        }
        let values = value.array ?? [value]
        switch kind {
        case .number:
            return values.allSatisfy { $0.isNull || $0.double != nil } ? nil : ("value", "wrong_type", "a number was expected")
        case .time:
            guard op != .contains else { return ("op", "invalid", "this field is a time") }
            return values.allSatisfy { $0.isNull || Self.time($0) != nil }
                ? nil : ("value", "invalid_time", "an RFC 3339 time or a day was expected")
        case .text:
            return values.allSatisfy { $0.isNull || $0.string != nil } ? nil : ("value", "wrong_type", "a text was expected")
        }
    }
}
