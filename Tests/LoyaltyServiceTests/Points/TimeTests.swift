import LoyaltyDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("What time does to points")
struct TimeTests {
    private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

    // MARK: - Activation

    @Test("points that wait for the delivery become active by it, whichever is said first", arguments: [false, true])
    func delivered(_ isFirst: Bool) async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(
                ["activation": ["on": "order.delivered", "days": 3], "expiry": ["kind": "rolling", "months": 1, "notice_days": []]])
            let delivery = event("order.delivered", ["order_id": "1"], at: 60)
            if isFirst { try await house.send(delivery) }
            try await house.order("1", points: 100)
            if !isFirst {
                #expect(try await house.lots("42").first?["active_at"] == .null)
                #expect(try await house.lots("42").first?["expires_at"] == .null)
                try await house.test.advance(days: 1)
                #expect(try await house.member("42")["pending"] == 100)
                try await house.send(delivery)
            }
            // Said twice, and later again: the first counts.
            try await house.send(event("order.delivered", ["order_id": "1"], at: 600))
            let lot = try await house.lots("42").first
            if !isFirst {
                #expect(lot?["active_at"] == "2026-03-04T10:00:00Z")
                #expect(lot?["expires_at"] == "2026-04-04T10:00:00Z")
            }
            try await house.test.advance(days: 4)
            #expect(try await house.balance("42") == 100)
            #expect(try await house.test.said("points.activated").count == 1)
            try await house.test.advance(days: 40)
            #expect(try await house.balance("42") == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("an order that is never delivered gives nothing, and a cancelled one takes it with it")
    func cancelled() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["activation": ["on": "order.delivered"]])
            try await house.order("1", points: 100)
            try await house.order("2", points: 50)
            try await house.test.advance(days: 400)
            #expect(try await house.member("42")["pending"] == 150)
            try await house.send(event("order.cancelled", ["order_id": "1"]), event("order.delivered", ["order_id": "1"]))
            try await house.test.runDueTimers()
            let member = try await house.member("42")
            #expect(member["pending"] == 50 && member["balance"] == 0)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("the return window counts from the delivery, or from the placing where none is known")
    func returnWindow() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["activation": ["on": "return_window"], "return_window_days": 10])
            try await house.order("known", points: 100)
            try await house.order("unknown", points: 7)
            try await house.test.advance(days: 5)
            try await house.send(event("order.delivered", ["order_id": "known"], at: 60 * 24 * 5))
            try await house.test.advance(days: 5)
            #expect(try await house.balance("42") == 7)
            try await house.test.advance(days: 5)
            #expect(try await house.balance("42") == 107)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("a change of the programme leaves alone what waits")
    func changed() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["activation": ["on": "order.delivered", "days": 2], "expiry": ["kind": "rolling", "months": 1]])
            try await house.order("1", points: 100)
            try await house.setProgramme(["activation": .null, "expiry": ["kind": "none"]])
            try await house.order("2", points: 5)
            try await house.send(event("order.delivered", ["order_id": "1"]))
            #expect(try await house.lots("42").first { $0["order_id"] == "1" }?["expires_at"] != .null)
            #expect(try await house.balance("42") == 5)
            try await house.test.advance(days: 2)
            #expect(try await house.balance("42") == 105)
            try await house.test.advance(days: 31)
            #expect(try await house.balance("42") == 5)
        }
    }

    // MARK: - Inactivity

    @Test("points go once nothing was earned or redeemed for so long, and with everything that happens they stay")
    func inactivity() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["expiry": ["kind": "inactivity", "months": 2, "notice_days": [10]]])
            try await house.order("1", points: 100)
            #expect(try await house.member("42")["expiring"] == [["points": 100, "at": "2026-05-01T09:00:00Z"]])
            try await house.test.advance(days: 50)
            try await house.order("2", points: 10, placedAt: "2026-04-20T09:00:00Z")
            #expect(try await house.member("42")["expiring"] == [["points": 110, "at": "2026-06-20T09:00:00Z"]])
            // Points by hand are no activity of the member's.
            try await house.test.advance(to: moment("2026-05-20T09:00:00Z"))
            _ = try await house.test.post("/v1/loyalty/members/42/adjustments", ["points": 5, "reason": "x"])
            let moves = try #require(try await house.reserve("42", 1, "a"))
            #expect(try await house.lots("42").map { $0["expires_at"]?.string?.prefix(10) } == ["2026-07-20", "2026-06-20", "2026-06-20"])
            try await house.redeem("42", moves, "a2")
            #expect(Set(try await house.lots("42").compactMap { $0["expires_at"]?.string }) == ["2026-07-20T09:00:00Z"])
            #expect(try await house.test.said("points.expiring").isEmpty)
            try await house.test.advance(to: moment("2026-07-19T09:00:00Z"))
            #expect(try await house.balance("42") == 114)
            let notices = try await house.test.said("points.expiring")
            #expect(notices.map { $0.data["points"] } == [114] && notices.first?.data["days"] == 10)
            try await house.test.advance(days: 1)
            #expect(try await house.balance("42") == 0)
            #expect(try await house.fault() == nil)
        }
    }

    // MARK: - Notices

    @Test("a notice comes once for each moment and distance, and never for what was not there")
    func notices() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["expiry": ["kind": "rolling", "months": 2, "round": "month_end"]])
            // Two lots of one moment are one notice; what had run out before it came has none.
            try await house.order("1", points: 100, placedAt: "2026-02-03T09:00:00Z")
            try await house.order("2", points: 10, placedAt: "2026-02-14T09:00:00Z")
            try await house.order("old", points: 3, placedAt: "2026-01-14T09:00:00Z")
            try await house.order("older", points: 3, placedAt: "2025-12-14T09:00:00Z")
            try await house.test.advance(to: moment("2026-04-30T00:00:00Z"))
            let said = try await house.test.said("points.expiring").map {
                [$0.data["points"]?.int, $0.data["days"]?.int, $0.data["balance"]?.int]
            }
            // At the very moment of the third, the old one's points are gone.
            #expect(said == [[3, 30, 113], [3, 7, 113], [110, 30, 110], [110, 7, 110]])
            #expect(try await house.test.said("points.expiring").last?.data["expires_at"] == "2026-04-30T23:59:59.999Z")
            try await house.test.advance(days: 1)
            #expect(try await house.balance("42") == 0)
        }
    }

    @Test("after a long night everything has happened at its own moment, and no one is told of what is gone")
    func downtime() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["pending_days": 10, "expiry": ["kind": "rolling", "months": 1]])
            try await house.order("1", points: 100)
            try await house.order("2", points: 10, placedAt: "2026-02-25T09:00:00Z")
            house.test.house.clock.set(try moment("2026-08-01T00:00:00Z"))
            try await house.test.runDueTimers()
            #expect(try await house.test.said("points.expiring").isEmpty)
            let rows = try await house.test.house.read { db in
                try db.all("SELECT kind, at FROM ledger_entries ORDER BY sequence") { "\($0.text(0)) \($0.time(1).rfc3339.prefix(10))" }
            }
            #expect(
                rows == [
                    "earned 2026-03-01", "earned 2026-02-25", "activated 2026-03-07", "activated 2026-03-11", "expired 2026-04-07",
                    "expired 2026-04-11",
                ])
            #expect(try await house.fault() == nil)
        }
    }

    // MARK: - Midnight

    @Test(
        "at a month's end points become active before others expire, by the programme's clock",
        arguments: [
            ("Europe/Istanbul", "2026-03-31T20:59:59.999Z"), ("Europe/Berlin", "2026-03-31T21:59:59.999Z"),
            ("Europe/Berlin", "2026-10-31T22:59:59.999Z"), ("America/New_York", "2026-03-09T03:59:59.999Z"),
        ])
    func midnight(_ zone: String, _ at: String) async throws {
        let end = try moment(at)
        try await LoyaltyHouse.with { house in
            try await house.test.advance(to: max(house.test.house.now, end.adding(days: -1)))
            try await house.setProgramme(["timezone": .string(zone), "pending_days": 0])
            try await house.setProgramme(
                ["expiry": ["kind": "fixed", "month": at.contains("-10-") ? 10 : 3, "day": at.contains("03-09") ? 8 : 31]])
            try await house.order("going", points: 100, placedAt: end.adding(days: -2).rfc3339)
            #expect(try await house.lots("42").first?["expires_at"] == .string(end.rfc3339))
            try await house.setProgramme(["expiry": ["kind": "none"], "pending_days": 1])
            try await house.order("coming", points: 10, placedAt: end.adding(days: -1).rfc3339)
            try await house.test.advance(to: end.adding(milliseconds: -1))
            var member = try await house.member("42")
            #expect(member["balance"] == 100 && member["pending"] == 10)
            try await house.test.advance(to: end)
            member = try await house.member("42")
            #expect(member["balance"] == 10 && member["pending"] == 0)
            let kinds = try await house.test.house.read { db in
                try db.all("SELECT kind FROM ledger_entries WHERE at = \(end) ORDER BY sequence") { $0.text(0) }
            }
            #expect(kinds == ["activated", "expired"])
            #expect(try await house.fault() == nil)
        }
    }
}
