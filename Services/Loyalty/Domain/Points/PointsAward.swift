import Shared

/// What a rule gives.
public enum PointsAward: Sendable, Hashable {
    /// `points` for every `amount` of the basis, the whole rounded down once. `amount` counts minor units of the order's currency, or, with `scale`,
    /// units of 10^-scale of the currency's main unit: scale 2 and amount 100 is "per 1.00" whatever the currency (1.00 TRY, 1 JPY, 1.000 KWD).
    case perAmount(points: Int64, amount: Int64, scale: Int?)
    /// So many, once.
    case fixed(Int64)

    public static let pointsRange: ClosedRange<Int64> = 1...1_000_000_000
    public static let scaleRange: ClosedRange<Int64> = 0...4

    /// Points for so much of the basis (minor units). An order without a currency is taken to have two decimals.
    func points(for basis: Int64, currency: Currency?) -> Int64 {
        switch self {
        case .fixed(let points): return points
        case .perAmount(let points, let amount, let scale):
            guard basis > 0, amount > 0 else { return 0 }
            guard let scale else { return min(Exact.floor(basis, times: points, over: amount), Exact.maximumPoints) }
            // points × basis × 10^scale ÷ (amount × 10^exponent): at most 2^30 × 2^53 × 2^14 over 2^53 × 2^14.
            let numerator = Int128(points) * Int128(basis) * Int128(Self.power(scale))
            let denominator = Int128(amount) * Int128(currency?.unit ?? 100)
            return min(Exact.clamp(numerator / denominator), Exact.maximumPoints)
        }
    }

    private static func power(_ exponent: Int) -> Int64 { (0..<exponent).reduce(1) { value, _ in value * 10 } }
}

extension PointsAward {
    /// Reads `{"per_amount": {"points", "amount", "scale"?}}` or `{"fixed": n}`.
    public init?(_ reader: FieldReader) {
        let perAmount = reader.reader("per_amount")
        let fixed = reader.int("fixed", in: Self.pointsRange)
        reader.refuseUnknown()
        if let perAmount {
            let points = perAmount.require("points", perAmount.int("points", in: Self.pointsRange))
            let amount = perAmount.require("amount", perAmount.int("amount", in: 1...FieldReader.maximumAmount))
            let scale = perAmount.int("scale", in: Self.scaleRange)
            perAmount.refuseUnknown()
            if reader.has("fixed"), reader.object["fixed"] != .null {
                reader.fail("fixed", "conflict", "either per_amount or fixed, not both")
                return nil
            }
            guard let points, let amount else { return nil }
            self = .perAmount(points: points, amount: amount, scale: scale.map(Int.init))
        } else if let fixed {
            self = .fixed(fixed)
        } else {
            if !reader.has("per_amount"), !reader.has("fixed") { reader.fail("per_amount", "missing", "per_amount or fixed is required") }
            return nil
        }
    }

    public var json: JSON {
        switch self {
        case .fixed(let points): return ["fixed": .int(points)]
        case .perAmount(let points, let amount, let scale):
            var object = JSONObject([.init(name: "points", value: .int(points)), .init(name: "amount", value: .int(amount))])
            if let scale { object["scale"] = .from(scale) }
            return ["per_amount": .object(object)]
        }
    }
}
