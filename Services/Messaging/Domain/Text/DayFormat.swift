import Shared

/// Days as people of a language write them: `8 March 2026`, `8 Mart 2026`.
public struct DayFormat: Sendable {
    private let months: [String]

    public init(locale: String) {
        months = LocaleChoice.language(of: locale) == "tr" ? Self.turkish : Self.english
    }

    public func format(_ day: CivilDate) -> String {
        "\(day.day) \(months.indices.contains(day.month - 1) ? months[day.month - 1] : String(day.month)) \(day.year)"
    }

    /// The last day (UTC) that is over before a moment.
    public func lastDay(before end: Timestamp) -> String {
        format(CivilDate(daysSinceEpoch: Int(end.milliseconds.floorDivided(by: 86_400_000)) - 1))
    }

    /// The day (UTC) that a moment falls on.
    public func day(of time: Timestamp) -> String {
        format(CivilDate(daysSinceEpoch: Int(time.milliseconds.floorDivided(by: 86_400_000))))
    }

    private static let english = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]
    private static let turkish = [
        "Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım", "Aralık",
    ]
}
