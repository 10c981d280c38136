/// A refund: by lines, or by an amount only where `items` is empty. `refundID` counts once per order, whichever event brings it.
public struct RefundData: Sendable {
    public var orderID: String
    public var refundID: String
    /// Minor units given back in all; nil where only lines were said.
    public var amount: Int64?
    public var items: [RefundItem]

    public init(orderID: String, refundID: String, amount: Int64?, items: [RefundItem]) {
        self.orderID = orderID
        self.refundID = refundID
        self.amount = amount
        self.items = items
    }

    public init(_ data: FieldReader) {
        orderID = data.requiredString("order_id", max: CloudEvent.maximumTextLength) ?? ""
        refundID = data.requiredString("refund_id", max: CloudEvent.maximumTextLength) ?? ""
        amount = data.amount("amount")
        items = data.readers("items")?.map(RefundItem.init) ?? []
        if amount == nil, items.isEmpty, data.object["amount"] == nil || data.object["amount"] == .null {
            data.fail("amount", "missing", "an amount or items are required")
        }
    }

    public var json: JSON {
        var object = JSONObject([
            .init(name: "order_id", value: .string(orderID)),
            .init(name: "refund_id", value: .string(refundID)),
        ])
        object["amount"] = amount.map(JSON.int)
        object["items"] = .array(items.map(\.json))
        return .object(object)
    }
}

public struct RefundItem: Sendable, Hashable {
    public var lineID: String?
    public var quantity: Int64?
    /// Minor units of the basis that this line gives back; nil: reckoned from the order's line.
    public var amount: Int64?

    public init(lineID: String?, quantity: Int64?, amount: Int64?) {
        self.lineID = lineID
        self.quantity = quantity
        self.amount = amount
    }

    public init(_ reader: FieldReader) {
        lineID = reader.string("line_id", max: CloudEvent.maximumTextLength)
        quantity = reader.int("quantity", in: 1...OrderItem.maximumQuantity)
        amount = reader.amount("amount")
        if lineID == nil, amount == nil, reader.object["line_id"] == nil {
            reader.fail("line_id", "missing", "a line or an amount is required")
        }
    }

    public var json: JSON {
        var object = JSONObject()
        object["line_id"] = lineID.map(JSON.string)
        object["quantity"] = quantity.map(JSON.int)
        object["amount"] = amount.map(JSON.int)
        return .object(object)
    }
}
