import Shared

/// What a mail about an order can say: the data its template is rendered with. Amounts and counts are texts, written as the language writes
/// them.
public struct OrderMail: Sendable {
    public var store: StoreIdentity
    public var locale: String
    public var customer: CustomerNames
    /// The order as the event that began the run told it.
    public var order: OrderData
    /// The data of every `points.earned` heard for the order, in the order they came.
    public var pointsEarned: [JSON]

    public init(store: StoreIdentity, locale: String, customer: CustomerNames, order: OrderData, pointsEarned: [JSON]) {
        self.store = store
        self.locale = locale
        self.customer = customer
        self.order = order
        self.pointsEarned = pointsEarned
    }

    /// `{"store", "locale", "customer", "order", "points"}`; `points` is null when the order earned none (or none are known of yet).
    public var data: JSON {
        [
            "store": store.json, "locale": .string(locale), "customer": customer.json, "order": orderData, "points": points ?? .null,
        ]
    }

    private var orderData: JSON {
        let format = MoneyFormat(locale: locale)
        func money(_ amount: Int64?) -> JSON {
            guard let amount else { return .null }
            guard let currency = order.currency else { return .string(format.format(amount)) }
            return .string(format.format(amount, currency))
        }
        /// Rows that say nothing are left out: no discount is no line.
        func moneyAboveZero(_ amount: Int64?) -> JSON { (amount ?? 0) > 0 ? money(amount) : .null }
        let items = (order.items ?? []).map { ItemLine.json($0, format, currency: order.currency) }
        return [
            "id": .string(order.orderID), "number": .string(HeaderText.oneLine(order.number ?? order.orderID)),
            "currency": .from(order.currency?.code),
            "items": .array(items),
            "subtotal": money(order.subtotal), "discount": moneyAboveZero(order.discountTotal),
            "shipping": moneyAboveZero(order.shippingTotal),
            "tax": moneyAboveZero(order.taxTotal), "tax_included": .bool(order.taxIncluded ?? false), "total": money(order.total),
            "coupon_codes": .from(order.couponCodes ?? []), "placed_at": .from(order.placedAt),
        ]
    }

    /// Several rules may have earned on one order: their points add up, and the last balance is the one to show.
    private var points: JSON? {
        let format = MoneyFormat(locale: locale)
        var earned: Int64 = 0
        var balance: Int64?
        for data in pointsEarned {
            guard let points = data["points"]?.int else { continue }
            let (sum, overflow) = earned.addingReportingOverflow(points)
            guard !overflow else { return nil }
            earned = sum
            if let after = data["balance"]?.int { balance = after }
        }
        guard earned > 0 else { return nil }
        return ["earned": .string(format.format(earned)), "balance": .from(balance.map { format.format($0) })]
    }
}

/// What the store calls itself in mails.
public struct StoreIdentity: Sendable, Equatable {
    /// Nil: mails do without.
    public var name: String?
    /// The shop's front page.
    public var url: String?
    /// The postal address in one line, which marketing mail must show.
    public var address: String?

    public init(name: String?, url: String? = nil, address: String? = nil) {
        self.name = name
        self.url = url
        self.address = address
    }

    public var json: JSON { ["name": .from(name), "url": .from(url), "address": .from(address)] }
}

/// How a customer is addressed.
public struct CustomerNames: Sendable, Equatable {
    public var firstName: String?
    public var lastName: String?

    public init(firstName: String? = nil, lastName: String? = nil) {
        self.firstName = firstName.flatMap { $0.isEmpty ? nil : $0 }
        self.lastName = lastName.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// "Ayşe Yılmaz"; nil when neither name is known.
    public var full: String? {
        let name = [firstName, lastName].compactMap { $0 }.joined(separator: " ")
        return name.isEmpty ? nil : name
    }

    public var json: JSON { ["first_name": .from(firstName), "last_name": .from(lastName), "name": .from(full)] }
}

/// A line of an order or a cart as mails show it.
enum ItemLine {
    static func json(_ item: OrderItem, _ format: MoneyFormat, currency: Currency?) -> JSON {
        func money(_ amount: Int64) -> JSON { .string(currency.map { format.format(amount, $0) } ?? format.format(amount)) }
        let (sum, overflow) = item.unitPrice.multipliedReportingOverflow(by: item.quantity)
        return [
            "name": .string(displayName(item)), "quantity": .string(format.format(item.quantity)), "unit_price": money(item.unitPrice),
            "total": money(overflow ? item.unitPrice : sum), "sku": .from(item.sku),
        ]
    }

    private static func displayName(_ item: OrderItem) -> String {
        for name in [item.name, item.sku, item.productID] {
            if let name, !name.isEmpty { return name }
        }
        return "—"
    }
}
