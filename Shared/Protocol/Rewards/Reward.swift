/// What somebody is given, as a merchant writes it into a referral programme, a survey or a flow.
public enum Reward: Sendable, Hashable {
    /// A coupon of their own.
    case discount(Discount)
    case points(Int64)

    public static let pointsRange: ClosedRange<Int64> = 1...1_000_000_000

    private enum Kind: String, Sendable, CaseIterable {
        case fixed, percent, points
        case freeShipping = "free_shipping"
    }

    /// Reads `{"kind": "fixed", "amount", "currency"?}`, `{"kind": "percent", "percent", "maximum"?}`, `{"kind": "free_shipping"}` or
    /// `{"kind": "points", "points"}`. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        guard let kind = reader.require("kind", reader.choice("kind", Kind.self)) else { return nil }
        defer { reader.refuseUnknown() }
        switch kind {
        case .points:
            guard let points = reader.require("points", reader.int("points", in: Self.pointsRange)) else { return nil }
            self = .points(points)
        case .fixed, .percent, .freeShipping:
            guard let discount = Discount.Kind(rawValue: kind.rawValue).flatMap({ Discount($0, reader) }) else { return nil }
            self = .discount(discount)
        }
    }

    public var json: JSON {
        switch self {
        case .points(let points):
            return ["kind": "points", "points": .int(points)]
        case .discount(let discount):
            var object = JSONObject([.init(name: "kind", value: .string(discount.kind.rawValue))])
            for member in discount.details { object[member.name] = member.value }
            return .object(object)
        }
    }
}
