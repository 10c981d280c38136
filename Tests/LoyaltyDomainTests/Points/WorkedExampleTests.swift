import LoyaltyDomain
import Shared
import Testing

/// What others publish as examples of how points are reckoned.
@Suite("Published worked examples")
struct WorkedExampleTests {
    @Test("Yotpo: 49.95 earns 49")
    func yotpoRoundsDown() {
        #expect(rule().kept(OrderStanding(order(orderData(subtotal: 4_995, total: 4_995)), refunds: [])) == 49)
    }

    @Test("Yotpo: a refund of 75 out of 100 leaves 25")
    func yotpoRefund() {
        let hundred = order(orderData(subtotal: 10_000, total: 10_000))
        #expect(rule().kept(OrderStanding(hundred, refunds: [amountRefund("a", 7_500)])) == 25)
        #expect(rule().kept(OrderStanding(hundred, refunds: [amountRefund("a", 2_500), amountRefund("b", 5_000)])) == 25)
    }

    @Test("31 January + 1 month is the end of February", arguments: [("2026-01-31", "2026-02-28"), ("2028-01-31", "2028-02-29")])
    func endOfFebruary(_ from: String, _ to: String) throws {
        let date = try #require(CivilDate(from))
        #expect(date.adding(months: 1).text == to)
        let start = ZoneRules.utc.instant(date, millisecondOfDay: 3_600_000)
        let end = try #require(ExpiryPolicy.rolling(months: 1, round: .none).expiresAt(activeAt: start, zone: .utc))
        #expect(ZoneRules.utc.local(end).date.text == to)
    }

    @Test(
        "a birthday on 29 February is the 28th in other years",
        arguments: [(2_026, "2026-02-28"), (2_027, "2027-02-28"), (2_028, "2028-02-29"), (2_100, "2100-02-28")])
    func leapBirthday(_ year: Int, _ expected: String) throws {
        let born = try #require(CivilDate("1992-02-29"))
        #expect(Occasion.birthday.date(of: born, in: year)?.text == expected)
        let day = try #require(CivilDate(expected))
        #expect(Occasion.birthday.birthdayKeys(on: day).contains("02-29"))
    }

    @Test("a tier that doubles makes 2 per 1.00 out of 1, rounded down once")
    func multiplied() {
        let standing = OrderStanding(order(orderData(subtotal: 4_995, total: 4_995)), refunds: [])
        #expect(rule().kept(standing, multiplier: 200) == 99)
        #expect(rule(.fixed(10)).kept(standing, multiplier: 200) == 10)
        var fixed = rule(.fixed(10))
        fixed.isMultiplied = true
        #expect(fixed.kept(standing, multiplier: 150) == 15)
    }
}

@Suite("Occasions by the calendar")
struct OccasionTests {
    @Test(
        "everybody has every occasion exactly once a year, on the day the sweep looks for them",
        arguments: [Occasion.birthday, .halfBirthday])
    func onceAYear(_ occasion: Occasion) throws {
        let start = try #require(CivilDate("2028-01-01")).daysSinceEpoch
        let days = (0..<366).map { CivilDate(daysSinceEpoch: start + $0) }
        for year in [2_026, 2_027, 2_028] {
            var found: [String: [CivilDate]] = [:]
            let first = try #require(CivilDate(year: year, month: 1, day: 1)).daysSinceEpoch
            for offset in 0..<(CivilDate.isLeap(year) ? 366 : 365) {
                let date = CivilDate(daysSinceEpoch: first + offset)
                for key in occasion.birthdayKeys(on: date) { found[key, default: []].append(date) }
            }
            for day in days {
                let expected = try #require(occasion.date(of: day, in: year))
                #expect(found[Occasion.key(day)] == [expected], "\(day.text) in \(year)")
            }
        }
    }

    @Test("half a year after 31 August is the end of February")
    func half() throws {
        let born = try #require(CivilDate("1990-08-31"))
        #expect(Occasion.halfBirthday.date(of: born, in: 2_026)?.text == "2026-02-28")
        #expect(Occasion.halfBirthday.date(of: born, in: 2_028)?.text == "2028-02-29")
    }

    @Test("who joined has the anniversary once in every later year")
    func anniversaries() throws {
        let start = try #require(CivilDate("2024-01-01"))
        for offset in 0..<731 {
            let joined = CivilDate(daysSinceEpoch: start.daysSinceEpoch + offset)
            for year in [joined.year, joined.year + 1, joined.year + 2, joined.year + 4] {
                let first = try #require(CivilDate(year: year, month: 1, day: 1)).daysSinceEpoch
                let days = (0..<366).map { CivilDate(daysSinceEpoch: first + $0) }.filter { $0.year == year }
                let hits = days.filter { date in
                    Occasion.joiningDays(for: date, since: start).contains { $0.from <= joined && joined < $0.until }
                }
                let expected = Occasion.anniversary.date(of: joined, in: year)
                #expect(hits == (year > joined.year ? [expected].compactMap { $0 } : []), "\(joined.text) in \(year)")
            }
        }
    }
}
