import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Loyalty: tiers that change")
struct TierChangeTests {
    @Test("the first tiers are read at once, and reach every member in the background")
    func first() async throws {
        try await LoyaltyHouse.with { house in
            try await house.pay("1", "ada", 150)
            try await house.pay("2", "bob", 50)
            try await house.test.advance(days: 1)
            try await house.addTier("Silver", 100)
            #expect(try await house.tier("ada") == "Silver")
            #expect(try await house.tierNews() == [])
            try await house.test.advance(seconds: 1)
            #expect(try await house.tierNews() == ["upgraded -> Silver"])
            let said = try await house.test.said("tier.upgraded")
            #expect(said.first?.data["cause"] == "definition")
            #expect(said.first?.data["at"]?.string == TestHouse.startOfTime.adding(days: 1).rfc3339)
            #expect(try await house.member("ada")["tier"]?["since"]?.string == TestHouse.startOfTime.adding(days: 1).rfc3339)
            #expect(try await house.tier("bob") == nil)
        }
    }

    @Test("a higher threshold takes nothing at once: the grace counts from the change; a lower one gives at once")
    func thresholds() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addTier("Silver", 100, grace: 10)
            try await house.pay("1", "ada", 150)
            try await house.pay("2", "bob", 60)
            try await house.test.advance(days: 5)
            _ = try await house.test.put("/v1/loyalty/tiers/\(id)", ["name": "Silver", "threshold": 200, "grace_days": 10])
            try await house.test.advance(seconds: 1)
            let downgradeAt = TestHouse.startOfTime.adding(days: 15).rfc3339
            #expect(try await house.member("ada")["tier"]?["at_risk"]?["downgrade_at"]?.string == downgradeAt)
            // A name makes nobody's date another.
            _ = try await house.test.put("/v1/loyalty/tiers/\(id)", ["name": "Silber", "threshold": 200, "grace_days": 10])
            #expect(try await house.member("ada")["tier"]?["at_risk"]?["downgrade_at"]?.string == downgradeAt)
            try await house.test.advance(days: 2)
            _ = try await house.test.put("/v1/loyalty/tiers/\(id)", ["name": "Silber", "threshold": 250, "grace_days": 10])
            try await house.test.advance(seconds: 1)
            #expect(try await house.member("ada")["tier"]?["at_risk"]?["downgrade_at"]?.string == downgradeAt)
            try await house.test.advance(days: 8)
            #expect(try await house.tier("ada") == nil)
            _ = try await house.test.put("/v1/loyalty/tiers/\(id)", ["name": "Silber", "threshold": 50, "grace_days": 10])
            try await house.test.advance(seconds: 1)
            #expect(try await house.tier("ada") == "Silber")
            #expect(try await house.tier("bob") == "Silber")
            let expected = ["upgraded -> Silver", "at_risk -> Silver", "downgraded -> none", "upgraded -> Silber"]
            #expect(try await house.tierNews("ada") == expected)
        }
    }

    @Test("a deleted tier's members go to the highest they qualify for; the last one leaves nobody with a tier")
    func deleted() async throws {
        try await LoyaltyHouse.with { house in
            let silver = try await house.addTier("Silver", 100)
            let gold = try await house.addTier("Gold", 300, grace: 30)
            try await house.pay("1", "ada", 350)
            try await house.test.advance(days: 1)
            #expect(try await house.test.delete("/v1/loyalty/tiers/\(gold)").status == 204)
            #expect(try await house.tier("ada") == "Silver")
            try await house.test.advance(days: 1)
            #expect(try await house.test.delete("/v1/loyalty/tiers/\(silver)").status == 204)
            try await house.test.advance(days: 1)
            #expect(try await house.member("ada")["tier"] == .null)
            #expect(try await house.member("ada")["next_tier"] == .null)
            #expect(try await house.tierNews() == ["upgraded -> Gold", "downgraded -> Silver", "downgraded -> none"])
        }
    }

    @Test("more members than one page, and who came meanwhile is judged as the others are")
    func pages() async throws {
        try await LoyaltyHouse.with { house in
            for start in stride(from: 0, to: 1_100, by: 100) {
                try await house.send(
                    (start..<start + 100).map { event("order.paid", orderData("\($0)", customer: "c\($0)", total: 10_000)) })
            }
            try await house.test.advance(days: 1)
            try await house.addTier("Silver", 100)
            try await house.pay("x", "new", 100, daysAfterStart: -20)
            try await house.test.advance(seconds: 1)
            let said = try await house.test.said("tier.upgraded")
            #expect(said.count == 1_101)
            #expect(Set(said.map(\.subject)).count == 1_101)
            #expect(said.filter { $0.data["cause"] == nil }.map(\.subject) == ["new"])
        }
    }

    @Test("a sandbox's clock that is set back once the tiers are made changes nothing about who comes then")
    func clockSetBack() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addTier("Silver", 100, window: ["kind": "rolling_days", "days": 30])
            house.test.house.clock.set(TestHouse.startOfTime.adding(days: -200))
            try await house.pay("1", "ada", 100)
            let member = try await house.member("ada")
            #expect(member["tier"]?["since"]?.string == TestHouse.startOfTime.adding(days: -200).rfc3339)
            try await house.test.advance(days: 30)
            #expect(try await house.tier("ada") == nil)
        }
    }

    @Test("a change of the zone moves the year's end, a change of the currency what counts as spent")
    func zoneAndCurrency() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addTier("Silver", 5_000, basis: "amount_spent", window: ["kind": "calendar_year"])
            try await house.pay("1", "ada", 60)
            #expect(try await house.tier("ada") == "Silver")
            try await house.test.advance(days: 1)
            try await house.setProgramme(["currency": "USD"])
            try await house.test.advance(seconds: 1)
            #expect(try await house.tier("ada") == nil)
            try await house.setProgramme(["currency": "TRY", "timezone": "Europe/Istanbul"])
            try await house.test.advance(seconds: 1)
            #expect(try await house.tier("ada") == "Silver")
            try await house.test.advance(to: Timestamp(rfc3339: "2026-12-31T20:59:59Z") ?? .epoch)
            #expect(try await house.tier("ada") == "Silver")
            try await house.test.advance(to: Timestamp(rfc3339: "2026-12-31T21:00:00Z") ?? .epoch)
            #expect(try await house.tier("ada") == nil)
            #expect(try await house.test.said("tier.downgraded").last?.time == Timestamp(rfc3339: "2026-12-31T21:00:00Z"))
        }
    }

    /// The end of a day on which the clocks of Berlin change, once forward and once back, and of a common one.
    private static let midnights = ["2030-03-31T21:59:59.999Z", "2027-10-31T22:59:59.999Z", "2027-12-31T22:59:59.999Z"]

    @Test("at midnight first what becomes active, then what expires, then the tier; also in arrears", arguments: midnights, [false, true])
    func midnight(_ text: String, _ isLate: Bool) async throws {
        try await LoyaltyHouse.with { house in
            let midnight = try #require(Timestamp(rfc3339: text))
            let month = text.dropFirst(5).prefix(2)
            try await house.setProgramme([
                "timezone": "Europe/Berlin", "pending_days": 14, "expiry": ["kind": "fixed", "month": .int(Int64(month) ?? 0), "day": 31],
            ])
            try await house.addTier("Silver", 100, window: ["kind": "rolling_days", "days": 30])
            try await house.test.advance(to: midnight.adding(days: -30))
            try await house.pay("1", "ada", 100)
            try await house.test.advance(to: midnight.adding(days: -14))
            try await house.pay("2", "ada", 7)
            try await house.test.advance(to: midnight.adding(milliseconds: -1))
            let before = try await house.test.said().count
            if isLate {
                house.test.house.clock.set(midnight.adding(days: 3))
                try await house.test.runDueTimers()
            } else {
                try await house.test.advance(to: midnight)
            }
            let said = try await house.test.said().dropFirst(before)
            #expect(said.map(\.type) == ["points.activated", "points.expired", "tier.downgraded"])
            #expect(said.map { $0.data["points"]?.int } == [7, 100, nil])
            #expect(said.last?.time == midnight)
            #expect(try await house.fault() == nil)
        }
    }
}
