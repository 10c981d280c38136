import Shared

/// A refund of Shopify in Vefa's terms: by its lines (`subtotal`, discounts already off) where it has some, with or without transactions,
/// else by its amount.
///
/// The same refund comes by `refunds/create` and again within each later order update; its event id is the refund's, and whoever counts
/// refunds counts a `refund_id` once per order.
enum ShopifyRefund {
    /// Nil where nothing is given back: no lines, no money. Throws where an amount is out of range.
    /// - Parameter orderCurrency: the order's, where known. It wins over what the transactions say: those may be in the buyer's currency.
    static func read(_ fields: StoreFields, orderID: String, orderCurrency: Currency?) throws -> RefundData? {
        guard let id = fields.id("id") else { return nil }
        let currency = orderCurrency ?? shopCurrency(fields) ?? fields.list("transactions").lazy.compactMap { Self.currency($0) }.first
        let amounts = StoreAmounts(currency: currency)
        let items = try fields.list("refund_line_items").compactMap { try item($0, amounts) }
        var amount = try refunded(fields, settled: ["success"], amounts)
        if amount == nil, items.isEmpty {
            // Money that is only on its way counts where nothing else tells of it; then what the order was adjusted by.
            amount = try refunded(fields, settled: ["pending"], amounts) ?? adjusted(fields, amounts)
        }
        guard !items.isEmpty || (amount ?? 0) != 0 else { return nil }
        return RefundData(orderID: orderID, refundID: id, amount: amount, items: items)
    }

    private static func item(_ line: StoreFields, _ amounts: StoreAmounts) throws -> RefundItem? {
        let amount = try ShopifyOrder.money(line, "subtotal", amounts)
        let lineID = line.id("line_item_id") ?? line.child("line_item")?.id("id")
        let quantity = line.whole("quantity").flatMap { $0 == 0 ? nil : $0 }
        guard lineID != nil || amount != nil else { return nil }
        return RefundItem(lineID: lineID, quantity: quantity, amount: amount)
    }

    /// The money of the refund's transactions; nil when none of them settled, or none in the order's currency.
    private static func refunded(_ fields: StoreFields, settled: [String], _ amounts: StoreAmounts) throws -> Int64? {
        var found: [Int64?] = []
        for transaction in fields.list("transactions") where (transaction.text("kind") ?? "refund").lowercased() == "refund" {
            guard settled.contains((transaction.text("status") ?? "success").lowercased()) else { continue }
            if let inShopMoney = try amounts.minor(ShopifyOrder.shopMoney(transaction, "amount_set"), "amount") {
                found.append(inShopMoney)
            } else if Self.currency(transaction) == nil || Self.currency(transaction) == amounts.currency {
                found.append(try amounts.minor(transaction, "amount"))
            }
        }
        return try amounts.sum(found)
    }

    /// Shipping given back and discrepancies: negative amounts in `order_adjustments` up to API version 2024-07, shipping in
    /// `refund_shipping_lines` after.
    private static func adjusted(_ fields: StoreFields, _ amounts: StoreAmounts) throws -> Int64? {
        let adjustments = try amounts.sum(fields.list("order_adjustments").map { try ShopifyOrder.money($0, "amount", amounts) }) ?? 0
        let shipping =
            try amounts.sum(fields.list("refund_shipping_lines").map { try ShopifyOrder.money($0, "subtotal_amount", amounts) }) ?? 0
        let amount = try amounts.sum([-adjustments, shipping]) ?? 0
        return amount > 0 ? amount : nil
    }

    private static func shopCurrency(_ fields: StoreFields) -> Currency? {
        for (list, set) in [
            ("refund_line_items", "subtotal_set"), ("order_adjustments", "amount_set"), ("refund_shipping_lines", "subtotal_amount_set"),
            ("transactions", "amount_set"),
        ] {
            for entry in fields.list(list) {
                if let currency = ShopifyOrder.shopMoney(entry, set)?.text("currency_code").flatMap({ Currency($0.uppercased()) }) {
                    return currency
                }
            }
        }
        return nil
    }

    private static func currency(_ transaction: StoreFields) -> Currency? {
        transaction.text("currency").flatMap { Currency($0.uppercased()) }
    }
}
