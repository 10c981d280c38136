/// An order as an event describes it. Amounts are minor units of `currency`. What an event leaves out stays as it was known before.
public struct OrderData: Sendable {
    public var orderID: String
    /// What the store calls the order to its customer, such as `#1001`, where that is not its id.
    public var number: String?
    public var cartID: String?
    public var customer: CustomerData?
    public var currency: Currency?
    /// The lines' sum before discounts.
    public var subtotal: Int64?
    public var discountTotal: Int64?
    public var taxTotal: Int64?
    public var taxIncluded: Bool?
    public var shippingTotal: Int64?
    public var total: Int64?
    public var couponCodes: [String]?
    public var referralCode: String?
    public var channel: String?
    public var country: String?
    public var city: String?
    public var placedAt: Timestamp?
    public var items: [OrderItem]?

    public init(orderID: String) { self.orderID = orderID }

    public init(_ data: FieldReader) {
        orderID = data.requiredString("order_id", max: CloudEvent.maximumTextLength) ?? ""
        // Some stores write a figure here; neither form is a mistake.
        number = data.raw("number").flatMap { $0.string ?? $0.int.map { String($0) } }.flatMap { $0.isEmpty ? nil : String($0.prefix(64)) }
        cartID = data.string("cart_id", max: CloudEvent.maximumTextLength)
        customer = data.reader("customer").map(CustomerData.init)
        currency = data.currency("currency")
        subtotal = data.amount("subtotal")
        discountTotal = data.amount("discount_total")
        taxTotal = data.amount("tax_total")
        taxIncluded = data.bool("tax_included")
        shippingTotal = data.amount("shipping_total")
        total = data.amount("total")
        couponCodes = data.strings("coupon_codes")
        referralCode = data.string("referral_code", max: 255)
        channel = data.string("channel", max: 64)
        country = data.string("country", max: 64)
        city = data.string("city", max: 255)
        placedAt = data.timestamp("placed_at")
        items = data.readers("items")?.map(OrderItem.init)
    }

    public var json: JSON {
        var object = JSONObject([.init(name: "order_id", value: .string(orderID))])
        object["number"] = number.map(JSON.string)
        object["cart_id"] = cartID.map(JSON.string)
        object["customer"] = customer?.json
        object["currency"] = currency.map { .string($0.code) }
        object["subtotal"] = subtotal.map(JSON.int)
        object["discount_total"] = discountTotal.map(JSON.int)
        object["tax_total"] = taxTotal.map(JSON.int)
        object["tax_included"] = taxIncluded.map(JSON.bool)
        object["shipping_total"] = shippingTotal.map(JSON.int)
        object["total"] = total.map(JSON.int)
        object["coupon_codes"] = couponCodes.map(JSON.from)
        object["referral_code"] = referralCode.map(JSON.string)
        object["channel"] = channel.map(JSON.string)
        object["country"] = country.map(JSON.string)
        object["city"] = city.map(JSON.string)
        object["placed_at"] = placedAt.map { .string($0.rfc3339) }
        object["items"] = items.map { .array($0.map(\.json)) }
        return .object(object)
    }
}

/// One line of an order or a cart.
public struct OrderItem: Sendable, Hashable {
    public var lineID: String?
    public var productID: String?
    public var sku: String?
    public var name: String?
    public var categories: [String]
    /// ≥ 1.
    public var quantity: Int64
    /// Minor units, for one piece, before discounts.
    public var unitPrice: Int64
    /// Minor units, for the whole line.
    public var discount: Int64
    /// Minor units, for the whole line.
    public var tax: Int64

    public static let maximumQuantity: Int64 = 1_000_000

    public init(
        lineID: String? = nil, productID: String? = nil, sku: String? = nil, name: String? = nil, categories: [String] = [], quantity: Int64 = 1,
        unitPrice: Int64 = 0, discount: Int64 = 0, tax: Int64 = 0
    ) {
        self.lineID = lineID
        self.productID = productID
        self.sku = sku
        self.name = name
        self.categories = categories
        self.quantity = quantity
        self.unitPrice = unitPrice
        self.discount = discount
        self.tax = tax
    }

    public init(_ reader: FieldReader) {
        lineID = reader.string("line_id", max: CloudEvent.maximumTextLength)
        productID = reader.string("product_id", max: CloudEvent.maximumTextLength)
        sku = reader.string("sku", max: 255)
        name = reader.string("name", max: 4_096)
        categories = reader.strings("categories") ?? []
        quantity = reader.int("quantity", in: 1...Self.maximumQuantity) ?? 1
        unitPrice = reader.amount("unit_price") ?? 0
        discount = reader.amount("discount") ?? 0
        tax = reader.amount("tax") ?? 0
    }

    public var json: JSON {
        var object = JSONObject()
        object["line_id"] = lineID.map(JSON.string)
        object["product_id"] = productID.map(JSON.string)
        object["sku"] = sku.map(JSON.string)
        object["name"] = name.map(JSON.string)
        object["categories"] = .from(categories)
        object["quantity"] = .int(quantity)
        object["unit_price"] = .int(unitPrice)
        object["discount"] = .int(discount)
        object["tax"] = .int(tax)
        return .object(object)
    }
}
