public import Shared

/// A cart, as far as coupons, offers and quotes look at it.
public struct Cart: Sendable, Equatable {
    public struct Line: Sendable, Equatable {
        /// What is in it, at its price before any discount.
        public var item: OrderItem
        /// What the whole line comes to after its own discount, 0…2^53 minor units.
        public var value: Int64

        public var lineID: String? { item.lineID }
        public var productID: String? { item.productID }

        public init(lineID: String? = nil, productID: String? = nil, value: Int64) {
            item = OrderItem(lineID: lineID, productID: productID, unitPrice: value)
            self.value = value
        }

        public init(_ item: OrderItem) {
            self.item = item
            value = Exact.amount(Int128(item.unitPrice) * Int128(item.quantity) - Int128(item.discount))
        }

        /// What conditions see as one of `cart.items`, and as `item`.
        public var facts: JSON {
            [
                "line_id": .from(item.lineID), "product_id": .from(item.productID), "sku": .from(item.sku), "name": .from(item.name),
                "categories": .from(item.categories), "quantity": .int(item.quantity), "unit_price": .int(item.unitPrice),
            ]
        }
    }

    /// Nil where nobody said: then it is whatever currency the coupon is in.
    public var currency: Currency?
    /// What the cart comes to, 0…2^53 minor units: as the store says it, else the sum of the lines.
    public var total: Int64
    public var lines: [Line]

    public init(currency: Currency?, total: Int64? = nil, lines: [Line] = []) {
        self.currency = currency
        self.lines = lines
        self.total = total ?? Exact.amount(lines.reduce(Int128(0)) { $0 + Int128($1.value) })
    }

    /// Reads `{"currency", "total", "items": [{"product_id", "quantity", "unit_price", …}]}`; one of `total` and `items` is needed. What is wrong is
    /// noted, and answers nil.
    public init?(_ reader: FieldReader) {
        let currency = reader.currency("currency")
        let total = reader.amount("total")
        let items = reader.readers("items")?.map { item in
            _ = item.require("quantity", item.raw("quantity"))
            _ = item.require("unit_price", item.raw("unit_price"))
            defer { item.refuseUnknown() }
            return OrderItem(item)
        }
        _ = reader.string("cart_id", max: CloudEvent.maximumTextLength)
        reader.refuseUnknown()
        if total == nil, items == nil { _ = reader.require("total", total) }
        guard reader.issues.isEmpty else { return nil }
        self.init(currency: currency, total: total, lines: items?.map(Line.init) ?? [])
    }

    /// The order as the cart it was: what its lines came to before anything was taken off the whole.
    public init(_ order: Order) {
        self.init(currency: order.currency, total: order.amounts.subtotal, lines: (order.items ?? []).map(Line.init))
    }

    /// What conditions see as `cart`.
    public func facts(channel: String? = nil) -> JSON {
        [
            "currency": .from(currency?.code), "total": .int(total), "channel": .from(channel),
            "quantity": .int(Exact.clamp(lines.reduce(Int128(0)) { $0 + Int128($1.item.quantity) })),
            "items": .array(lines.map(\.facts)),
        ]
    }
}
