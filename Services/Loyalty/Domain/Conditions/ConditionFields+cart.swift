import Shared

extension ConditionFields {
    /// What is known of a member; nobody in particular has none of it.
    static let memberRoots: Set<String> = ["customer", "points", "tier", "orders", "segments", "rfm", "events"]

    /// What offers and coupons may ask about.
    public static let cart = ConditionFields([
        "cart.currency", "cart.total", "cart.channel", "cart.quantity", "cart.items.product_id", "cart.items.sku", "cart.items.name",
        "cart.items.categories", "cart.items.quantity", "cart.items.unit_price",
        "customer.*", "points.balance", "points.pending", "points.lifetime_earned", "points.lifetime_spent", "tier.id", "tier.name",
        "orders.count", "orders.total", "orders.first_at", "orders.last_at", "segments", "rfm.recency", "rfm.frequency", "rfm.monetary",
        "time.hour", "time.weekday", "time.date",
        "place.country", "place.region", "place.city",
    ])
}
