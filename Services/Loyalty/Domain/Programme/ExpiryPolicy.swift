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
    /// Gone once the member has earned by no rule and redeemed nothing for so many months; never sooner than so long after their own activation.
    case inactivity(months: Int)

    public static let monthsRange: ClosedRange<Int64> = 1...1_200

    /// After how many months without activity the points go, where that is what decides.
    public var idleMonths: Int? { if case .inactivity(let months) = self { months } else { nil } }

    /// The moment from which the points are gone; nil for never. By inactivity: if nothing happens any more.
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
        case .inactivity(let months):
            return Self.idle(since: activeAt, months: months, zone: zone)
        }
    }

    /// When a member who was last active at `time` has been inactive for so many months: the same local time of day, on the last day of a month
    /// that is too short.
    public static func idle(since time: Timestamp, months: Int, zone: ZoneRules) -> Timestamp {
        let local = zone.local(time)
        return zone.instant(local.date.adding(months: months), millisecondOfDay: local.millisecondOfDay)
    }

    private static func date(year: Int, month: Int, day: Int) -> CivilDate {
        let day = min(day, CivilDate.daysInMonth(year: year, month: month))
        return CivilDate(year: year, month: month, day: day) ?? CivilDate(daysSinceEpoch: 0)
    }
}

extension ExpiryPolicy {
    /// Reads `{"kind": "none"|"rolling"|"fixed"|"inactivity", "months", "round", "month", "day"}`; what is wrong is noted, and answers nil. What
    /// belongs to another kind contradicts it, but for what is null.
    public init?(_ reader: FieldReader) {
        let kind = reader.require("kind", reader.string("kind", max: 32))
        let months = reader.int("months", in: Self.monthsRange)
        let round = reader.choice("round", Rounding.self)
        let month = reader.int("month", in: 1...12)
        let day = reader.int("day", in: 1...31)
        reader.refuseUnknown()
        let before = reader.issues.issues.count
        for (name, kinds) in Self.fields where reader.object[name].map({ $0 != .null && $0 != "none" }) ?? false {
            guard let kind, Self.kinds.contains(kind), !kinds.contains(kind) else { continue }
            reader.fail(name, "conflict", "goes with \(kinds.joined(separator: " and ")), not with \(kind)")
        }
        guard reader.issues.issues.count == before else { return nil }
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
            guard let months = reader.require("months", months) else { return nil }
            self = .inactivity(months: Int(months))
        default:
            reader.fail("kind", "invalid", "one of none, rolling, fixed, inactivity was expected")
            return nil
        }
    }

    private static let kinds = ["none", "rolling", "fixed", "inactivity"]
    private static let fields = [
        ("months", ["rolling", "inactivity"]), ("round", ["rolling"]), ("month", ["fixed"]), ("day", ["fixed"]),
    ]

    public var json: JSON {
        switch self {
        case .none: ["kind": "none"]
        case .rolling(let months, let round): ["kind": "rolling", "months": .from(months), "round": .string(round.rawValue)]
        case .fixed(let month, let day): ["kind": "fixed", "month": .from(month), "day": .from(day)]
        case .inactivity(let months): ["kind": "inactivity", "months": .from(months)]
        }
    }
}
