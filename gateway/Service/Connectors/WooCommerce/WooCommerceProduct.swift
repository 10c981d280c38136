import Shared

/// Products of WooCommerce. Their bodies say no currency: the price is told only when the shop's is known from an order.
enum WooCommerceProduct {
    static func upserted(_ fields: StoreFields, _ delivery: StoreDelivery, _ state: ConnectorState) throws -> [TranslatedEvent]? {
        // Orders and recommendations speak of the parent product; a variation is kept raw.
        guard let id = fields.id("id"), fields.text("type") != "variation" else { return nil }
        var product = ProductData(id: id)
        product.name = fields.text("name", max: 4_096).map(HTMLEntities.decode)
        product.url = fields.text("permalink", max: 4_096)
        product.imageURL = fields.list("images").lazy.compactMap { $0.text("src", max: 4_096) }.first
        if let currency = state.storeCurrency {
            product.price = try StoreAmounts(currency: currency).minor(fields, "price")
            product.currency = product.price == nil ? nil : currency
        }
        product.categories = fields.list("categories").compactMap { $0.text("name", max: 255).map(HTMLEntities.decode) }
        // What is not published cannot be bought: it must not be recommended.
        let isListed = (fields.text("status") ?? "publish").lowercased() == "publish"
        product.inStock = isListed && (fields.text("stock_status")?.lowercased() ?? "instock") != "outofstock"
        return delivery.checked([delivery.event("product.upserted", data: ["product": product.json])])
    }

    static func deleted(_ fields: StoreFields, _ delivery: StoreDelivery) -> [TranslatedEvent]? {
        guard let id = fields.id("id") else { return nil }
        return delivery.checked([delivery.event("product.deleted", data: ["product": ["id": .string(id)]])])
    }
}
