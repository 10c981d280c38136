import Shared

/// A day in a member's year that a rule may pay for.
public enum Occasion: String, Sendable, CaseIterable {
    case birthday = "customer.birthday"
    /// Six calendar months after the birthday.
    case halfBirthday = "customer.half_birthday"
    /// The day the member joined, a year or more later.
    case anniversary = "customer.anniversary"

    /// What is entered fewer days ahead counts from next year on: nobody changes a birthday to tomorrow for the points.
    public static let notice = 30
    /// The same occasion is paid again so many days later at the earliest, whatever became of the date.
    public static let interval = 365

    /// Of which days, as `MM-DD`, a birthday has this occasion on `date`. A day that a month lacks (29 February, 31 August + 6 months) is kept on its
    /// last one.
    public func birthdayKeys(on date: CivilDate) -> [String] {
        let month = self == .halfBirthday ? (date.month + 5) % 12 + 1 : date.month
        var days = [date.day]
        if date.day == CivilDate.daysInMonth(year: date.year, month: date.month), date.day < 31 { days += (date.day + 1)...31 }
        return days.map { Self.key(month: month, day: $0) }
    }

    /// The day in `year` on which somebody of this date has the occasion.
    public func date(of day: CivilDate, in year: Int) -> CivilDate? {
        let month = self == .halfBirthday ? (day.month + 5) % 12 + 1 : day.month
        return CivilDate(year: year, month: month, day: min(day.day, CivilDate.daysInMonth(year: year, month: month)))
    }

    /// The days on which somebody joined who has their anniversary on `date`, oldest year first: the ranges are first day and first day after it.
    public static func joiningDays(for date: CivilDate, since first: CivilDate) -> [(from: CivilDate, until: CivilDate)] {
        guard first.year < date.year else { return [] }
        return (first.year..<date.year).compactMap { year in
            guard
                let from = CivilDate(
                    year: year, month: date.month, day: min(date.day, CivilDate.daysInMonth(year: year, month: date.month)))
            else { return nil }
            // The 29th of a year that has none is its 28th, which the year's own 28th pays for already.
            guard from.day == date.day else { return nil }
            let isLast = date.day == CivilDate.daysInMonth(year: date.year, month: date.month)
            let until = isLast ? from.lastOfMonth : from
            return (from, CivilDate(daysSinceEpoch: until.daysSinceEpoch + 1))
        }
    }

    public static func key(_ birthday: CivilDate) -> String { key(month: birthday.month, day: birthday.day) }

    private static func key(month: Int, day: Int) -> String {
        "\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }
}
