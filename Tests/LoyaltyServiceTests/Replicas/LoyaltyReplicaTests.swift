import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Limits stay exact over replicas", .serialized, .enabled(if: TestStores.isShared, "an embedded store has no replicas"))
struct LoyaltyReplicaTests {
    private static let service = Principal(kind: .service, keyID: "service")

    private func with(_ count: Int = 2, _ body: (Replicas, LoyaltyHouse) async throws -> Void) async throws {
        try await Replicas.with(count, of: { _ in LoyaltyService.definition }) { replicas in
            let house = LoyaltyHouse(test: replicas[0])
            try await body(replicas, house)
            #expect(try await house.fault() == nil)
        }
    }

    private func said(_ house: LoyaltyHouse, _ type: String) async throws -> Int { try await house.test.said(type).count }

    // MARK: - Coupons

    @Test("a coupon is used as often as it may be, by 64 calls at once", arguments: [2, 4])
    func uses(_ count: Int) async throws {
        try await with(count) { replicas, house in
            try await house.addCoupons(couponBatch("FEW", ["max_redemptions": 10]))
            let answers = try await replicas.atOnce { number, replica in
                try await LoyaltyHouse(test: replica).redeem("FEW", "order-\(number)", customer: ["id": .string("c\(number)")])
            }
            #expect(answers.count { $0.status == 201 } == 10)
            #expect(answers.count { $0.status == 409 && $0.code == "exhausted" } == 54)
            #expect(try await house.coupon("FEW")["redemptions"] == 10)
            #expect(try await said(house, "coupon.redeemed") == 10)
        }
    }

    @Test("one order uses a code once, whether by call, by event, or by both at once")
    func oneOrder() async throws {
        try await with(4) { replicas, house in
            try await house.addCoupons(couponBatch("ONE"))
            async let calls = replicas.atOnce(32) { _, replica in
                try await LoyaltyHouse(test: replica).redeem("ONE", "1", customer: ["id": "42"]).status
            }
            try await replicas.hearAtOnce([
                event("order.placed", orderData("1", customer: "42", more: ["coupon_codes": ["ONE"]]), id: "placed")
            ])
            let statuses = try await calls
            #expect(statuses.allSatisfy { $0 == 200 || $0 == 201 })
            #expect(try await house.coupon("ONE")["redemptions"] == 1)
            #expect(try await said(house, "coupon.redeemed") == 1)
        }
    }

    @Test("what one customer may do once is done once, under their id and their address")
    func perCustomer() async throws {
        try await with { replicas, house in
            try await house.send(event("customer.updated", ["customer": ["id": "42", "email": "ada@example.com"]]))
            try await house.addCoupons(couponBatch("MINE", ["per_customer": 1]))
            let statuses = try await replicas.atOnce { number, replica in
                let customer: JSON = number % 4 < 2 ? ["id": "42"] : ["email": "ada@example.com"]
                return try await LoyaltyHouse(test: replica).redeem("MINE", "order-\(number)", customer: customer).status
            }
            #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 409 } == 63)
        }
    }

    @Test("an order with an exclusive coupon has no other")
    func stacking() async throws {
        try await with { replicas, house in
            for number in 0..<4 { try await house.addCoupons(couponBatch("X\(number)", ["stacking": "none"])) }
            for order in 0..<8 {
                let statuses = try await replicas.atOnce(8) { number, replica in
                    try await LoyaltyHouse(test: replica).redeem("X\(number % 4)", "order-\(order)").status
                }
                let standing = try await house.test.house.read { db in
                    try db.first("SELECT COUNT(*) FROM coupon_redemptions WHERE order_id = \("order-\(order)") AND released_at IS NULL") {
                        $0.int(0)
                    }
                }
                #expect(standing == 1 && statuses.contains(201))
            }
        }
    }

