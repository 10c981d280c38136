import Shared

/// The most referrals that one advocate is rewarded for in a calendar period (UTC).
public struct AdvocateLimit: Sendable, Hashable {
    public enum Period: String, Sendable, CaseIterable { case day, week, month, year, lifetime }

    public let count: Int64
    public let every: Period

    public init(count: Int64, every: Period) {
        self.count = count
        self.every = every
    }

    /// Reads `{"count", "every"}`. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        let count = reader.require("count", reader.int("count", in: 1...1_000_000))
        let every = reader.require("every", reader.choice("every", Period.self))
        reader.refuseUnknown()
        guard let count, let every else { return nil }
        self.init(count: count, every: every)
    }

    public var json: JSON { ["count": .int(count), "every": .string(every.rawValue)] }

    /// When the period began that a moment lies in; weeks begin on Mondays.
    public func start(of time: Timestamp) -> Timestamp {
        let day = time.milliseconds.floorDivided(by: 86_400_000)
        let date = CivilDate(daysSinceEpoch: Int(day))
        let first: Int64
        switch every {
        case .day: first = day
        // Day 0 of the epoch was a Thursday.
        case .week: first = day - ((day + 3) - (day + 3).floorDivided(by: 7) * 7)
        case .month: first = day - Int64(date.day - 1)
        case .year: first = Int64((CivilDate(year: date.year, month: 1, day: 1) ?? date).daysSinceEpoch)
        case .lifetime: return Timestamp(milliseconds: .min)
        }
        return Timestamp(milliseconds: first * 86_400_000)
    }
}
