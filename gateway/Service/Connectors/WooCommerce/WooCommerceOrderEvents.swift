import Shared

/// What one delivery of a WooCommerce order says has happened.
struct WooCommerceOrderEvents {
    private let order: OrderData
    private let data: JSON
    private let status: String
    private let fields: StoreFields
    private let delivery: StoreDelivery
    private let isCreated: Bool
    private let amounts: StoreAmounts

    /// Nil where the order cannot be read, or is a draft that nobody placed yet.
    init?(_ fields: StoreFields, _ delivery: StoreDelivery, _ state: ConnectorState, isCreated: Bool) throws {
        let status = Self.status(fields)
        guard !["checkout-draft", "auto-draft", "draft"].contains(status) else { return nil }
        guard let order = try WooCommerceOrder.read(fields, state) else { return nil }
        var data = order.json.object ?? JSONObject()
        data["number"] = fields.text("number", max: 64).map(JSON.string)
        data["status"] = status.isEmpty ? nil : .string(status)
        self.order = order
        self.data = .object(data)
        self.status = status
        self.fields = fields
        self.delivery = delivery
        self.isCreated = isCreated
        amounts = StoreAmounts(currency: order.currency)
    }

    func events() -> [TranslatedEvent] {
        let (refunds, incomplete) = refundEvents()
        return delivery.checked(orderEvents(), also: refunds, incomplete: incomplete)
    }

    private func orderEvents() -> [TranslatedEvent] {
        switch status {
        case "processing", "completed": isCreated ? [once("order.placed"), once("order.paid")] : [once("order.paid"), updated()]
        // The two have an id each: a payment that failed may be tried again, and the order that came of it be cancelled later.
        case "cancelled": [once("order.cancelled")]
        case "failed": [once("order.cancelled", as: "failed")]
        // The block checkout saves a draft first, for which WooCommerce sends nothing: an order may be heard of first by an update.
        case "pending", "on-hold": isCreated ? [once("order.placed")] : [once("order.placed"), updated()]
        default: isCreated ? [once("order.placed")] : [updated()]
        }
    }

    /// The refunds listed, by amount only (WooCommerce names no lines here), and the rest where the whole order is said to be refunded.
    /// `incomplete` where one of them could not be read.
    private func refundEvents() -> (events: [TranslatedEvent], incomplete: Bool) {
        var events: [TranslatedEvent] = []
        var given: Int64 = 0
        var incomplete = false
        for entry in fields.list("refunds") {
            do {
                // Written as a negative amount.
                guard let id = entry.id("id"), let total = try amounts.minor(entry, "total"), total != 0 else { continue }
                let amount = Int64(total.magnitude)
                given = try amounts.sum([given, amount]) ?? given
                events.append(refund(id, amount))
            } catch {
                incomplete = true
            }
        }
        if status == "refunded", !incomplete, let total = order.total, total > given { events.append(refund("rest", total - given)) }
        return (events, incomplete)
    }

    private func refund(_ id: String, _ amount: Int64) -> TranslatedEvent {
        let refund = RefundData(orderID: order.orderID, refundID: id, amount: amount, items: [])
        return delivery.event("order.refunded", id: "order-\(order.orderID)-refund-\(id)", subject: order.customer?.id, data: refund.json)
    }

    /// What happens to an order once: `order-727-paid`.
    private func once(_ type: String, as name: String? = nil) -> TranslatedEvent {
        let step = name ?? String(type.dropFirst("order.".count))
        return delivery.event(type, id: "order-\(order.orderID)-\(step)", subject: order.customer?.id, data: data, order: known)
    }

    private func updated() -> TranslatedEvent {
        delivery.event("order.updated", subject: order.customer?.id, data: data, order: known)
    }

    private var known: KnownOrder? {
        order.currency.map { KnownOrder(orderID: order.orderID, currency: $0, customerID: order.customer?.id) }
    }

    private static func status(_ fields: StoreFields) -> String {
        let status = fields.text("status", max: 64)?.lowercased() ?? ""
        return status.hasPrefix("wc-") ? String(status.dropFirst(3)) : status
    }

    /// The body of `order.deleted` is the id alone: an order that is no more counts as cancelled.
    static func deleted(_ fields: StoreFields, _ delivery: StoreDelivery, _ state: ConnectorState) -> [TranslatedEvent]? {
        guard let id = fields.id("id") else { return nil }
        let data: JSON = ["order_id": .string(id), "status": "deleted"]
        return delivery.checked([
            delivery.event("order.cancelled", id: "order-\(id)-deleted", subject: state.customerOfOrder(id), data: data)
        ])
    }
}
