import Shared

/// What a mail about a cart can say: `{"cart": {"id", "items": [{"name", "quantity", "unit_price", "total", "sku"}], "total", "currency",
/// "recovery_url"}}`. Amounts and counts are texts, written as the language writes them.
public enum CartMail {
    /// A recovery address that is no plain http(s) one is left out, and the shop's front page stands in for it.
    public static func data(_ cart: CartData, store: StoreIdentity, locale: String) -> JSON {
        let format = MoneyFormat(locale: locale)
        let link = cart.recoveryURL.flatMap(WebAddress.init)?.text ?? store.url
        return [
            "id": .string(cart.cartID), "items": .array(cart.items.map { ItemLine.json($0, format, currency: cart.currency) }),
            "total": .from(cart.total.map { total in cart.currency.map { format.format(total, $0) } ?? format.format(total) }),
            "currency": .from(cart.currency?.code), "recovery_url": .from(link),
        ]
    }
}
