public import Shared

/// What an offer does to a cart.
public enum OfferKind: Sendable, Hashable {
    case percent(basisPoints: Int64, maximum: Int64?)
    /// Minor units of the currency; without one, of the programme's, or where it has none of whatever the cart is in.
    case fixed(amount: Int64, currency: Currency?)
    case freeShipping
    case gift(OfferGift)
    /// `get` nil: the same kind of pieces as the bought.
    case buyGet(BuyGet, buy: ItemScope?, get: ItemScope?)
    case priceAdjustment(PriceAdjustment)

    public enum Name: String, Sendable, CaseIterable {
        case percent, fixed, gift
        case freeShipping = "free_shipping"
        case buyGet = "buy_x_get_y"
        case priceAdjustment = "price_adjustment"
    }

    public var name: Name {
        switch self {
        case .percent: .percent
        case .fixed: .fixed
        case .freeShipping: .freeShipping
        case .gift: .gift
        case .buyGet: .buyGet
        case .priceAdjustment: .priceAdjustment
        }
    }

    public var currency: Currency? {
        switch self {
        case .fixed(_, let currency): currency
        case .priceAdjustment(let adjustment): adjustment.currency
        default: nil
        }
    }

    /// Reads what belongs to a kind. What is wrong is noted, and answers nil.
    init?(_ name: Name, _ reader: FieldReader) {
        switch name {
        case .percent:
            let maximum = reader.int("maximum", in: 1...FieldReader.maximumAmount)
            guard let points = reader.require("percent", Discount.basisPoints(reader, in: 0.01...100)) else { return nil }
            self = .percent(basisPoints: points, maximum: maximum)
        case .fixed:
            let currency = reader.currency("currency")
            guard let amount = reader.require("amount", reader.int("amount", in: 1...FieldReader.maximumAmount)) else { return nil }
            self = .fixed(amount: amount, currency: currency)
        case .freeShipping: self = .freeShipping
        case .gift:
            guard let gift = reader.require("gift", reader.reader("gift")).flatMap(OfferGift.init) else { return nil }
            self = .gift(gift)
        case .buyGet:
            guard let kind = Self.buyGet(reader) else { return nil }
            self = kind
        case .priceAdjustment:
            guard let adjustment = PriceAdjustment(reader) else { return nil }
            self = .priceAdjustment(adjustment)
        }
    }

    private static func buyGet(_ reader: FieldReader) -> OfferKind? {
        let buy = reader.require("buy", reader.reader("buy"))
        let get = reader.require("get", reader.reader("get"))
        let maxTimes = reader.int("max_times", in: BuyGet.quantityRange)
        guard let buy, let get else { return nil }
        let buyItems = ItemScope.read(buy)
        let bought = buy.require("quantity", buy.int("quantity", in: BuyGet.quantityRange))
        buy.refuseUnknown()
        let getItems = ItemScope.read(get)
        let given = get.require("quantity", get.int("quantity", in: BuyGet.quantityRange))
        let points = get.raw("percent") == nil ? 10_000 : Discount.basisPoints(get, in: 0.01...100)
        get.refuseUnknown()
        guard let bought, let given, let points else { return nil }
        return .buyGet(BuyGet(buy: bought, get: given, basisPoints: points, maxTimes: maxTimes), buy: buyItems, get: getItems)
    }

    /// Everything but the kind's name.
    public var members: [JSONObject.Member] {
        switch self {
        case .percent(let basisPoints, let maximum):
            return [.init(name: "percent", value: Discount.percent(basisPoints)), .init(name: "maximum", value: .from(maximum))]
        case .fixed(let amount, let currency):
            return [.init(name: "amount", value: .int(amount)), .init(name: "currency", value: .from(currency?.code))]
        case .freeShipping: return []
        case .gift(let gift): return [.init(name: "gift", value: gift.json)]
        case .buyGet(let terms, let buy, let get):
            return [
                .init(name: "buy", value: ["items": buy?.json ?? .null, "quantity": .int(terms.buy)]),
                .init(
                    name: "get",
                    value: ["items": get?.json ?? .null, "quantity": .int(terms.get), "percent": Discount.percent(terms.basisPoints)]),
                .init(name: "max_times", value: .from(terms.maxTimes)),
            ]
        case .priceAdjustment(let adjustment): return adjustment.members
        }
    }
}

/// Something that comes with the order, one of several where the shopper may choose.
public struct OfferGift: Sendable, Hashable {
    public let productID: String?
    public let name: String?
    /// Products of which the shopper chooses one.
    public let choices: [String]

    public init(productID: String?, name: String? = nil, choices: [String] = []) {
        self.productID = productID
        self.name = name
        self.choices = choices
    }

    /// Reads `{"product_id"?, "name"?, "choices"?}`, one of the product and the choices needed. What is wrong is noted, and answers nil.
    init?(_ reader: FieldReader) {
        let productID = reader.string("product_id", max: CloudEvent.maximumTextLength, allowEmpty: false)
        let name = reader.string("name", max: 255, allowEmpty: false)
        let choices = reader.strings("choices", maxCount: 50) ?? []
        reader.refuseUnknown()
        if productID == nil, choices.isEmpty { _ = reader.require("product_id", productID) }
        guard reader.issues.isEmpty else { return nil }
        self.init(productID: productID, name: name, choices: choices)
    }

    public var json: JSON { ["product_id": .from(productID), "name": .from(name), "choices": .from(choices)] }
}
