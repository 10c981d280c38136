import Shared

/// An order of WooCommerce's REST v3 resource in Vefa's terms. Its line amounts and discounts are without tax, whatever
/// `prices_include_tax` says (that is about how the shop enters prices), so the order is told with `tax_included` false.
enum WooCommerceOrder {
    /// Nil without an id. Throws where the currency is unknown or an amount is out of range.
    static func read(_ fields: StoreFields, _ state: ConnectorState) throws -> OrderData? {
        guard let id = fields.id("id") else { return nil }
        let currency = try currency(of: fields, orderID: id, state)
        let amounts = StoreAmounts(currency: currency)

        var order = OrderData(orderID: id)
        order.currency = currency
        order.customer = WooCommerceCustomer.ofOrder(fields)
        order.total = try amounts.minor(fields, "total")
        order.taxTotal = try amounts.minor(fields, "total_tax")
        order.taxIncluded = false
        order.shippingTotal = try amounts.minor(fields, "shipping_total")
        try readLines(fields, amounts, into: &order)

        order.couponCodes = fields.list("coupon_lines").compactMap { $0.text("code", max: 255) }
        order.referralCode = referralCode(fields.list("meta_data"))
        order.channel = fields.text("created_via", max: 64)
        // The shipping address is blank where nothing is shipped.
        let addresses = [fields.child("shipping"), fields.child("billing")].compactMap { $0 }
        order.country = addresses.lazy.compactMap { $0.text("country", max: 64) }.first
        order.city = addresses.lazy.compactMap { $0.text("city", max: 255) }.first
        order.placedAt = fields.time("date_created_gmt") ?? fields.time("date_created")
        return order
    }

    private static func readLines(_ fields: StoreFields, _ amounts: StoreAmounts, into order: inout OrderData) throws {
        var subtotals: [Int64?] = []
        var discounts: [Int64?] = []
        var items: [OrderItem] = []
        for line in fields.list("line_items") {
            let after = try amounts.minor(line, "total")
            // A line that was made dearer by hand has a total above its subtotal: that is its price, not a negative discount.
            let before = max(try amounts.minor(line, "subtotal") ?? after ?? 0, after ?? 0)
            let discount = before - (after ?? before)
            subtotals.append(before)
            discounts.append(discount)
            if let item = try item(line, before: before, discount: discount, amounts) { items.append(item) }
        }
        if fields["line_items"]?.array != nil { order.items = items }
        order.discountTotal = try amounts.minor(fields, "discount_total") ?? amounts.sum(discounts)
        order.subtotal = try amounts.sum(subtotals) ?? withoutLines(fields, order, amounts)
    }

    /// An order without lines: what its header leaves for the goods.
    private static func withoutLines(_ fields: StoreFields, _ order: OrderData, _ amounts: StoreAmounts) throws -> Int64? {
        guard let total = order.total else { return nil }
        let fees = try amounts.sum(fields.list("fee_lines").map { try amounts.minor($0, "total") }) ?? 0
        let goods = total - (order.taxTotal ?? 0) - (order.shippingTotal ?? 0) - fees + (order.discountTotal ?? 0)
        return goods >= 0 ? goods : nil
    }

    /// One line; nil for a line without pieces. Half pieces, which some plugins sell, count as one piece of the line's price.
    private static func item(_ line: StoreFields, before: Int64, discount: Int64, _ amounts: StoreAmounts) throws -> OrderItem? {
        let quantity = line.whole("quantity") ?? 1
        guard quantity != 0 else { return nil }
        return OrderItem(
            lineID: line.id("id"), productID: line.id("product_id"), sku: line.text("sku", max: 255),
            name: line.text("name", max: 4_096).map(HTMLEntities.decode), quantity: quantity,
            unitPrice: quantity > 0 ? roundedHalfUp(before, quantity) : before, discount: discount,
            tax: try amounts.minor(line, "total_tax") ?? 0)
    }

    /// `amount` ÷ `quantity` for a positive quantity.
    private static func roundedHalfUp(_ amount: Int64, _ quantity: Int64) -> Int64 {
        let quotient = amount.floorDivided(by: quantity)
        let remainder = amount - quotient * quantity
        return remainder >= quantity - remainder ? quotient + 1 : quotient
    }

    private static func referralCode(_ metadata: [StoreFields]) -> String? {
        for entry in metadata {
            guard let key = entry.text("key")?.lowercased().drop(while: { $0 == "_" }), key == "referral_code" || key == "vefa_ref" else {
                continue
            }
            if let code = entry.text("value", max: 255) { return code }
        }
        return nil
    }

    private static func currency(of fields: StoreFields, orderID: String, _ state: ConnectorState) throws -> Currency {
        if let code = fields.text("currency") {
            guard let currency = Currency(code.uppercased()) else { throw Untranslatable(reason: "an unknown currency") }
            return currency
        }
        guard let currency = state.currencyOfOrder(orderID) else { throw Untranslatable(reason: "no currency") }
        return currency
    }
}
