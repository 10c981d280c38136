import Shared

extension ConditionFields {
    /// What an earning rule may ask about.
    public static let earning = ConditionFields([
        "order.order_id", "order.total", "order.subtotal", "order.discount_total", "order.shipping_total", "order.tax_total",
        "order.currency",
        "order.channel", "order.country", "order.city", "order.coupon_codes", "order.referral_code", "order.placed_at", "order.guest",
        "order.items.categories", "order.items.product_id", "order.items.sku", "order.items.name", "order.items.quantity",
        "order.items.unit_price",
        "customer.*", "event.type", "event.source", "event.data.*",
    ])
}
