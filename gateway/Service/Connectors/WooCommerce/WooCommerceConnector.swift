import Shared

/// WooCommerce's webhooks.
///
/// There is no paid topic, and an order update says the state, not the change. So every delivery of an order whose `status` is
/// `processing` or `completed` says `order.paid` under the order's own id, and every refund listed says `order.refunded` under the
/// refund's: the journal keeps the first of each, and loyalty counts a refund_id once per order anyway. What else may have changed
/// travels as `order.updated` under the delivery's id.
struct WooCommerceConnector: StoreConnector {
    let name = "woocommerce"

    /// The host of `X-WC-Webhook-Source` (`https://shop.example/` → `woocommerce/shop.example`), without the path, since translation
    /// plugins vary that.
    func source(shop: String?) -> String {
        guard var site = shop.flatMap({ StoreFields.clean($0, max: 1_024) })?.lowercased() else { return name }
        if let scheme = site.firstRange(of: "://") { site = String(site[scheme.upperBound...]) }
        let authority = site.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@").last.map(String.init) ?? ""
        return host.isEmpty || host.utf8.count > 200 ? name : "\(name)/\(host)"
    }

    /// True for the form that WooCommerce posts, unsigned, when a webhook is saved: `webhook_id=12` and nothing else. It wants a 200.
    static func isPing(contentType: String?, body: some Collection<UInt8>) -> Bool {
        if let contentType, !contentType.lowercased().hasPrefix("application/x-www-form-urlencoded") { return false }
        let name = Array("webhook_id=".utf8)
        guard body.count > name.count, body.count <= name.count + 20, body.starts(with: name) else { return false }
        return body.dropFirst(name.count).allSatisfy { (0x30...0x39).contains($0) }
    }

    func translate(
        topic: String, deliveryID: String, shop: String?, body: JSON, receivedAt: Timestamp, state: ConnectorState
    ) -> [TranslatedEvent] {
        let topic = topic.lowercased()
        let delivery = StoreDelivery(
            connector: name, source: source(shop: shop), topic: topic, id: deliveryID, body: body, receivedAt: receivedAt)
        guard let fields = StoreFields(body) else { return [delivery.raw()] }
        do {
            return try events(topic, delivery, fields, state: state) ?? [delivery.raw()]
        } catch {
            return [delivery.raw()]
        }
    }

    /// Nil for a topic that is not known (`coupon.…`, `action.…`), or a body that says too little.
    private func events(
        _ topic: String, _ delivery: StoreDelivery, _ fields: StoreFields, state: ConnectorState
    ) throws -> [TranslatedEvent]? {
        switch topic {
        case "order.created", "order.updated", "order.restored":
            try WooCommerceOrderEvents(fields, delivery, state, isCreated: topic == "order.created")?.events()
        case "order.deleted": WooCommerceOrderEvents.deleted(fields, delivery, state)
        case "customer.created", "customer.updated", "customer.deleted": customer(topic, delivery, fields)
        case "product.created", "product.updated", "product.restored": try WooCommerceProduct.upserted(fields, delivery, state)
        case "product.deleted": WooCommerceProduct.deleted(fields, delivery)
        default: nil
        }
    }

    private func customer(_ topic: String, _ delivery: StoreDelivery, _ fields: StoreFields) -> [TranslatedEvent]? {
        guard let id = fields.id("id") else { return nil }
        if topic == "customer.deleted" {
            return delivery.checked([delivery.event("customer.deleted", subject: id, data: ["customer": ["id": .string(id)]])])
        }
        let eventID = topic == "customer.created" ? "customer-\(id)-created" : nil
        let data: JSON = ["customer": WooCommerceCustomer.read(fields).json]
        return delivery.checked([delivery.event(topic, id: eventID, subject: id, data: data)])
    }
}
