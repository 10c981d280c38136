import ReferralService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Referrals stay exact over replicas", .serialized, .enabled(if: TestStores.isShared, "an embedded store has no replicas"))
struct ReferralReplicaTests {
    private func with(_ count: Int = 2, _ body: (Replicas, ReferralHouse) async throws -> Void) async throws {
        let desk = TestDesk()
        try await Replicas.with(count, of: { _ in ReferralService.definition(desk: { _ in desk }) }) { replicas in
            try await body(replicas, ReferralHouse(test: replicas[0], desk: desk))
        }
    }

    @Test("an advocate's limit is exact, whichever replica's timer approves", arguments: [2, 4])
    func limit(_ count: Int) async throws {
        try await with(count) { replicas, house in
            try await house.change(["max_per_advocate": ["count": 3, "every": "month"], "hold_days": 1])
            try await house.advocate()
            for number in 0..<16 { try await house.send(order("order.paid", "\(number)", customer: "c\(number)", code: "ADA10")) }
            replicas.set(TestHouse.startOfTime.adding(days: 2))
            try await replicas.runDueTimers()
            #expect(try await house.referrals("&state=approved").count == 3)
            #expect(try await house.referrals("&state=rejected").count == 13)
            #expect(try await house.orders().grants.count == 3)
        }
    }

    @Test("of holds that are over, the first to end is approved first, whichever timer runs first")
    func firstFirst() async throws {
        try await with { replicas, house in
            try await house.change(["max_per_advocate": ["count": 1, "every": "month"], "hold_days": 1])
            try await house.advocate()
            for number in 0..<3 {
                try await house.send(order("order.paid", "\(number)", customer: "c\(number)", code: "ADA10", at: Int64(number)))
            }
            // The first two are in the hands of a replica that is slow.
            let held = try await house.referrals().sorted { ($0["order_id"]?.string ?? "") < ($1["order_id"]?.string ?? "") }
            try await house.test.house.store.claim { db in
                for referral in held.prefix(2) {
                    try db.execute(
                        "UPDATE timers SET lease = 'slow', lease_until = 9000000000000 WHERE timer_key = \(referral["id"]?.string ?? "")")
                }
            }
            replicas.set(TestHouse.startOfTime.adding(days: 2))
            try await replicas.runDueTimers()
            try await replicas.expireTimerLeases()
            try await replicas.runDueTimers()
            #expect(try await house.referrals("&state=approved").map { $0["order_id"] } == ["0"])
            #expect(try await house.referrals("&state=rejected").count == 2)
        }
    }

    @Test("a friend claims once, however many claims come at once")
    func claim() async throws {
        try await with(4) { replicas, house in
            try await house.advocate()
            try await house.advocate("bea", code: "BEA10")
            let answers = try await replicas.atOnce { number, replica in
                try await ReferralHouse(test: replica, desk: house.desk).claim(
                    number % 2 == 0 ? "bora@gmail.com" : "b.o.ra+x@gmail.com", code: number % 4 < 2 ? "ADA10" : "BEA10")
            }
            // The first claim's advocate hears of it again, the other's is refused.
            #expect(answers.allSatisfy { [200, 201, 409, 422].contains($0.status) }, "\(Set(answers.map(\.text)))")
            #expect(answers.count { $0.status == 201 } >= 1)
            #expect(Set(answers.compactMap { $0.json["referral_id"]?.string }).count == 1)
            #expect(try await house.referrals("&state=pending").count == 1)
            #expect(try await house.test.said("referral.claimed").count == 1)
        }
    }

    @Test("an advocate has one code, and a code one advocate")
    func codes() async throws {
        try await with(4) { replicas, house in
            let own = try await replicas.atOnce(32) { number, replica in
                try await replica.put("/v1/referral/advocates/c\(number / 8)", [:]).json["code"]?.string
            }
            #expect(Set(own).count == 4 && !own.contains(nil))
            let statuses = try await replicas.atOnce(32) { number, replica in
                try await replica.put("/v1/referral/advocates/x\(number)", ["code": "WANTED"]).status
            }
            #expect(statuses.count { $0 == 200 } == 1 && statuses.count { $0 == 409 } == 31)
        }
    }

    @Test("every replica hears the same orders: one referral each, one approval, one reward")
    func orders() async throws {
        try await with(4) { replicas, house in
            try await house.change(["hold_days": 1])
            try await house.advocate()
            try await replicas.hearAtOnce((0..<8).map { order("order.paid", "o\($0)", customer: "c\($0)", code: "ADA10") })
            replicas.set(TestHouse.startOfTime.adding(days: 2))
            try await replicas.runDueTimers()
            #expect(try await house.referrals("&state=approved").count == 8)
            let grants = try await house.orders().grants
            #expect(grants.count == Set(grants).count && !grants.isEmpty)
            // What was approved is taken back once.
            try await replicas.hearAtOnce((0..<8).map { event("order.cancelled", ["order_id": .string("o\($0)")], at: 3_000) })
            #expect(try await house.referrals("&state=reversed").count == 8)
            let revokes = try await house.orders().revokes
            #expect(revokes.count == Set(revokes).count)
        }
    }

    @Test("the end of a hold and the cancelling of its order, at once, leave no reward")
    func holdAndCancel() async throws {
        try await with(4) { replicas, house in
            try await house.change(["hold_days": 1])
            try await house.advocate()
            for number in 0..<8 { try await house.send(order("order.paid", "o\(number)", customer: "c\(number)", code: "ADA10")) }
            replicas.set(TestHouse.startOfTime.adding(days: 2))
            async let ran = replicas.runDueTimers()
            for number in 0..<8 {
                try await replicas[number % 4].deliver(
                    [event("order.cancelled", ["order_id": .string("o\(number)")], at: 1_000)], from: ServiceName.allCases[number % 4 + 1])
            }
            _ = try await ran
            #expect(try await house.referrals("&state=approved").isEmpty)
            let (grants, revokes) = try await house.orders()
            #expect(Set(grants) == Set(revokes))
        }
    }

    @Test("replicas that start at once lay down one programme")
    func prepare() async throws {
        try await with(4) { replicas, _ in
            let programmes = try await replicas[3].get("/v1/referral/programs").json["data"]?.array
            #expect(programmes?.count == 1)
        }
    }
}
