import Shared

/// When points of a lot run out, counted from their activation in the programme's time zone.
public enum ExpiryPolicy: Sendable, Hashable {
    public enum Rounding: String, Sendable, CaseIterable {
        case none
        /// Good through the last day of that month.
        case monthEnd = "month_end"
    }

    case none
    /// So many months later, at the same local time of day; the 31st + 1 month is the last day of a shorter month.
    case rolling(months: Int, round: Rounding)
    /// Good through the next such day after the day of activation; 29 February is the 28th where there is none.
    case fixed(month: Int, day: Int)

    public static let monthsRange: ClosedRange<Int64> = 1...1_200

    /// The moment from which the points are gone; nil for never.
    public func expiresAt(activeAt: Timestamp, zone: ZoneRules) -> Timestamp? {
        switch self {
        case .none:
            return nil
        case .rolling(let months, let round):
            let local = zone.local(activeAt)
            let date = local.date.adding(months: months)
            switch round {
            case .none: return zone.instant(date, millisecondOfDay: local.millisecondOfDay)
            case .monthEnd: return zone.endOfDay(date.lastOfMonth)
            }
        case .fixed(let month, let day):
            let today = zone.local(activeAt).date
            let thisYear = Self.date(year: today.year, month: month, day: day)
            return zone.endOfDay(thisYear > today ? thisYear : Self.date(year: today.year + 1, month: month, day: day))
        }
    }

    private static func date(year: Int, month: Int, day: Int) -> CivilDate {
        let day = min(day, CivilDate.daysInMonth(year: year, month: month))
        return CivilDate(year: year, month: month, day: day) ?? CivilDate(daysSinceEpoch: 0)
    }
}

extension ExpiryPolicy {
    /// Reads `{"kind": "none"|"rolling"|"fixed", "months", "round", "month", "day"}`; what is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        let kind = reader.require("kind", reader.string("kind", max: 32))
        let months = reader.int("months", in: Self.monthsRange)
        let round = reader.choice("round", Rounding.self)
        let month = reader.int("month", in: 1...12)
        let day = reader.int("day", in: 1...31)
        reader.refuseUnknown()
        switch kind {
        case nil: return nil
        case "none": self = .none
        case "rolling":
            guard let months = reader.require("months", months) else { return nil }
            self = .rolling(months: Int(months), round: round ?? .none)
        case "fixed":
            guard let month = reader.require("month", month), let day = reader.require("day", day) else { return nil }
            guard CivilDate(year: 2_000, month: Int(month), day: Int(day)) != nil else {
                reader.fail("day", "out_of_range", "that month has no such day")
                return nil
            }
            self = .fixed(month: Int(month), day: Int(day))
        case "inactivity":
            reader.fail("kind", "not_supported_yet", "expiry by inactivity comes later; none, rolling or fixed")
            return nil
        default:
            reader.fail("kind", "invalid", "one of none, rolling, fixed, inactivity was expected")
            return nil
        }
    }

    public var json: JSON {
        switch self {
        case .none: ["kind": "none"]
        case .rolling(let months, let round): ["kind": "rolling", "months": .from(months), "round": .string(round.rawValue)]
        case .fixed(let month, let day): ["kind": "fixed", "month": .from(month), "day": .from(day)]
        }
    }
}
