import Shared

/// The merchant's retention figures over a window of orders, from plain counts and sums. Ratios whose denominator is 0 are unknown (null), not 0.
public struct RetentionFigures: Sendable, Equatable {
    public var orders: Int64 = 0
    public var guestOrders: Int64 = 0
    /// Distinct persons with a counted order.
    public var customers: Int64 = 0
    /// Those with at least two.
    public var repeatCustomers: Int64 = 0
    /// Minor units.
    public var gross: Int128 = 0
    /// Minor units given back on the counted orders.
    public var refunded: Int128 = 0
    /// Σ over persons of (last − first order), which is the sum of all gaps between consecutive orders. Milliseconds.
    public var gapMilliseconds: Int64 = 0
    /// Σ over persons of (orders − 1).
    public var gaps: Int64 = 0

    public init() {}

    public static let definitions: JSON = [
        "orders": "Orders placed within [from, to) by placed_at, in this currency; cancelled ones excluded, zero-value ones included.",
        "guest_orders": "Of these, orders that named no customer id.",
        "customers":
            "Distinct persons with a counted order. A guest is the registered customer of the same e-mail where there is one, else a person by e-mail.",
        "guest_checkout_rate": "guest_orders / orders.",
        "purchase_frequency": "orders / customers.",
        "average_order_value": "gross_revenue / orders, minor units.",
        "repeat_purchase_rate": "Customers with at least two counted orders / customers.",
        "days_between_orders": "Mean gap between consecutive counted orders of the same person, days; null where nobody ordered twice.",
        "lifetime_value": "net_revenue / customers, minor units.",
        "gross_revenue": "Sum of the counted orders' totals, minor units.",
        "net_revenue": "gross_revenue less what was refunded on these orders, whenever it was refunded, minor units.",
        "segment": "Only orders of persons who are in this segment now; null: everybody's.",
        "currency": "Currencies are never summed: the asked one, else the programme's.",
    ]

    public func json(from: Timestamp?, to: Timestamp?, currency: Currency?, segment: String? = nil) -> JSON {
        func ratio(_ a: Double, _ b: Int64) -> JSON { b == 0 ? .null : .double(a / Double(b)) }
        let net = gross - refunded
        return [
            "from": .from(from), "to": .from(to), "segment": .from(segment),
            "customers": .int(customers), "orders": .int(orders), "guest_orders": .int(guestOrders),
            "guest_checkout_rate": ratio(Double(guestOrders), orders),
            "purchase_frequency": ratio(Double(orders), customers),
            "average_order_value": ratio(Double(gross), orders),
            "repeat_purchase_rate": ratio(Double(repeatCustomers), customers),
            "days_between_orders": ratio(Double(gapMilliseconds) / 86_400_000, gaps),
            "lifetime_value": ratio(Double(net), customers),
            "gross_revenue": Self.amount(gross), "net_revenue": Self.amount(net),
            "currency": .from(currency?.code), "definitions": Self.definitions,
        ]
    }

    private static func amount(_ value: Int128) -> JSON { Int64(exactly: value).map(JSON.int) ?? .double(Double(value)) }
}
