import Shared

/// The most that one rule gives one member in a calendar period of the programme's zone.
public struct MemberCap: Sendable, Hashable {
    public enum Period: String, Sendable, CaseIterable { case day, week, month, year, lifetime }

    public let points: Int64
    public let every: Period

    public init(points: Int64, every: Period) {
        self.points = points
        self.every = every
    }

    /// Names the period that a moment lies in: `2026-03-07`, `week of 2026-03-02` (Mondays), `2026-03`, `2026`, `lifetime`.
    public func period(of time: Timestamp, zone: ZoneRules) -> String {
        let date = zone.local(time).date
        switch every {
        case .day: return date.text
        case .week:
            // Day 0 of the epoch was a Thursday.
            let days = date.daysSinceEpoch
            let weekday = Int((Int64(days) + 3) - (Int64(days) + 3).floorDivided(by: 7) * 7)
            return "week of \(CivilDate(daysSinceEpoch: days - weekday).text)"
        case .month: return String(date.text.prefix(7))
        case .year: return String(date.text.prefix(4))
        case .lifetime: return "lifetime"
        }
    }

    /// Reads `{"per_member": {"points", "every"}}`.
    public init?(_ reader: FieldReader) {
        let member = reader.require("per_member", reader.reader("per_member"))
        reader.refuseUnknown()
        guard let member else { return nil }
        let points = member.require("points", member.int("points", in: PointsAward.pointsRange))
        let every = member.require("every", member.choice("every", Period.self))
        member.refuseUnknown()
        guard let points, let every else { return nil }
        self.init(points: points, every: every)
    }

    public var json: JSON { ["per_member": ["points": .int(points), "every": .string(every.rawValue)]] }
}
