/// A moment in UTC as mails and their files name it.
struct MailDate {
    /// The first millisecond of the year 10000, where four digits end.
    static let end: Int64 = 253_402_300_800_000

    private let year: Int64
    private let month: Int64
    private let day: Int64
    private let weekday: Int
    private let secondOfDay: Int64

    init(milliseconds: Int64) {
        let seconds = milliseconds / 1000
        let days = seconds / 86400
        secondOfDay = seconds % 86400
        weekday = Int((days + 4) % 7)
        // Days to civil date in the proleptic Gregorian calendar, years beginning in March (H. Hinnant, "chrono-compatible algorithms").
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// RFC 5322, 3.3: "Sat, 21 Nov 2026 09:05:07 +0000".
    var header: String {
        let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let time = [secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60].map { Self.padded($0, 2) }.joined(separator: ":")
        return "\(weekdays[weekday]), \(Self.padded(day, 2)) \(months[Int(month) - 1]) \(Self.padded(year, 4)) \(time) +0000"
    }

    /// "2026-11-21".
    var folder: String {
        "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
