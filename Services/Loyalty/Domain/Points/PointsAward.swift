import Shared

/// What a rule gives.
public enum PointsAward: Sendable, Hashable {
    /// `points` for every `amount` of the basis, the whole rounded down once. `amount` counts minor units of the order's currency, or, with `scale`,
    /// units of 10^-scale of the currency's main unit: scale 2 and amount 100 is "per 1.00" whatever the currency (1.00 TRY, 1 JPY, 1.000 KWD).
    case perAmount(points: Int64, amount: Int64, scale: Int?)
    /// So many for every piece.
    case perItem(Int64)
    /// So many, once.
    case fixed(Int64)

    public static let pointsRange: ClosedRange<Int64> = 1...1_000_000_000
    public static let scaleRange: ClosedRange<Int64> = 0...4
    /// Hundredths: what a tier's multiplier is when there is none.
    public static let single: Int64 = 100

    /// Points for so much of the basis (minor units, or pieces), times a multiplier in hundredths, rounded down once. An order without a currency is
    /// taken to have two decimals.
    public func points(for basis: Int64, currency: Currency?, multiplier: Int64 = single) -> Int64 {
        switch self {
        case .fixed(let points):
            return Self.bounded(Int128(points) * Int128(multiplier), over: Int128(Self.single))
        case .perItem(let points):
            return basis > 0 ? Self.bounded(Int128(basis) * Int128(points) * Int128(multiplier), over: Int128(Self.single)) : 0
        case .perAmount(let points, let amount, let scale):
            guard basis > 0, amount > 0 else { return 0 }
            // At most 2^53 × 2^30 × 2^14 × 2^14 over 2^53 × 2^14 × 2^7.
            let scaled = scale.map { Int128(Self.power($0)) } ?? 1
            let unit = scale == nil ? 1 : Int128(currency?.unit ?? 100)
            return Self.bounded(
                Int128(points) * Int128(basis) * scaled * Int128(multiplier), over: Int128(amount) * unit * Int128(Self.single))
        }
    }

    /// Whether it reckons from an amount or a count, and so follows a tier's multiplier unless the rule says otherwise.
    public var isProportional: Bool { if case .fixed = self { false } else { true } }

    private static func bounded(_ numerator: Int128, over denominator: Int128) -> Int64 {
        min(Exact.clamp(numerator / denominator), Exact.maximumPoints)
    }

    private static func power(_ exponent: Int) -> Int64 { (0..<exponent).reduce(1) { value, _ in value * 10 } }
}

extension PointsAward {
    /// Reads `{"per_amount": {"points", "amount", "scale"?}}`, `{"per_item": {"points"}}` or `{"fixed": n}`.
    public init?(_ reader: FieldReader) {
        let perAmount = reader.reader("per_amount")
        let perItem = reader.reader("per_item")
        let fixed = reader.int("fixed", in: Self.pointsRange)
        reader.refuseUnknown()
        let said = ["per_amount", "per_item", "fixed"].filter { reader.has($0) && reader.object[$0] != .null }
        if said.count > 1 {
            reader.fail(said[said.count - 1], "conflict", "one of per_amount, per_item and fixed, not several")
            return nil
        }
        if let perAmount {
            let points = perAmount.require("points", perAmount.int("points", in: Self.pointsRange))
            let amount = perAmount.require("amount", perAmount.int("amount", in: 1...FieldReader.maximumAmount))
            let scale = perAmount.int("scale", in: Self.scaleRange)
            perAmount.refuseUnknown()
            guard let points, let amount else { return nil }
            self = .perAmount(points: points, amount: amount, scale: scale.map(Int.init))
        } else if let perItem {
            let points = perItem.require("points", perItem.int("points", in: Self.pointsRange))
            perItem.refuseUnknown()
            guard let points else { return nil }
            self = .perItem(points)
        } else if let fixed {
            self = .fixed(fixed)
        } else {
            if said.isEmpty { reader.fail("per_amount", "missing", "per_amount, per_item or fixed is required") }
            return nil
        }
    }

    public var json: JSON {
        switch self {
        case .fixed(let points): return ["fixed": .int(points)]
        case .perItem(let points): return ["per_item": ["points": .int(points)]]
        case .perAmount(let points, let amount, let scale):
            var object = JSONObject([.init(name: "points", value: .int(points)), .init(name: "amount", value: .int(amount))])
            if let scale { object["scale"] = .from(scale) }
            return ["per_amount": .object(object)]
        }
    }
}
