import Shared

/// Turns what one kind of store sends into Vefa's events. Pure: no store, no clock, no network; what it needs to know of earlier deliveries
/// is handed to it as ``ConnectorState``.
///
/// **Identity.** What can happen to an order only once has an id made from the order (`order-727-paid`), not from the delivery: stores
/// say the same thing in many deliveries (WooCommerce has no paid topic and lists all earlier refunds in every update), and the journal,
/// which keeps a (source, id) pair once for ever, then makes it one event. What may happen often (`order.updated`, `cart.updated`) has
/// the delivery's id, so that only a redelivery is a duplicate.
///
/// **Time.** An event's `time` is its delivery; the store's own time of an order is its `placed_at`.
protocol StoreConnector: Sendable {
    /// As it stands in `/v1/connectors/{name}` and before the slash in an event's source.
    var name: String { get }

    /// Events for one delivery whose signature was checked: at least one, and never an error. What is not known or not understood becomes
    /// one event `<name>.<topic>` with the body as its data, since a refusal would make the store disable the webhook.
    ///
    /// - Parameters:
    ///   - topic: the topic header as sent (`orders/create`, `order.updated`).
    ///   - deliveryID: the store's delivery id; where it sent none, ``DeliveryID/make(header:topic:body:)``.
    ///   - shop: the shop header as sent (`X-Shopify-Shop-Domain`, `X-WC-Webhook-Source`).
    func translate(
        topic: String, deliveryID: String, shop: String?, body: JSON, receivedAt: Timestamp, state: ConnectorState
    ) -> [TranslatedEvent]

    /// The CloudEvents `source` of all events of this shop, such as `shopify/example.myshopify.com`.
    func source(shop: String?) -> String
}

/// What a translator may ask about earlier deliveries of the same source. The closures are called during `translate` only.
struct ConnectorState {
    /// Needed where a body has amounts but no currency, as Shopify's refunds and fulfilments may. Nil when unknown: two decimals are
    /// assumed.
    var currencyOfOrder: (String) -> Currency?
    /// The registered customer of an order, for bodies that name only the order.
    var customerOfOrder: (String) -> String?
    /// The currency of the shop's latest order: neither store says the currency of a product's price.
    var storeCurrency: Currency?

    init(
        currencyOfOrder: @escaping (String) -> Currency? = { _ in nil }, customerOfOrder: @escaping (String) -> String? = { _ in nil },
        storeCurrency: Currency? = nil
    ) {
        self.currencyOfOrder = currencyOfOrder
        self.customerOfOrder = customerOfOrder
        self.storeCurrency = storeCurrency
    }
}

/// What the gateway should remember of an order, to answer ``ConnectorState`` later.
struct KnownOrder: Sendable, Hashable {
    let orderID: String
    let currency: Currency
    /// Nil for a guest.
    let customerID: String?
}

/// One event to journal.
struct TranslatedEvent: Sendable {
    let event: CloudEvent
    /// True where the delivery was kept as it came, since its topic is not known or its body not understood.
    let isRaw: Bool
    /// The order this event describes, to be remembered in the same transaction.
    let order: KnownOrder?
}

/// Something in a body that cannot be said in Vefa's terms (an unknown currency, an amount past 2^53): the delivery is kept raw. Never
/// leaves the connectors.
struct Untranslatable: Error {
    let reason: String
}
