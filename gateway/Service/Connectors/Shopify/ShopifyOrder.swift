import Shared

/// An order of Shopify's REST resource in Vefa's terms. Amounts are shop money (`currency`), whatever the buyer saw.
///
/// Of an edited order the original fields are read, not the `current_…` ones: lines that an edit takes away arrive as a refund without
/// transactions, and would be counted twice.
enum ShopifyOrder {
    /// Nil without an id. Throws where the currency is unknown or an amount is out of range.
    static func read(_ fields: StoreFields, _ state: ConnectorState) throws -> OrderData? {
        guard let id = fields.id("id") else { return nil }
        let currency = try currency(of: fields, orderID: id, state)
        let amounts = StoreAmounts(currency: currency)

        var order = OrderData(orderID: id)
        order.currency = currency
        order.customer = ShopifyCustomer.ofOrder(fields)
        order.cartID = ShopifyCart.id(fields.text("cart_token", max: 255)) ?? ShopifyCart.id(fields.text("checkout_token", max: 255))
        let items = try fields.list("line_items").compactMap { try item($0, amounts) }
        if fields["line_items"]?.array != nil { order.items = items }
        try readTotals(fields, items, amounts, into: &order)

        order.couponCodes = fields.list("discount_codes").compactMap { $0.text("code", max: 255) }
        order.referralCode = referralCode(fields.list("note_attributes"))
        order.channel = fields.text("source_name", max: 64)
        let address = fields.child("shipping_address") ?? fields.child("billing_address")
        order.country = address?.text("country_code", max: 64)
        order.city = address?.text("city", max: 255)
        order.placedAt = fields.time("processed_at") ?? fields.time("created_at")
        return order
    }

    private static func readTotals(_ fields: StoreFields, _ items: [OrderItem], _ amounts: StoreAmounts, into order: inout OrderData) throws
    {
        let afterDiscounts = try money(fields, "subtotal_price", amounts)
        let discounts = try money(fields, "total_discounts", amounts)
        order.total = try money(fields, "total_price", amounts)
        order.taxTotal = try money(fields, "total_tax", amounts)
        order.taxIncluded = fields.flag("taxes_included")
        order.subtotal =
            try money(fields, "total_line_items_price", amounts)
            ?? amounts.sum(items.map { try amounts.product($0.unitPrice, $0.quantity) })
            ?? amounts.sum([afterDiscounts, afterDiscounts == nil ? nil : discounts])
        // total_discounts also holds what was taken off shipping, which lowers no basis: what the goods lost is the difference of the
        // subtotals, as long as that is possible at all.
        if let before = order.subtotal, let after = afterDiscounts, after <= before, before - after <= discounts ?? before {
            order.discountTotal = before - after
        } else {
            order.discountTotal = discounts
        }
        order.shippingTotal = try amounts.minor(shopMoney(fields, "total_shipping_price_set"), "amount")
        if order.shippingTotal == nil, fields["shipping_lines"]?.array != nil {
            order.shippingTotal = try amounts.sum([0] + fields.list("shipping_lines").map { try money($0, "price", amounts) })
        }
    }

    /// One line; nil for a line without pieces.
    private static func item(_ line: StoreFields, _ amounts: StoreAmounts) throws -> OrderItem? {
        let quantity = line.whole("quantity") ?? 1
        guard quantity != 0 else { return nil }
        // The allocations hold the line's share of every discount, the order's own too; total_discount is the line's alone, and all that
        // old bodies have.
        let allocated = try amounts.sum(line.list("discount_allocations").map { try money($0, "amount", amounts) })
        return OrderItem(
            lineID: line.id("id"), productID: line.id("product_id"), sku: line.text("sku", max: 255),
            name: line.text("name", max: 4_096) ?? line.text("title", max: 4_096),
            categories: line.text("product_type", max: 255).map { [$0] } ?? [],
            quantity: quantity, unitPrice: try money(line, "price", amounts) ?? 0,
            discount: try allocated ?? money(line, "total_discount", amounts) ?? 0,
            tax: try amounts.sum(line.list("tax_lines").map { try money($0, "price", amounts) }) ?? 0)
    }

    /// The code a storefront put among the cart's attributes.
    static func referralCode(_ attributes: [StoreFields]) -> String? {
        for attribute in attributes {
            guard let name = attribute.text("name")?.lowercased(), name == "referral_code" || name == "vefa_ref" else { continue }
            if let code = attribute.text("value", max: 255) { return code }
        }
        return nil
    }

    private static func currency(of fields: StoreFields, orderID: String, _ state: ConnectorState) throws -> Currency {
        if let code = fields.text("currency") ?? shopMoney(fields, "total_price_set")?.text("currency_code") {
            guard let currency = Currency(code.uppercased()) else { throw Untranslatable(reason: "an unknown currency") }
            return currency
        }
        guard let currency = state.currencyOfOrder(orderID) else { throw Untranslatable(reason: "no currency") }
        return currency
    }

    /// `price`, or the shop money of `price_set` where there is only that.
    static func money(_ fields: StoreFields, _ name: String, _ amounts: StoreAmounts) throws -> Int64? {
        try amounts.minor(fields, name) ?? amounts.minor(shopMoney(fields, name + "_set"), "amount")
    }

    static func shopMoney(_ fields: StoreFields, _ name: String) -> StoreFields? { fields.child(name)?.child("shop_money") }
}
