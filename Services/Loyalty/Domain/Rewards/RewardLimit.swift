public import Shared

/// How often one member may have a reward in a calendar period of the programme's zone.
public struct RewardLimit: Sendable, Hashable {
    public enum Period: String, Sendable, CaseIterable { case day, week, month, year, lifetime }

    public let times: Int64
    public let every: Period

    public static let timesRange: ClosedRange<Int64> = 1...1_000_000

    public init(times: Int64, every: Period) {
        self.times = times
        self.every = every
    }

    /// When the period that a moment lies in began (weeks on Mondays); nil for ever.
    public func start(of time: Timestamp, zone: ZoneRules) -> Timestamp? {
        let today = zone.local(time).date
        let first: CivilDate?
        switch every {
        case .day: first = today
        case .week:
            // Day 0 of the epoch was a Thursday.
            let days = Int64(today.daysSinceEpoch)
            let weekday = (days + 3) - (days + 3).floorDivided(by: 7) * 7
            first = CivilDate(daysSinceEpoch: Int(days - weekday))
        case .month: first = CivilDate(year: today.year, month: today.month, day: 1)
        case .year: first = CivilDate(year: today.year, month: 1, day: 1)
        case .lifetime: first = nil
        }
        return first.map { zone.instant($0, millisecondOfDay: 0) }
    }

    /// Reads `{"times", "every"?}`; for ever where nothing is said.
    init?(_ reader: FieldReader) {
        let times = reader.require("times", reader.int("times", in: Self.timesRange))
        let every = reader.choice("every", Period.self)
        reader.refuseUnknown()
        guard let times else { return nil }
        self.init(times: times, every: every ?? .lifetime)
    }

    public var json: JSON { ["times": .int(times), "every": .string(every.rawValue)] }
}
