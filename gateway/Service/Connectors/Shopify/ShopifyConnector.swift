import Shared

/// Shopify's webhooks. The topic decides what happened, never `financial_status`: `orders/create` with a paid order is `order.placed`,
/// and `orders/paid` follows by itself.
struct ShopifyConnector: StoreConnector {
    let name = "shopify"

    func source(shop: String?) -> String {
        guard let shop = shop.flatMap({ StoreFields.clean($0, max: 200) }) else { return name }
        return "\(name)/\(shop.lowercased())"
    }

    func translate(
        topic: String, deliveryID: String, shop: String?, body: JSON, receivedAt: Timestamp, state: ConnectorState
    ) -> [TranslatedEvent] {
        let topic = topic.lowercased()
        let delivery = StoreDelivery(
            connector: name, source: source(shop: shop), topic: topic, id: deliveryID, body: body, receivedAt: receivedAt)
        guard let fields = StoreFields(body) else { return [delivery.raw()] }
        do {
            return try events(topic, delivery, fields, shop: shop, state: state) ?? [delivery.raw()]
        } catch {
            return [delivery.raw()]
        }
    }

    /// Nil for a topic that is not known, or a body that says too little.
    private func events(
        _ topic: String, _ delivery: StoreDelivery, _ fields: StoreFields, shop: String?, state: ConnectorState
    ) throws -> [TranslatedEvent]? {
        switch topic {
        case "orders/create": try order(delivery, fields, "order.placed", suffix: "placed", state)
        case "orders/paid": try order(delivery, fields, "order.paid", suffix: "paid", state)
        case "orders/cancelled": try order(delivery, fields, "order.cancelled", suffix: "cancelled", state)
        case "orders/updated": try order(delivery, fields, "order.updated", suffix: nil, state)
        case "orders/fulfilled": ShopifyFulfillment.ofOrder(fields, delivery)
        case "fulfillments/create", "fulfillments/update": ShopifyFulfillment.event(fields, delivery, state)
        case "refunds/create": try refund(delivery, fields, state)
        case "customers/create", "customers/update", "customers/delete": customer(topic, delivery, fields)
        case "checkouts/create", "checkouts/update": try ShopifyCart.ofCheckout(fields, topic, delivery, state)
        case "carts/create", "carts/update": try ShopifyCart.ofCart(fields, delivery, state)
        case "products/create", "products/update": try ShopifyProduct.upserted(fields, shop: shop, delivery, state)
        case "products/delete": ShopifyProduct.deleted(fields, delivery)
        // Privacy requests are kept under their own types. The body is nested, so that a request to forget somebody is not itself taken for
        // news of them.
        case "customers/redact", "customers/data_request", "shop/redact":
            [delivery.event(delivery.rawType, data: ["request": delivery.body])]
        // Includes orders/edited, which tells ids and quantities only: the order itself follows as orders/updated.
        default: nil
        }
    }

    private func order(
        _ delivery: StoreDelivery, _ fields: StoreFields, _ type: String, suffix: String?, _ state: ConnectorState
    ) throws -> [TranslatedEvent]? {
        guard let order = try ShopifyOrder.read(fields, state) else { return nil }
        let known = order.currency.map { KnownOrder(orderID: order.orderID, currency: $0, customerID: order.customer?.id) }
        var data = order.json.object ?? JSONObject()
        data["number"] = fields.text("name", max: 64).map(JSON.string)
        let event = delivery.event(
            type, id: suffix.map { "order-\(order.orderID)-\($0)" }, subject: order.customer?.id, data: .object(data), order: known)

        // Refunds travel in the order too, which matters where a shop has no refunds/create webhook. Their ids are the refunds' own, so
        // whichever delivery comes first says it and the others are duplicates.
        var refunds: [TranslatedEvent] = []
        var incomplete = false
        for entry in fields.list("refunds") {
            do {
                guard let refund = try ShopifyRefund.read(entry, orderID: order.orderID, orderCurrency: order.currency) else { continue }
                refunds.append(refundEvent(refund, delivery, customerID: order.customer?.id))
            } catch {
                incomplete = true
            }
        }
        return delivery.checked([event], also: refunds, incomplete: incomplete)
    }

    private func refund(_ delivery: StoreDelivery, _ fields: StoreFields, _ state: ConnectorState) throws -> [TranslatedEvent]? {
        guard let orderID = fields.id("order_id") else { return nil }
        let currency = state.currencyOfOrder(orderID)
        guard let refund = try ShopifyRefund.read(fields, orderID: orderID, orderCurrency: currency) else { return nil }
        return delivery.checked([refundEvent(refund, delivery, customerID: state.customerOfOrder(orderID))])
    }

    private func refundEvent(_ refund: RefundData, _ delivery: StoreDelivery, customerID: String?) -> TranslatedEvent {
        delivery.event("order.refunded", id: "refund-\(refund.refundID)", subject: customerID, data: refund.json)
    }

    private func customer(_ topic: String, _ delivery: StoreDelivery, _ fields: StoreFields) -> [TranslatedEvent]? {
        guard let id = fields.id("id") else { return nil }
        switch topic {
        case "customers/delete":
            return delivery.checked([delivery.event("customer.deleted", subject: id, data: ["customer": ["id": .string(id)]])])
        case "customers/create":
            let data: JSON = ["customer": ShopifyCustomer.read(fields).json]
            return delivery.checked([delivery.event("customer.created", id: "customer-\(id)-created", subject: id, data: data)])
        default:
            let data: JSON = ["customer": ShopifyCustomer.read(fields).json]
            return delivery.checked([delivery.event("customer.updated", subject: id, data: data)])
        }
    }
}
