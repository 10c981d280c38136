public import Shared

/// On which days of the week and in which hours of the day an offer counts, in the programme's zone.
public struct OfferSchedule: Sendable, Hashable {
    /// 1 is Monday, 7 Sunday; nil for every day.
    public let weekdays: [Int64]?
    /// From this hour up to, not including, that one; past midnight where the first is the later. Nil for the whole day.
    public let hours: Hours?

    public struct Hours: Sendable, Hashable {
        public let from: Int64
        public let to: Int64
    }

    public init(weekdays: [Int64]? = nil, hours: (from: Int64, to: Int64)? = nil) {
        self.weekdays = weekdays
        self.hours = hours.map { Hours(from: $0.from, to: $0.to) }
    }

    /// Whether it counts at a moment. Hours past midnight belong to the day that the clock shows then.
    public func contains(_ time: Timestamp, zone: ZoneRules) -> Bool {
        let moment = LocalMoment(time, zone: zone)
        if let weekdays, !weekdays.contains(moment.weekday) { return false }
        guard let hours else { return true }
        if hours.from < hours.to { return (hours.from..<hours.to).contains(moment.hour) }
        return moment.hour >= hours.from || moment.hour < hours.to
    }

    /// Reads `{"weekdays"?: [1…7], "hours"?: [from, to]}`. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        let weekdays = Self.numbers(reader, "weekdays", 1...7, counts: 1...7)
        let hours = Self.numbers(reader, "hours", 0...24, counts: 2...2)
        reader.refuseUnknown()
        if let weekdays, Set(weekdays).count != weekdays.count { reader.fail("weekdays", "invalid", "each day once") }
        if let hours, hours[0] == hours[1] || hours[0] == 24 || (hours[0] > hours[1] && hours[1] == 0) {
            reader.fail("hours", "out_of_range", "from one hour to another, such as [18, 22]; [22, 2] goes past midnight")
        }
        guard reader.issues.isEmpty else { return nil }
        self.init(weekdays: weekdays, hours: hours.map { ($0[0], $0[1]) })
    }

    private static func numbers(
        _ reader: FieldReader, _ name: String, _ range: ClosedRange<Int64>, counts: ClosedRange<Int>
    ) -> [Int64]? {
        guard let value = reader.raw(name) else { return nil }
        let numbers = value.array?.compactMap(\.int).filter(range.contains)
        guard let numbers, numbers.count == value.array?.count, counts.contains(numbers.count) else {
            let count = counts.lowerBound == counts.upperBound ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
            reader.fail(name, "invalid", "a list of \(count) whole numbers from \(range.lowerBound) to \(range.upperBound) was expected")
            return nil
        }
        return numbers
    }

    public var json: JSON {
        [
            "weekdays": weekdays.map { .array($0.map(JSON.int)) } ?? .null, "hours": hours.map { [.int($0.from), .int($0.to)] } ?? .null,
        ]
    }
}

/// What the clock on the wall shows.
public struct LocalMoment: Sendable, Equatable {
    public let date: CivilDate
    public let hour: Int64
    /// 1 is Monday, 7 Sunday.
    public let weekday: Int64

    public init(_ time: Timestamp, zone: ZoneRules) {
        let local = zone.local(time)
        date = local.date
        hour = local.millisecondOfDay / 3_600_000
        weekday = Self.weekday(local.date)
    }

    /// Day 0 of the epoch was a Thursday.
    static func weekday(_ date: CivilDate) -> Int64 {
        let days = Int64(date.daysSinceEpoch) + 3
        return days - days.floorDivided(by: 7) * 7 + 1
    }

    /// What conditions see as `time`.
    public var facts: JSON { ["hour": .int(hour), "weekday": .int(weekday), "date": .string(date.text)] }
}

/// How often one person may have an offer.
public struct OfferFrequency: Sendable, Hashable {
    public enum Period: String, Sendable, CaseIterable { case day, week, month, year, lifetime }

    public let times: Int64
    public let every: Period

    public init(times: Int64, every: Period) {
        self.times = times
        self.every = every
    }

    /// The calendar period of the programme's zone that a moment lies in: its first moment, and the next one's. Weeks begin on Monday.
    public func period(of time: Timestamp, zone: ZoneRules) -> Range<Timestamp> {
        let date = zone.local(time).date
        func midnight(_ date: CivilDate?) -> Timestamp { zone.instant(date ?? zone.local(time).date, millisecondOfDay: 0) }
        func days(_ first: Int, _ count: Int) -> Range<Timestamp> {
            midnight(CivilDate(daysSinceEpoch: first))..<midnight(CivilDate(daysSinceEpoch: first + count))
        }
        switch every {
        case .day: return days(date.daysSinceEpoch, 1)
        case .week: return days(date.daysSinceEpoch - Int(LocalMoment.weekday(date) - 1), 7)
        case .month:
            let first = CivilDate(year: date.year, month: date.month, day: 1)
            return midnight(first)..<midnight(first?.adding(months: 1))
        case .year:
            let first = CivilDate(year: date.year, month: 1, day: 1)
            return midnight(first)..<midnight(first?.adding(months: 12))
        case .lifetime: return Timestamp.epoch..<Timestamp(milliseconds: .max)
        }
    }

    /// Reads `{"times", "every"}`. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        let times = reader.require("times", reader.int("times", in: CouponRules.limitRange))
        let every = reader.require("every", reader.choice("every", Period.self))
        reader.refuseUnknown()
        guard let times, let every else { return nil }
        self.init(times: times, every: every)
    }

    public var json: JSON { ["times": .int(times), "every": .string(every.rawValue)] }
}
