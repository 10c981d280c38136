import Shared

extension ConditionFields {
    /// What an earning rule may ask about.
    public static let earning = ConditionFields([
        "order.order_id", "order.total", "order.subtotal", "order.discount_total", "order.shipping_total", "order.tax_total",
        "order.currency",
        "order.channel", "order.country", "order.city", "order.coupon_codes", "order.referral_code", "order.placed_at", "order.guest",
        "order.items.categories", "order.items.product_id", "order.items.sku", "order.items.name", "order.items.quantity",
        "order.items.unit_price", "order.number",
        "customer.*", "event.type", "event.source", "event.data.*",
        "points.balance", "points.pending", "points.lifetime_earned", "points.lifetime_spent", "tier.id", "tier.name",
        "orders.count", "orders.total", "orders.first_at", "orders.last_at", "segments", "time.hour", "time.weekday", "time.date",
    ])

    /// What may be asked of one line of an order.
    public static let items = ConditionFields([
        "item.product_id", "item.sku", "item.name", "item.categories", "item.quantity", "item.unit_price",
    ])
}

extension ZoneRules {
    /// What conditions see as `time`: the local hour (0–23), weekday (1 = Monday … 7) and date of a moment.
    public func facts(of time: Timestamp) -> JSON {
        let (date, millisecondOfDay) = local(time)
        return ["hour": .int(millisecondOfDay / 3_600_000), "weekday": .from(date.weekday), "date": .string(date.text)]
    }
}
