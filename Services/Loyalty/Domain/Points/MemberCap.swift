import Shared

/// The most that one rule gives in a calendar period of the programme's zone: to one member, or, as a budget, to all of them.
public struct MemberCap: Sendable, Hashable {
    public enum Period: String, Sendable, CaseIterable { case day, week, month, year, lifetime }

    public let points: Int64
    public let every: Period

    public init(points: Int64, every: Period) {
        self.points = points
        self.every = every
    }

    /// Names the period that a moment lies in.
    public func period(of time: Timestamp, zone: ZoneRules) -> String { every.name(of: time, zone: zone) }

    /// Reads `{"points", "every"}`; `otherwise` is the period of one that names none, nil where it has to.
    init?(_ reader: FieldReader, otherwise: Period?) {
        let points = reader.require("points", reader.int("points", in: PointsAward.pointsRange))
        var every = reader.choice("every", Period.self)
        if every == nil, otherwise == nil || (reader.has("every") && reader.object["every"] != .null) {
            every = reader.require("every", every)
        } else {
            every = every ?? otherwise
        }
        reader.refuseUnknown()
        guard let points, let every else { return nil }
        self.init(points: points, every: every)
    }

    var json: JSON { ["points": .int(points), "every": .string(every.rawValue)] }
}

extension MemberCap.Period {
    /// Names the period that a moment lies in: `2026-03-07`, `week of 2026-03-02` (Mondays), `2026-03`, `2026`, `lifetime`.
    public func name(of time: Timestamp, zone: ZoneRules) -> String {
        if self == .lifetime { return "lifetime" }
        let first = first(of: zone.local(time).date)
        switch self {
        case .day, .lifetime: return first.text
        case .week: return "week of \(first.text)"
        case .month: return String(first.text.prefix(7))
        case .year: return String(first.text.prefix(4))
        }
    }

    /// From when up to, not including, when the period of a moment lasts; nil on a side without an end.
    public func bounds(of time: Timestamp, zone: ZoneRules) -> (from: Timestamp?, until: Timestamp?) {
        if self == .lifetime { return (nil, nil) }
        let first = first(of: zone.local(time).date)
        let next: CivilDate
        switch self {
        case .day, .lifetime: next = CivilDate(daysSinceEpoch: first.daysSinceEpoch + 1)
        case .week: next = CivilDate(daysSinceEpoch: first.daysSinceEpoch + 7)
        case .month: next = first.adding(months: 1)
        case .year: next = first.adding(months: 12)
        }
        return (zone.instant(first, millisecondOfDay: 0), zone.instant(next, millisecondOfDay: 0))
    }

    private func first(of date: CivilDate) -> CivilDate {
        let days = date.daysSinceEpoch
        switch self {
        case .day, .lifetime: return date
        case .week: return CivilDate(daysSinceEpoch: days - date.weekday + 1)
        case .month: return CivilDate(daysSinceEpoch: days - date.day + 1)
        case .year: return CivilDate(year: date.year, month: 1, day: 1) ?? date
        }
    }
}

extension CivilDate {
    /// 1 = Monday … 7 = Sunday.
    public var weekday: Int {
        // Day 0 of the epoch was a Thursday.
        let days = Int64(daysSinceEpoch) + 3
        return Int(days - days.floorDivided(by: 7) * 7) + 1
    }
}
