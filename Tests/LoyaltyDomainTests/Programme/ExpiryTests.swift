import LoyaltyDomain
import Shared
import Testing

@Suite("When points run out")
struct ExpiryTests {
    static let istanbul = ZoneRules { _ in 3 * 3_600_000 }

    @Test(
        "months are calendar months in the programme's zone",
        arguments: [
            (ExpiryPolicy.rolling(months: 1, round: .none), "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            (.rolling(months: 1, round: .none), "2028-01-31T10:00:00Z", "2028-02-29T10:00:00Z"),
            (.rolling(months: 1, round: .none), "2026-01-30T22:30:00Z", "2026-02-27T22:30:00Z"),
            (.rolling(months: 12, round: .monthEnd), "2026-03-07T10:00:00Z", "2027-03-31T20:59:59.999Z"),
            (.fixed(month: 12, day: 31), "2026-03-07T10:00:00Z", "2026-12-31T20:59:59.999Z"),
            (.fixed(month: 3, day: 7), "2026-03-07T10:00:00Z", "2027-03-07T20:59:59.999Z"),
            (.fixed(month: 2, day: 29), "2026-03-07T10:00:00Z", "2027-02-28T20:59:59.999Z"),
        ])
    func calendar(_ policy: ExpiryPolicy, _ active: String, _ expires: String) throws {
        let activeAt = try #require(Timestamp(rfc3339: active))
        #expect(policy.expiresAt(activeAt: activeAt, zone: Self.istanbul)?.rfc3339 == expires)
    }

    @Test("a local time survives a change of clocks")
    func clockChange() throws {
        // Two hours ahead until 2026-03-29T01:00Z, three from then on.
        let change = try #require(Timestamp(rfc3339: "2026-03-29T01:00:00Z"))
        let zone = ZoneRules { $0 < change ? 2 * 3_600_000 : 3 * 3_600_000 }
        let active = try #require(Timestamp(rfc3339: "2026-02-28T08:00:00Z"))
        #expect(ExpiryPolicy.rolling(months: 2, round: .none).expiresAt(activeAt: active, zone: zone)?.rfc3339 == "2026-04-28T07:00:00Z")
    }

    @Test("the clock starts at activation, which waits the pending days from the order's placing")
    func dates() throws {
        var programme = Programme.fresh
        programme.pendingDays = 14
        programme.expiry = .rolling(months: 1, round: .none)
        let placed = try #require(Timestamp(rfc3339: "2026-01-17T10:00:00Z"))
        let now = try #require(Timestamp(rfc3339: "2026-01-20T10:00:00Z"))
        let dates = LotDates(placedAt: placed, now: now, programme: programme, zone: .utc)
        #expect(dates.activeAt?.rfc3339 == "2026-01-31T10:00:00Z")
        #expect(dates.expiresAt?.rfc3339 == "2026-02-28T10:00:00Z")
        #expect(dates.isPending(at: now))
        #expect(LotDates(placedAt: now.adding(days: 400), now: now, programme: programme, zone: .utc).earnedAt == now)
    }

    @Test(
        "a programme's wrong settings are named by pointer",
        arguments: [
            (#"{"expiry": {"kind": "inactivity", "months": 3}}"#, "/expiry/kind", "not_supported_yet"),
            (#"{"expiry": {"kind": "rolling"}}"#, "/expiry/months", "missing"),
            (#"{"expiry": {"kind": "fixed", "month": 4, "day": 31}}"#, "/expiry/day", "out_of_range"),
            (#"{"pending_days": -1}"#, "/pending_days", "out_of_range"), (#"{"clawback": "all"}"#, "/clawback", "invalid"),
            (#"{"timezone": "Mars/Olympus"}"#, "/timezone", "unknown_timezone"), (#"{"currency": "XXX"}"#, "/currency", "unknown_currency"),
            (#"{"pending": 3}"#, "/pending", "unknown_field"),
        ])
    func wrongSettings(_ body: String, _ pointer: String, _ code: String) throws {
        let issues = FieldIssues()
        _ = Programme.fresh.changed(by: FieldReader(body: try JSONParser.parse(body), issues: issues), isZone: { $0 == "Europe/Istanbul" })
        #expect(issues.issues.map(\.pointer) == [pointer])
        #expect(issues.issues.map(\.code) == [code])
    }

    @Test("a programme reads back from what it writes")
    func roundTrip() {
        var programme = Programme.fresh
        programme.timezone = "Europe/Istanbul"
        programme.expiry = .rolling(months: 12, round: .monthEnd)
        programme.clawback = .allowNegative(floor: -500)
        let issues = FieldIssues()
        let read = Programme.fresh.changed(by: FieldReader(programme.json, issues: issues), isZone: { _ in true })
        #expect(read == programme)
        #expect(issues.isEmpty)
    }
}
