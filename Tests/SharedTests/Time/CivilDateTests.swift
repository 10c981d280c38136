import Foundation
import Shared
import Testing

@Suite("Civil dates") struct CivilDateTests {
    @Test("every day from 1970 to 2100 is Foundation's, and follows the one before")
    func everyDay() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        var before: CivilDate?
        let last = try #require(CivilDate("2100-12-31")).daysSinceEpoch
        for days in 0...last {
            let date = CivilDate(daysSinceEpoch: days)
            let parts = calendar.dateComponents([.year, .month, .day], from: Date(timeIntervalSince1970: Double(days) * 86_400))
            guard date.year == parts.year, date.month == parts.month, date.day == parts.day, date.daysSinceEpoch == days,
                CivilDate(date.text) == date, before.map({ $0 < date }) ?? true
            else {
                Issue.record("day \(days): \(date.text) is not \(parts)")
                return
            }
            before = date
        }
        #expect(last == 47_846)
    }

    @Test("days before 1970 and far away go there and back")
    func farAway() {
        var random = Seeded()
        for _ in 0..<5_000 {
            let days = random.int(-719_528...2_932_896)
            let date = CivilDate(daysSinceEpoch: days)
            #expect(date.daysSinceEpoch == days && (0...9_999).contains(date.year), "\(random)")
        }
        #expect(CivilDate(daysSinceEpoch: -719_528).text == "0000-01-01")
        #expect(CivilDate(daysSinceEpoch: 2_932_896).text == "9999-12-31")
    }

    @Test(
        "months later is the same day, or the last where the month is shorter",
        arguments: [
            ("2026-01-31", 1, "2026-02-28"), ("2024-01-31", 1, "2024-02-29"), ("2026-03-31", -1, "2026-02-28"),
            ("2026-01-15", 12, "2027-01-15"),
            ("2024-02-29", 12, "2025-02-28"), ("2024-02-29", 48, "2028-02-29"), ("2026-01-01", -1, "2025-12-01"),
            ("2026-12-31", 2, "2027-02-28"),
            ("2026-05-31", 1, "2026-06-30"), ("2026-05-31", 0, "2026-05-31"), ("2026-01-31", -13, "2024-12-31"),
            ("2000-02-29", 1_200, "2100-02-28"),
            // Out of the calendar: it stays.
            ("9999-12-31", 1, "9999-12-31"), ("0000-01-01", -1, "0000-01-01"), ("2026-01-01", .max, "2026-01-01"),
            ("2026-01-01", .min, "2026-01-01"),
        ])
    func months(start: String, months: Int, end: String) throws {
        #expect(try #require(CivilDate(start)).adding(months: months).text == end)
    }

    // Not against Foundation: its calendar for Linux loses a day on the way back to a February.
    @Test("adding months lands in that month, on the same day or on its last")
    func monthsByCounting() throws {
        var random = Seeded()
        for _ in 0..<5_000 {
            let date = CivilDate(daysSinceEpoch: random.int(0...40_000))
            let months = random.int(-300...300)
            let moved = date.adding(months: months)
            #expect(moved.year * 12 + moved.month == date.year * 12 + date.month + months, "\(random)")
            let first = try #require(CivilDate(year: moved.year, month: moved.month, day: 1)).daysSinceEpoch
            let next = try #require(
                CivilDate(year: moved.month == 12 ? moved.year + 1 : moved.year, month: moved.month % 12 + 1, day: 1)
            ).daysSinceEpoch
            #expect(moved.day == min(date.day, next - first), "\(random): \(date.text) and \(months) months: \(moved.text)")
        }
    }

    @Test("takes days that exist, written with all their digits", arguments: ["2026-03-01", "2024-02-29", "0000-01-01", "9999-12-31"])
    func takes(text: String) {
        #expect(CivilDate(text)?.text == text)
    }

    @Test(
        "refuses the others",
        arguments: [
            "", "2026-3-01", "2026-3-001", "202-003-01", "20260-3-01", "2026-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00",
            "2026/03/01",
            "20260301", "2026-03-01T", "+026-03-01", "2026--3-01", "-026-03-01", "２026-03-01", "2026-03-1 ", "yyyy-mm-dd",
        ])
    func refuses(text: String) {
        #expect(CivilDate(text) == nil)
    }

    @Test("knows leap years and the last of a month")
    func leapYears() throws {
        #expect(CivilDate.isLeap(2000) && CivilDate.isLeap(2024) && !CivilDate.isLeap(1900) && !CivilDate.isLeap(2023))
        #expect(try #require(CivilDate("2024-02-03")).lastOfMonth.text == "2024-02-29")
        #expect(try #require(CivilDate("2026-12-03")).lastOfMonth.text == "2026-12-31")
    }
}
