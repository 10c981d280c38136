/// What a coupon takes off an order.
public enum Discount: Sendable, Hashable {
    /// So many minor units of a currency; without one, of whatever currency the cart is in.
    case fixed(amount: Int64, currency: Currency?)
    /// A share in basis points (1250 is 12.5 %), at most `maximum` minor units.
    case percent(basisPoints: Int64, maximum: Int64?)
    case freeShipping

    public enum Kind: String, Sendable, CaseIterable {
        case fixed, percent
        case freeShipping = "free_shipping"
    }

    public var kind: Kind {
        switch self {
        case .fixed: .fixed
        case .percent: .percent
        case .freeShipping: .freeShipping
        }
    }
}

extension Discount {
    /// Reads `{"type": "fixed", "amount", "currency"?}`, `{"type": "percent", "percent", "maximum"?}` or `{"type": "free_shipping"}`. What is wrong is
    /// noted, and answers nil.
    public init?(_ reader: FieldReader) {
        guard let kind = reader.require("type", reader.choice("type", Kind.self)) else { return nil }
        defer { reader.refuseUnknown() }
        self.init(kind, reader)
    }

    /// Reads what belongs to a kind: `amount` and `currency`, or `percent` and `maximum`.
    init?(_ kind: Kind, _ reader: FieldReader) {
        switch kind {
        case .fixed:
            let currency = reader.currency("currency")
            guard let amount = reader.require("amount", reader.int("amount", in: 1...FieldReader.maximumAmount)) else { return nil }
            self = .fixed(amount: amount, currency: currency)
        case .percent:
            let maximum = reader.int("maximum", in: 1...FieldReader.maximumAmount)
            guard let percent = reader.require("percent", reader.double("percent", in: 0.01...100)) else { return nil }
            let points = (percent * 100).rounded()
            guard abs(percent * 100 - points) < 1e-6 else {
                reader.fail("percent", "too_precise", "at most two decimals")
                return nil
            }
            self = .percent(basisPoints: Int64(points), maximum: maximum)
        case .freeShipping:
            self = .freeShipping
        }
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
            let percent: JSON = basisPoints % 100 == 0 ? .int(basisPoints / 100) : .double(Double(basisPoints) / 100)
            return [.init(name: "percent", value: percent), .init(name: "maximum", value: .from(maximum))]
        case .freeShipping:
            return []
        }
    }
}