    @Test("a use and the cancelling of its order or its batch leave counter and uses in step")
    func useAndCancel() async throws {
        try await with { replicas, house in
            let batch = try await house.addCoupons(couponBatch("SHORT"))["id"]?.string ?? ""
            for order in 0..<16 {
                async let cancelled: Void = replicas[1].deliver(
                    [event("order.cancelled", orderData("o\(order)", customer: "42"), at: 5)], from: .survey)
                _ = try await house.redeem("SHORT", "o\(order)")
                try await cancelled
            }
            async let gone = replicas[1].delete("/v1/coupon_batches/\(batch)").status
            let last = try await replicas.atOnce(16) { number, replica in
                try await LoyaltyHouse(test: replica).redeem("SHORT", "last-\(number)").status
            }
            let status = try await gone
            #expect(status == 204)
            let counted = try await house.test.house.read { db in
                try db.first("SELECT COUNT(*) FROM coupon_redemptions WHERE code = 'SHORT' AND released_at IS NULL") { $0.int(0) } ?? -1
            }
            #expect(try await house.coupon("SHORT")["redemptions"] == .int(counted))
            #expect(counted == Int64(last.count { $0 == 201 }))
            let cancelledOrders = try await house.test.house.read { db in
                try db.all(
                    """
                    SELECT r.order_id FROM coupon_redemptions r JOIN orders o ON o.order_id = r.order_id
                    WHERE r.released_at IS NULL AND o.cancelled_at IS NOT NULL
                    """
                ) { $0.text(0) }
            }
            #expect(cancelledOrders.isEmpty)
        }
    }

    @Test("a code is made once")
    func sameCode() async throws {
        try await with { replicas, house in
            let statuses = try await replicas.atOnce(16) { _, replica in
                try await replica.post("/v1/coupon_batches", couponBatch("SAME")).status
            }
            #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 409 } == 15)
            #expect(try await house.test.get("/v1/coupon_batches").json["data"]?.array?.count == 1)
        }
    }

    // MARK: - Grants and keys

