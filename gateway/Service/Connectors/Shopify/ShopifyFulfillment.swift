import Shared

/// What Shopify says of parcels: one fulfillment is one parcel, and an order may have several.
enum ShopifyFulfillment {
    /// `orders/fulfilled`: every line is.
    static func ofOrder(_ order: StoreFields, _ delivery: StoreDelivery) -> [TranslatedEvent]? {
        guard let id = order.id("id") else { return nil }
        var shipment = ShipmentData(orderID: id)
        shipment.customer = ShopifyCustomer.ofOrder(order)
        if let parcel = order.list("fulfillments").last(where: { !isVoid($0) }) { readTracking(parcel, into: &shipment) }
        return delivery.checked([
            delivery.event("order.fulfilled", id: "order-\(id)-fulfilled", subject: shipment.customer?.id, data: shipment.json)
        ])
    }

    /// `fulfillments/create` and `fulfillments/update`; nil for a parcel that is not made yet or not any more.
    static func event(_ fields: StoreFields, _ delivery: StoreDelivery, _ state: ConnectorState) -> [TranslatedEvent]? {
        guard let orderID = fields.id("order_id"), !isVoid(fields) else { return nil }
        var shipment = ShipmentData(orderID: orderID)
        let customerID = state.customerOfOrder(orderID)
        var customer = CustomerData()
        customer.id = customerID
        customer.email = fields.text("email", max: CustomerData.maximumEmail)
        if customer.id != nil || customer.email != nil { shipment.customer = customer }
        readTracking(fields, into: &shipment)

        let step: (type: String, name: String)
        switch fields.text("shipment_status")?.lowercased() {
        case "delivered": step = ("order.delivered", "delivered")
        case "label_printed", "label_purchased", "confirmed", "ready_for_pickup": step = ("order.fulfilled", "fulfilled")
        case "failure": return nil
        default: step = ("order.shipped", "shipped")
        }
        // Each step once per parcel. Being shipped is said again when a tracking number is added or replaced, which the customer waits for.
        var id = fields.id("id").map { "fulfillment-\($0)-\(step.name)" }
        if step.name == "shipped", let base = id, let number = shipment.trackingNumber { id = "\(base)-\(number)" }
        return delivery.checked([delivery.event(step.type, id: id, subject: customerID, data: shipment.json)])
    }

    private static func isVoid(_ fulfillment: StoreFields) -> Bool {
        ["pending", "open", "cancelled", "error", "failure"].contains((fulfillment.text("status") ?? "success").lowercased())
    }

    private static func readTracking(_ fulfillment: StoreFields, into shipment: inout ShipmentData) {
        shipment.trackingNumber = fulfillment.text("tracking_number") ?? first(fulfillment, "tracking_numbers", max: 1_024)
        shipment.trackingURL = fulfillment.text("tracking_url", max: 4_096) ?? first(fulfillment, "tracking_urls", max: 4_096)
        shipment.carrier = fulfillment.text("tracking_company")
        shipment.expectedAt = fulfillment.time("estimated_delivery_at")
    }

    private static func first(_ fulfillment: StoreFields, _ name: String, max: Int) -> String? {
        fulfillment[name]?.array?.lazy.compactMap { $0.string.flatMap { StoreFields.clean($0, max: max) } }.first
    }
}
