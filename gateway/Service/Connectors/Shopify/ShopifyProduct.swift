import Shared

/// Products of Shopify. Their bodies say no currency: the price is told only when the shop's is known from an order.
enum ShopifyProduct {
    static func upserted(
        _ fields: StoreFields, shop: String?, _ delivery: StoreDelivery, _ state: ConnectorState
    ) throws
        -> [TranslatedEvent]?
    {
        guard let id = fields.id("id") else { return nil }
        let variants = fields.list("variants")
        var product = ProductData(id: id)
        product.name = fields.text("title", max: 4_096)
        if let shop = shop.flatMap({ StoreFields.clean($0, max: 255) }), let handle = fields.text("handle", max: 1_024) {
            product.url = "https://\(shop.lowercased())/products/\(handle)"
        }
        product.imageURL =
            fields.child("image")?.text("src", max: 4_096) ?? fields.list("images").lazy.compactMap { $0.text("src", max: 4_096) }.first
        if let currency = state.storeCurrency {
            let amounts = StoreAmounts(currency: currency)
            product.price = try variants.compactMap { try amounts.minor($0, "price") }.min()
            product.currency = product.price == nil ? nil : currency
        }
        product.categories = fields.text("product_type", max: 255).map { [$0] } ?? []
        // What is archived or a draft cannot be bought: it must not be recommended.
        let isListed = (fields.text("status") ?? "active").lowercased() == "active"
        product.inStock = isListed && (variants.isEmpty || variants.contains(where: isAvailable))
        return delivery.checked([delivery.event("product.upserted", data: ["product": product.json])])
    }

    static func deleted(_ fields: StoreFields, _ delivery: StoreDelivery) -> [TranslatedEvent]? {
        guard let id = fields.id("id") else { return nil }
        return delivery.checked([delivery.event("product.deleted", data: ["product": ["id": .string(id)]])])
    }

    /// Untracked stock, stock that may go below zero, or some left.
    private static func isAvailable(_ variant: StoreFields) -> Bool {
        variant.text("inventory_management") == nil || variant.text("inventory_policy") == "continue"
            || (variant.whole("inventory_quantity") ?? 1) > 0
    }
}
