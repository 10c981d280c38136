import Shared
import SharedTesting
import Testing

@Suite("Refunds take points back")
struct RefundTests {
    private let lines: JSON = [
        ["line_id": "a", "quantity": 2, "unit_price": 3_000], ["line_id": "b", "quantity": 1, "unit_price": 4_000],
    ]

    @Test("by amount and by line, in pieces, each refund once")
    func pieces() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", customer: "42", total: 10_000, more: ["items": lines])))
            try await house.send(event("order.refunded", refundData("1", "r1", amount: 2_500)))
            #expect(try await house.balance("42") == 75)
            try await house.send(event("order.refunded", refundData("1", "r1", amount: 2_500)))
            #expect(try await house.balance("42") == 75)
            try await house.send(event("order.refunded", refundData("1", "r2", items: [["line_id": "a", "quantity": 1, "amount": 3_000]])))
            #expect(try await house.balance("42") == 45)
            try await house.send(event("order.refunded", refundData("1", "r3", amount: 4_500)))
            #expect(try await house.balance("42") == 0)
            #expect(try await house.member("42")["lifetime_earned"] == 0)
            let reversed = try await house.test.said("points.reversed")
            #expect(reversed.map { $0.data["refund_id"]?.string } == ["r1", "r2", "r3"])
            #expect(reversed.reduce(0) { $0 + ($1.data["points"]?.int ?? 0) } == 100)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("a refund that comes before its order waits for it")
    func parked() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.refunded", refundData("1", "r1", amount: 2_500), id: "early"))
            #expect(try await house.test.parked() == ["early": "order:1"])
            try await house.send(event("order.paid", orderData("1", customer: "42", total: 10_000)))
            #expect(try await house.test.parked().isEmpty)
            #expect(try await house.balance("42") == 75)
        }
    }

    @Test("whatever order the news come in, the end is the same")
    func permutations() async throws {
        try await LoyaltyHouse.with { house in
            var chance = SystemRandomNumberGenerator()
            let placed = "2026-02-20T10:00:00Z"
            for round in 0..<40 {
                let order = "o\(round)"
                let customer = "c\(round)"
                var events = [
                    event(
                        "customer.created",
                        ["customer": ["id": .string(customer), "first_name": "Ayşe", "email": .string("\(customer)@example.com")]], at: 1),
                    event("order.placed", orderData(order, customer: customer, total: 9_000, placedAt: placed), at: 2),
                    event("order.paid", orderData(order, customer: customer, total: 9_000, placedAt: placed), at: 3),
                    event(
                        "order.updated", orderData(order, customer: customer, total: 10_000, placedAt: placed, more: ["items": lines]),
                        at: 4),
                    event("order.refunded", refundData(order, "r1", amount: 1_000), at: 5),
                    event("order.refunded", refundData(order, "r2", items: [["line_id": "b", "quantity": 1]]), at: 6),
                    event("order.delivered", ["order_id": .string(order), "customer": ["id": .string(customer)]], at: 7),
                ]
                events.shuffle(using: &chance)
                let sequence = events.map(\.type)
                for event in events { try await house.send(event) }
                let member = try await house.member(customer)
                #expect(member["balance"] == 50, "after \(sequence)")
                #expect(member["lifetime_earned"] == 50, "after \(sequence)")
                #expect(member["enrolled_at"] == .from(TestHouse.startOfTime.adding(seconds: 60)), "after \(sequence)")
                #expect(try await house.lots(customer).allSatisfy { $0["earned_at"] == .string(placed) }, "after \(sequence)")
                let profile = try await house.test.get("/v1/customers/\(customer)").json
                #expect(profile["first_name"] == "Ayşe", "after \(sequence)")
            }
            #expect(try await house.test.parked().isEmpty)
            #expect(try await house.fault() == nil)
            let figures = try await house.test.get("/v1/metrics/retention").json
            #expect(figures["orders"] == 40)
            #expect(figures["gross_revenue"] == 400_000)
            #expect(figures["net_revenue"] == 200_000)
        }
    }

    @Test("random orders and refunds: never more or less than the rule gives on what is left")
    func random() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        try await LoyaltyHouse.with { house in
            var random = Rolls(seed: seed)
            var expected: [String: Int64] = [:]
            var events: [CloudEvent] = []
            for number in 0..<150 {
                let total = Int64.random(in: 0...50_000, using: &random)
                let customer = "c\(number % 20)"
                events.append(event("order.paid", orderData("o\(number)", customer: customer, total: total)))
                var left = total
                for refund in 0..<Int.random(in: 0...3, using: &random) {
                    let amount = Int64.random(in: 0...left, using: &random)
                    left -= amount
                    events.append(event("order.refunded", refundData("o\(number)", "r\(refund)", amount: amount), at: Int64(refund)))
                }
                expected[customer, default: 0] += left / 100
            }
            events.shuffle(using: &random)
            for start in stride(from: 0, to: events.count, by: 37) {
                try await house.send(Array(events[start..<min(start + 37, events.count)]))
            }
            for (customer, points) in expected { #expect(try await house.balance(customer) == points, "seed \(seed), \(customer)") }
            #expect(try await house.fault() == nil, "seed \(seed)")
        }
    }

    @Test(
        "what was spent is forgiven, becomes a debt, or stays, as the programme says",
        arguments: [
            ("within_balance", Int64(0), Int64(30)), ("allow_negative", -60, -30), ("only_pending", 40, 70),
        ])
    func policies(_ policy: String, _ afterRefund: Int64, _ afterNextOrder: Int64) async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["clawback": .string(policy)])
            try await house.send(event("order.paid", orderData("1", customer: "42", total: 10_000)))
            #expect(try await house.test.post("/v1/loyalty/members/42/adjustments", ["points": -60, "reason": "a gift"]).status == 201)
            try await house.send(event("order.refunded", refundData("1", "r", amount: 10_000)))
            #expect(try await house.balance("42") == afterRefund)
            try await house.send(event("order.paid", orderData("2", customer: "42", total: 3_000)))
            #expect(try await house.balance("42") == afterNextOrder)
            #expect(try await house.fault() == nil)
        }
    }
}
