/// What `order.fulfilled`, `order.shipped`, `order.delayed` and `order.delivered` say.
public struct ShipmentData: Sendable {
    public var orderID: String
    public var customer: CustomerData?
    public var trackingNumber: String?
    public var trackingURL: String?
    public var carrier: String?
    public var expectedAt: Timestamp?

    public init(orderID: String) { self.orderID = orderID }

    public init(_ data: FieldReader) {
        orderID = data.requiredString("order_id", max: CloudEvent.maximumTextLength) ?? ""
        customer = data.reader("customer").map(CustomerData.init)
        trackingNumber = data.string("tracking_number")
        trackingURL = data.string("tracking_url", max: 4_096)
        carrier = data.string("carrier")
        expectedAt = data.timestamp("expected_at")
    }

    public var json: JSON {
        var object = JSONObject([.init(name: "order_id", value: .string(orderID))])
        object["customer"] = customer?.json
        object["tracking_number"] = trackingNumber.map(JSON.string)
        object["tracking_url"] = trackingURL.map(JSON.string)
        object["carrier"] = carrier.map(JSON.string)
        object["expected_at"] = expectedAt.map { .string($0.rfc3339) }
        return .object(object)
    }
}

/// What `cart.updated` and `checkout.started` say.
public struct CartData: Sendable {
    public var cartID: String
    public var customer: CustomerData?
    public var currency: Currency?
    public var total: Int64?
    public var items: [OrderItem]
    public var recoveryURL: String?

    public init(cartID: String) {
        self.cartID = cartID
        items = []
    }

    public init(_ data: FieldReader) {
        cartID = data.requiredString("cart_id", max: CloudEvent.maximumTextLength) ?? ""
        customer = data.reader("customer").map(CustomerData.init)
        currency = data.currency("currency")
        total = data.amount("total")
        items = data.readers("items")?.map(OrderItem.init) ?? []
        recoveryURL = data.string("recovery_url", max: 4_096)
    }

    public var json: JSON {
        var object = JSONObject([.init(name: "cart_id", value: .string(cartID))])
        object["customer"] = customer?.json
        object["currency"] = currency.map { .string($0.code) }
        object["total"] = total.map(JSON.int)
        object["items"] = .array(items.map(\.json))
        object["recovery_url"] = recoveryURL.map(JSON.string)
        return .object(object)
    }
}

/// What `product.*` says of the product.
public struct ProductData: Sendable {
    public var id: String
    public var name: String?
    public var url: String?
    public var imageURL: String?
    public var price: Int64?
    public var currency: Currency?
    public var categories: [String]?
    public var inStock: Bool?

    public init(id: String) { self.id = id }

    public init(_ reader: FieldReader) {
        id = reader.requiredString("id", max: CloudEvent.maximumTextLength) ?? ""
        name = reader.string("name", max: 4_096)
        url = reader.string("url", max: 4_096)
        imageURL = reader.string("image_url", max: 4_096)
        price = reader.amount("price")
        currency = reader.currency("currency")
        categories = reader.strings("categories")
        inStock = reader.bool("in_stock")
    }

    public var json: JSON {
        var object = JSONObject([.init(name: "id", value: .string(id))])
        object["name"] = name.map(JSON.string)
        object["url"] = url.map(JSON.string)
        object["image_url"] = imageURL.map(JSON.string)
        object["price"] = price.map(JSON.int)
        object["currency"] = currency.map { .string($0.code) }
        object["categories"] = categories.map(JSON.from)
        object["in_stock"] = inStock.map(JSON.bool)
        return .object(object)
    }
}
