import Shared

/// The net promoter score of a set of answers from 0 to 10: promoters (9, 10) less detractors (0 to 6), in hundredths of all.
public struct NPSFigures: Sendable, Equatable {
    public let promoters: Int64
    public let passives: Int64
    public let detractors: Int64

    public init(promoters: Int64, passives: Int64, detractors: Int64) {
        self.promoters = promoters
        self.passives = passives
        self.detractors = detractors
    }

    /// From how often each value was given.
    public init(counts: (Int64) -> Int64) {
        self.init(
            promoters: counts(9) + counts(10), passives: counts(7) + counts(8), detractors: (0...6).reduce(0) { $0 + counts($1) })
    }

    public var answers: Int64 { promoters + passives + detractors }

    /// −100…100; nil without answers.
    public var score: Double? {
        answers > 0 ? Double(promoters - detractors) * 100 / Double(answers) : nil
    }

    /// The score's 95 % interval, within −100…100 and never leaving the score out; nil without answers.
    ///
    /// The adjusted Wald interval for the difference of two proportions of one multinomial sample: three answers are added, ¾ promoter, 1½ passive
    /// and ¾ detractor, and the normal approximation is taken of that (Rocks, "Interval Estimation for the Net Promoter Score", The American
    /// Statistician 70, 2016, where it covers nearest to 95 % also in small samples). The plain Wald interval of ten promoters has no width.
    public var interval: ClosedRange<Double>? {
        guard let score else { return nil }
        let count = Double(answers) + 3
        let up = (Double(promoters) + 0.75) / count
        let down = (Double(detractors) + 0.75) / count
        let difference = up - down
        let reach = Self.normalQuantile * (max(0, up + down - difference * difference) / count).squareRoot()
        let low = min(score, max(-100, Self.rounded((difference - reach) * 100)))
        let high = max(score, min(100, Self.rounded((difference + reach) * 100)))
        return low...high
    }

    /// The normal distribution's 97.5 % quantile.
    private static let normalQuantile = 1.959_963_985
    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    /// `promoters`, `passives`, `detractors`, `nps` and `interval`.
    public var members: [JSONObject.Member] {
        [
            .init(name: "promoters", value: .int(promoters)), .init(name: "passives", value: .int(passives)),
            .init(name: "detractors", value: .int(detractors)), .init(name: "nps", value: score.map(JSON.plain) ?? .null),
            .init(name: "interval", value: interval.map { .array([.plain($0.lowerBound), .plain($0.upperBound)]) } ?? .null),
        ]
    }
}

extension JSON {
    /// A number as people write it: whole where it is whole.
    static func plain(_ value: Double) -> JSON {
        value.rounded() == value && abs(value) < 1e15 ? .int(Int64(value)) : .double(value)
    }
}