    @Test("a grant is given once for its key, and grants of one reason do not lose count")
    func grants() async throws {
        try await with(4) { replicas, house in
            let outcomes = try await replicas.atOnce { number, replica in
                let grant = Grant(
                    key: "g\(number / 4)", customerID: "c\(number / 4)", email: nil, reward: .discount(.fixed(amount: 500, currency: nil)),
                    reason: "referral", name: "Thanks", origin: JSONObject())
                return try await replica.request(.post, "/internal/v1/grants", body: grant.json.bytes, principal: Self.service).json
            }
            for key in 0..<16 { #expect(Set(outcomes[(key * 4)..<(key * 4 + 4)].map { $0["coupon_code"]?.string }).count == 1) }
            #expect(Set(outcomes.map { $0["coupon_code"]?.string }).count == 16)
            #expect(try await said(house, "grant.issued") == 16)
            let batches = try await house.test.get("/v1/coupon_batches").json["data"]?.array ?? []
            #expect(batches.count == 1 && batches.first?["count"] == 16)
        }
    }

    @Test("granted points are credited once for their key")
    func grantedPoints() async throws {
        try await with { replicas, house in
            _ = try await replicas.atOnce { number, replica in
                let grant = Grant(
                    key: "p\(number % 4)", customerID: "42", email: nil, reward: .points(10), reason: "survey", name: "Thanks",
                    origin: JSONObject())
                let status = try await replica.request(.post, "/internal/v1/grants", body: grant.json.bytes, principal: Self.service).status
                #expect(status == 200)
            }
            #expect(try await house.balance("42") == 40)
        }
    }

    @Test("one Idempotency-Key at every replica at once is one effect and one answer")
    func idempotency() async throws {
        try await with(4) { replicas, house in
            try await house.send(event("customer.updated", ["customer": ["id": "42"]]))
            let answers = try await replicas.atOnce { number, replica in
                try await replica.post(
                    "/v1/loyalty/members/42/adjustments", ["points": 5, "reason": "once"], headers: [.idempotencyKey: "key-\(number % 2)"])
            }
            #expect(answers.allSatisfy { $0.status == 201 || $0.code == "idempotency_in_flight" })
            for key in 0..<2 {
                let bodies = answers.enumerated().filter { $0.offset % 2 == key && $0.element.status == 201 }.map(\.element.text)
                #expect(!bodies.isEmpty && Set(bodies).count == 1)
            }
            #expect(try await house.balance("42") == 10)
        }
    }

    // MARK: - Points

    @Test("spending, refunds and gifts of one member at once lose no point and leave no lot below nothing")
    func points() async throws {
        try await with(4) { replicas, house in
            try await house.setProgramme(["pending_days": 0])
            for number in 0..<8 { try await house.send(event("order.paid", orderData("o\(number)", customer: "42", total: 10_000))) }
            #expect(try await house.balance("42") == 800)
            async let heard: Void = replicas.hearAtOnce(
                (0..<8).map { event("order.refunded", refundData("o\($0)", "r\($0)", amount: 5_000), at: 1, id: "refund-\($0)") })
            let answers = try await replicas.atOnce(48) { _, replica in
                try await replica.post("/v1/loyalty/members/42/adjustments", ["points": -50, "reason": "spent"]).status
            }
            try await heard
            let spent = Int64(answers.count { $0 == 201 }) * 50
            #expect(answers.allSatisfy { $0 == 201 || $0 == 409 })
            let lots = try await house.lots("42")
            #expect(lots.allSatisfy { ($0["remaining"]?.int ?? -1) >= 0 })
            let owned = lots.reduce(0) { $0 + ($1["remaining"]?.int ?? 0) }
            #expect(try await house.balance("42") == owned)
            #expect(owned <= 800 - spent)
        }
    }

    @Test("64 gifts to one member at once all arrive, one after another in the ledger")
    func gifts() async throws {
        try await with(4) { replicas, house in
            try await house.send(event("customer.updated", ["customer": ["id": "42"]]))
            let statuses = try await replicas.atOnce { _, replica in
                try await replica.post("/v1/loyalty/members/42/adjustments", ["points": 5, "reason": "gift"]).status
            }
            #expect(statuses.allSatisfy { $0 == 201 })
            #expect(try await house.balance("42") == 320)
        }
    }

    @Test("the same order said to every replica at once earns once")
    func sameOrder() async throws {
        try await with(4) { replicas, house in
            try await house.setProgramme(["pending_days": 0])
            try await replicas.hearAtOnce(
                (0..<8).map { event("order.paid", orderData("o\($0)", customer: "c\($0 % 2)", total: 1_000), id: "paid-\($0)") })
            #expect(try await house.balance("c0") == 40)
            #expect(try await house.balance("c1") == 40)
            #expect(try await said(house, "points.earned") == 8)
        }
    }

    @Test("lots become active and expire once, whichever replica's timer runs")
    func timers() async throws {
        try await with(4) { replicas, house in
            try await house.setProgramme(["pending_days": 1, "expiry": ["kind": "rolling", "months": 1]])
            for number in 0..<16 {
                try await house.send(event("order.paid", orderData("o\(number)", customer: "c\(number % 4)", total: 1_000)))
            }
            replicas.set(TestHouse.startOfTime.adding(days: 1))
            // One timer a member, whatever the number of lots.
            #expect(try await replicas.runDueTimers() == 4)
            #expect(try await house.balance("c1") == 40)
            replicas.set(TestHouse.startOfTime.adding(days: 90))
            try await replicas.runDueTimers()
            #expect(try await house.balance("c1") == 0)
            #expect(try await said(house, "points.expired") == 16)
            #expect(try await said(house, "points.activated") == 16)
        }
    }

    // MARK: - Settings

    @Test("replicas that start at once on an empty store lay down one programme")
    func prepare() async throws {
        try await with(4) { _, house in
            let rules = try await house.test.get("/v1/loyalty/earning_rules").json["data"]?.array
            #expect(rules?.count == 1)
        }
    }

    @Test("every replica reckons by a rule the moment it was made at another")
    func settings() async throws {
        try await with { replicas, house in
            try await house.setProgramme(["pending_days": 0])
            for round in 0..<4 {
                try await replicas[round].put("/v1/loyalty/program", ["pending_days": .int(Int64(round % 2))]).expect(200)
                let seen = try await replicas[round + 1].get("/v1/loyalty/program").json["pending_days"]
                #expect(seen == .int(Int64(round % 2)))
            }
            let statuses = try await replicas.atOnce(16) { number, replica in
                try await replica.post(
                    "/v1/loyalty/earning_rules",
                    ["name": .string("r\(number)"), "trigger": "order.paid", "points": ["fixed": 1]]
                ).status
            }
            #expect(statuses.allSatisfy { $0 == 201 })
            let configs = try await house.test.house.read { db in
                try db.all("SELECT live_from FROM definitions WHERE kind = 'earning_rule' ORDER BY live_from") { $0.int(0) }
            }
            #expect(Set(configs).count == configs.count)
        }
    }
}

extension TestHouse.Answer {
    fileprivate func expect(_ wanted: Int) { #expect(status == wanted, "\(text)") }
}
