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
            (#"{"expiry": {"kind": "inactivity"}}"#, "/expiry/months", "missing"),
            (#"{"expiry": {"kind": "inactivity", "months": 3, "day": 4}}"#, "/expiry/day", "conflict"),
            (#"{"expiry": {"kind": "none", "months": 3}}"#, "/expiry/months", "conflict"),
            (#"{"expiry": {"kind": "none", "notice_days": [3]}}"#, "/expiry/notice_days", "conflict"),
            (#"{"expiry": {"kind": "rolling", "months": 3, "notice_days": [7, 0]}}"#, "/expiry/notice_days/1", "out_of_range"),
            (#"{"expiry": {"kind": "rolling", "months": 3, "notice_days": [1, 2, 3, 4, 5, 6]}}"#, "/expiry/notice_days", "too_many"),
            (#"{"activation": {"on": "order.shipped"}}"#, "/activation/on", "invalid"),
            (#"{"activation": {"days": 3}}"#, "/activation/on", "missing"),
            (#"{"activation": {"on": "placed", "days": -1}}"#, "/activation/days", "out_of_range"),
            (#"{"guest_orders": "never"}"#, "/guest_orders", "invalid"),
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
        programme.activation = Activation(on: .delivered, days: 3)
        programme.notices = ExpiryNotices([5, 60])
        programme.guestOrders = .onSignUp
        let issues = FieldIssues()
        let read = Programme.fresh.changed(by: FieldReader(programme.json, issues: issues), isZone: { _ in true })
        #expect(read == programme)
        #expect(issues.isEmpty)
    }

    @Test("by inactivity: so many months after the last activity, on the last day of a shorter month")
    func idle() throws {
        let time = try #require(Timestamp(rfc3339: "2026-08-31T10:00:00Z"))
        #expect(ExpiryPolicy.idle(since: time, months: 6, zone: .utc).rfc3339 == "2027-02-28T10:00:00Z")
        #expect(ExpiryPolicy.inactivity(months: 6).expiresAt(activeAt: time, zone: .utc)?.rfc3339 == "2027-02-28T10:00:00Z")
    }

    @Test("activation counts from the placing, the delivery, or the end of the return window")
    func activation() throws {
        let placed = try #require(Timestamp(rfc3339: "2026-03-01T10:00:00Z"))
        let delivered = placed.adding(days: 4)
        func active(_ start: Activation.Start, _ days: Int64, deliveredAt: Timestamp?) -> Int64? {
            Activation(on: start, days: days).activeAt(placedAt: placed, deliveredAt: deliveredAt, returnWindowDays: 14)
                .map { ($0.milliseconds - placed.milliseconds) / 86_400_000 }
        }
        #expect(active(.placed, 3, deliveredAt: delivered) == 3)
        #expect(active(.delivered, 3, deliveredAt: nil) == nil)
        #expect(active(.delivered, 3, deliveredAt: delivered) == 7)
        #expect(active(.returnWindow, 1, deliveredAt: nil) == 15)
        #expect(active(.returnWindow, 1, deliveredAt: delivered) == 19)
        let wait = LotWait(Activation(on: .delivered, days: 3), returnWindowDays: 14, expiry: .rolling(months: 2, round: .monthEnd))
        #expect(LotWait(kept: wait.json) == wait)
        #expect(LotWait(kept: .null) == nil)
    }

    @Test("an id says when it was made")
    func madeAt() {
        var chance = Chance(seed: 7)
        for _ in 0..<200 {
            let time = Timestamp(milliseconds: chance.int(0...(1 << 47)))
            #expect(TypeID.time(of: TypeID.make("lot", at: time)) == time)
        }
        #expect(TypeID.time(of: "lot") == nil && TypeID.time(of: "lot_!0000000000000000000000000") == nil)
    }
}
