import Shared

/// Carts and checkouts of Shopify. Cart, checkout and order share one `cart_id`, the cart's token, so that a flow about an abandoned cart
/// ends with its order.
enum ShopifyCart {
    /// `checkouts/create` starts a checkout; `checkouts/update` is news of the cart.
    static func ofCheckout(
        _ fields: StoreFields, _ topic: String, _ delivery: StoreDelivery, _ state: ConnectorState
    ) throws -> [TranslatedEvent]? {
        // A checkout that became an order is updated once more; as news of a cart that would start a reminder for what was just bought.
        guard fields["completed_at"]?.string == nil else { return nil }
        guard let token = id(fields.text("token", max: 255)) ?? fields.id("id") else { return nil }
        let cart = try read(fields, cartID: id(fields.text("cart_token", max: 255)) ?? token, state)
        if topic == "checkouts/create" {
            return delivery.checked([
                delivery.event("checkout.started", id: "checkout-\(token)-started", subject: cart.customer?.id, data: cart.json)
            ])
        }
        return delivery.checked([delivery.event("cart.updated", subject: cart.customer?.id, data: cart.json)])
    }

    static func ofCart(_ fields: StoreFields, _ delivery: StoreDelivery, _ state: ConnectorState) throws -> [TranslatedEvent]? {
        guard let cartID = id(fields.text("token", max: 255)) ?? id(fields.text("id", max: 255)) else { return nil }
        let cart = try read(fields, cartID: cartID, state)
        return delivery.checked([delivery.event("cart.updated", subject: cart.customer?.id, data: cart.json)])
    }

    /// A token without the `?key=…` that some carry in the storefront and none in the order.
    static func id(_ token: String?) -> String? {
        guard let bare = token?.prefix(while: { $0 != "?" }), !bare.isEmpty else { return nil }
        return String(bare)
    }

    private static func read(_ fields: StoreFields, cartID: String, _ state: ConnectorState) throws -> CartData {
        let lines = fields.list("line_items")
        let currency = try currency(of: fields, lines, state)
        let amounts = StoreAmounts(currency: currency)
        var cart = CartData(cartID: cartID)
        cart.currency = currency
        cart.customer = ShopifyCustomer.ofOrder(fields)
        cart.items = try lines.compactMap { try item($0, amounts) }
        cart.recoveryURL = fields.text("abandoned_checkout_url", max: 4_096)
        cart.total = try ShopifyOrder.money(fields, "total_price", amounts)
        if cart.total == nil {
            let prices = try zip(lines.filter { $0.whole("quantity") != 0 }, cart.items).map { line, item in
                try amounts.minor(line, "line_price") ?? amounts.product(item.unitPrice, item.quantity) - item.discount
            }
            cart.total = try amounts.sum([0] + prices)
        }
        return cart
    }

    private static func item(_ line: StoreFields, _ amounts: StoreAmounts) throws -> OrderItem? {
        let quantity = line.whole("quantity") ?? 1
        guard quantity != 0 else { return nil }
        let applied = try amounts.sum(
            (line.list("discount_allocations") + line.list("applied_discounts")).map { try ShopifyOrder.money($0, "amount", amounts) })
        return OrderItem(
            lineID: line.id("id"), productID: line.id("product_id"), sku: line.text("sku", max: 255), name: line.text("title", max: 4_096),
            categories: line.text("product_type", max: 255).map { [$0] } ?? [], quantity: quantity,
            unitPrice: try amounts.minor(line, "original_price") ?? ShopifyOrder.money(line, "price", amounts) ?? 0,
            discount: try applied ?? amounts.minor(line, "total_discount") ?? 0)
    }

    /// Carts say their currency only within the lines' shop money, and older ones not at all.
    private static func currency(of fields: StoreFields, _ lines: [StoreFields], _ state: ConnectorState) throws -> Currency? {
        let said = fields.text("currency") ?? lines.lazy.compactMap { ShopifyOrder.shopMoney($0, "price_set")?.text("currency_code") }.first
        guard let said else { return state.storeCurrency }
        guard let currency = Currency(said.uppercased()) else { throw Untranslatable(reason: "an unknown currency") }
        return currency
    }
}
