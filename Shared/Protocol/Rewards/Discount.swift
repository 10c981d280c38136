/// What a coupon takes off an order.
public enum Discount: Sendable, Hashable {
    /// So many minor units of a currency; without one, of whatever currency the cart is in.
    case fixed(amount: Int64, currency: Currency?)
    /// A share in basis points (1250 is 12.5 %), at most `maximum` minor units.
    case percent(basisPoints: Int64, maximum: Int64?)
    case freeShipping
    /// So many pieces of a product for nothing, the cheapest of those in the cart.
    case product(productID: String, quantity: Int64)

    public enum Kind: String, Sendable, CaseIterable {
        case fixed, percent
        case freeShipping = "free_shipping"
        case product
    }

    public static let quantityRange: ClosedRange<Int64> = 1...1_000

    public var kind: Kind {
        switch self {
        case .fixed: .fixed
        case .percent: .percent
        case .freeShipping: .freeShipping
        case .product: .product
        }
    }
}

extension Discount {
    /// Reads `{"type": "fixed", "amount", "currency"?}`, `{"type": "percent", "percent", "maximum"?}`, `{"type": "free_shipping"}` or
    /// `{"type": "product", "product_id", "quantity"?}`. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        guard let kind = reader.require("type", reader.choice("type", Kind.self)) else { return nil }
        defer { reader.refuseUnknown() }
        self.init(kind, reader)
    }

    /// Reads what belongs to a kind: `amount` and `currency`, `percent` and `maximum`, or `product_id` and `quantity`.
    init?(_ kind: Kind, _ reader: FieldReader) {
        switch kind {
        case .fixed:
            let currency = reader.currency("currency")
            guard let amount = reader.require("amount", reader.int("amount", in: 1...FieldReader.maximumAmount)) else { return nil }
            self = .fixed(amount: amount, currency: currency)
        case .percent:
            let maximum = reader.int("maximum", in: 1...FieldReader.maximumAmount)
            guard let points = reader.require("percent", Self.basisPoints(reader, in: 0.01...100)) else { return nil }
            self = .percent(basisPoints: points, maximum: maximum)
        case .freeShipping:
            self = .freeShipping
        case .product:
            let quantity = reader.int("quantity", in: Self.quantityRange) ?? 1
            guard let productID = reader.requiredString("product_id", max: CloudEvent.maximumTextLength) else { return nil }
            self = .product(productID: productID, quantity: quantity)
        }
    }

    /// A `percent` in basis points (12.5 is 1250).
    public static func basisPoints(_ reader: FieldReader, in range: ClosedRange<Double>) -> Int64? {
        guard let percent = reader.double("percent", in: range) else { return nil }
        let points = (percent * 100).rounded()
        guard abs(percent * 100 - points) < 1e-6 else {
            reader.fail("percent", "too_precise", "at most two decimals")
            return nil
        }
        return Int64(points)
    }

    /// Basis points as a `percent` is written: 1250 is 12.5.
    public static func percent(_ basisPoints: Int64) -> JSON {
        basisPoints % 100 == 0 ? .int(basisPoints / 100) : .double(Double(basisPoints) / 100)
    }

    public var json: JSON {
        var object = JSONObject([.init(name: "type", value: .string(kind.rawValue))])
        for member in details { object[member.name] = member.value }
        return .object(object)
    }

    /// Everything but the kind.
    var details: [JSONObject.Member] {
        switch self {
        case .fixed(let amount, let currency):
            return [.init(name: "amount", value: .int(amount)), .init(name: "currency", value: .from(currency?.code))]
        case .percent(let basisPoints, let maximum):
            return [.init(name: "percent", value: Self.percent(basisPoints)), .init(name: "maximum", value: .from(maximum))]
        case .freeShipping:
            return []
        case .product(let productID, let quantity):
            return [.init(name: "product_id", value: .string(productID)), .init(name: "quantity", value: .int(quantity))]
        }
    }
}
