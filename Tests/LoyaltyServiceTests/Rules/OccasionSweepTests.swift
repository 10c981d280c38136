import Shared
import SharedTesting
import Testing

@Suite("Birthdays, half-birthdays, anniversaries")
struct OccasionSweepTests {
    private func rule(_ trigger: String, _ points: Int64 = 100) -> JSON {
        ["name": .string(trigger), "trigger": .string(trigger), "points": ["fixed": .int(points)]]
    }

    /// A customer known since long before, so that the birthday counts.
    private func born(_ id: String, _ day: String, at time: String = "2025-01-15T12:00:00Z") -> CloudEvent {
        CloudEvent(
            id: "born-\(id)-\(time)", source: "shop", type: "customer.updated", time: Timestamp(rfc3339: time) ?? .epoch,
            data: ["customer": ["id": .string(id), "birthday": .string(day)]])
    }

    private func date(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

    @Test("29 February is the 28th in other years, paid at local midnight, once a year")
    func leapDay() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["timezone": "Europe/Istanbul"])
            try await house.addRule(rule("customer.birthday"))
            try await house.send(born("leap", "1992-02-29"), born("march", "1990-03-02"))
            // 2 March begins in Istanbul at 21:00 UTC of the 1st.
            try await house.test.advance(to: try date("2026-03-01T20:59:59Z"))
            #expect(try await house.balance("march") == 0)
            try await house.test.advance(to: try date("2026-03-01T21:00:00Z"))
            #expect(try await house.balance("march") == 100)
            #expect(try await house.transactions("march").first?["at"] == "2026-03-01T21:00:00Z")
            #expect(try await house.test.said("points.earned").last?.data["occasion"] == "customer.birthday")
            try await house.test.advance(to: try date("2027-02-27T20:59:59Z"))
            #expect(try await house.balance("leap") == 0)
            try await house.test.advance(to: try date("2027-02-27T21:00:00Z"))
            #expect(try await house.balance("leap") == 100)
            try await house.test.advance(to: try date("2028-02-29T12:00:00Z"))
            #expect(try await house.balance("leap") == 200)
            #expect(try await house.balance("march") == 200)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("entered under thirty days ahead it pays next year; changed, not twice within 365 days")
    func notTwice() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addRule(rule("customer.birthday"))
            try await house.send(
                born("late", "1990-03-30", at: "2026-03-01T09:00:00Z"), born("just", "1990-03-31", at: "2026-03-01T09:00:00Z"),
                born("moved", "1990-03-10"))
            try await house.test.advance(to: try date("2026-04-01T00:00:00Z"))
            #expect(try await house.balance("late") == 0)
            #expect(try await house.why("late").first?["code"] == "entered_too_late")
            #expect(try await house.balance("just") == 100)
            #expect(try await house.balance("moved") == 100)
            // Said again, it is not entered again; changed, it is not paid again before its time.
            try await house.send(
                born("late", "1990-03-30", at: "2026-04-01T00:00:00Z"), born("moved", "1990-06-10", at: "2026-04-01T00:00:00Z"))
            try await house.test.advance(to: try date("2026-12-31T00:00:00Z"))
            #expect(try await house.balance("moved") == 100)
            try await house.send(born("moved", "1990-03-01", at: "2026-12-31T00:00:00Z"))
            try await house.test.advance(to: try date("2027-03-31T00:00:00Z"))
            #expect(try await house.balance("moved") == 100)
            #expect(try await house.why("moved").first?["code"] == "once_a_year")
            #expect(try await house.balance("late") == 200 - 100)
        }
    }

    @Test("half-birthdays and anniversaries; guests have none; each rule once")
    func others() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addRule(rule("customer.half_birthday", 5))
            try await house.addRule(rule("customer.anniversary", 7))
            try await house.send(
                born("a", "1990-08-31", at: "2024-02-29T12:00:00Z"), born("b", "1990-09-05"),
                event("order.placed", orderData("1", email: "guest@example.com"), at: 0))
            try await house.test.advance(to: try date("2026-03-06T00:00:00Z"))
            #expect(try await house.balance("b") == 5)
            #expect(try await house.balance("a") == 0)
            try await house.test.advance(to: try date("2027-03-01T00:00:00Z"))
            // 28 February 2027: half a year after 31 August, and three years since it joined on the 29th.
            #expect(try await house.balance("a") == 12)
            #expect(try await house.balance("b") == 12)
            let guests = try await house.test.said("points.earned").filter { $0.subject?.hasPrefix("guest_") ?? false }
            #expect(guests.isEmpty)
        }
    }

    @Test("more birthdays in a day than one write takes; days missed are made up for, each dated by itself")
    func many() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addRule(rule("customer.birthday"))
            for start in stride(from: 0, to: 1_203, by: 100) {
                try await house.send((start..<min(start + 100, 1_203)).map { born("c\($0)", "1990-03-02") })
            }
            try await house.send(born("next", "1990-03-03"))
            house.test.house.clock.set(try date("2026-03-05T12:00:00Z"))
            try await house.test.advance(to: try date("2026-03-05T12:00:00Z"))
            #expect(try await house.test.said("points.earned").count == 1_204)
            #expect(try await house.transactions("next").first?["at"] == "2026-03-03T00:00:00Z")
            #expect(try await house.balance("c1202") == 100)
            #expect(try await house.fault() == nil)
        }
    }
}

@Suite("Milestones")
struct MilestoneTests {
    @Test("the nth order, every nth, and so much spent: once each, and taken back with what reached them")
    func reached() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            try await house.addRule(["name": "Third", "trigger": "milestone.orders", "points": ["fixed": 30], "milestone": ["orders": 3]])
            try await house.addRule([
                "name": "Even", "trigger": "milestone.orders", "points": ["fixed": 2], "milestone": ["every_orders": 2],
            ])
            try await house.addRule([
                "name": "Spent", "trigger": "milestone.spent", "points": ["fixed": 500], "milestone": ["spent": 10_000],
            ])
            for number in 1...4 {
                let data = orderData("\(number)", customer: "42", total: 3_000)
                try await house.send(event("order.paid", data, at: Int64(number)))
            }
            #expect(try await house.balance("42") == 30 + 2 + 2 + 500)
            #expect(try await house.test.said("points.earned").last?.data["occasion"] == "milestone")
            try await house.send(event("order.refunded", refundData("1", "r", amount: 2_500), at: 10))
            #expect(try await house.balance("42") == 34)
            try await house.send(event("order.cancelled", ["order_id": "2"], at: 11))
            #expect(try await house.balance("42") == 32)
            try await house.send(event("order.cancelled", ["order_id": "3"], at: 12))
            #expect(try await house.balance("42") == 2)
            try await house.send(event("order.paid", orderData("5", customer: "42", total: 9_000), at: 13))
            #expect(try await house.balance("42") == 532)
            #expect(try await house.fault() == nil)
        }
    }
}
