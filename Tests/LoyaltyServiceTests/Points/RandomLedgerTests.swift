import LoyaltyDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import LoyaltyService

@Suite("Whatever happens, the ledger adds up")
struct RandomLedgerTests {
    @Test("orders, refunds, reservations, corrections, merges and time in random interleavings", arguments: 0..<6)
    func interleavings(_ number: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        try await LoyaltyHouse.with { house in
            var world = RandomWorld(house, seed: seed)
            for step in 0..<60 {
                let what = try await world.step()
                #expect(try await world.faults() == [], "seed \(seed), step \(step): \(what)")
            }
            // Everything said once more changes nothing.
            try await house.test.runDueTimers()
            let before = try await world.standing()
            try await house.send(world.said)
            try await house.test.runDueTimers()
            let after = try await world.standing()
            #expect(after == before, "seed \(seed), replayed")
            try await world.refundAll()
            let standing = try await house.test.house.read { db in
                try db.first("SELECT CAST(COALESCE(SUM(credited - reversed - forgiven), 0) AS BIGINT) FROM accruals") { $0.int(0) }
            }
            #expect(standing == 0, "seed \(seed), all refunded")
            #expect(try await world.faults() == [], "seed \(seed), all refunded")
        }
    }

    @Test("the same news in another order come to the same end", arguments: 0..<4)
    func arrival(_ number: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Rolls(seed: seed)
        let settings: JSON = [
            "clawback": "allow_negative", "pending_days": .int([0, 20][number % 2]),
            "activation": number < 2 ? .null : ["on": "order.delivered", "days": 1],
        ]
        var events: [CloudEvent] = []
        for order in 0..<12 {
            let id = "o\(order)"
            let customer = ["a", "b", "c", "d"].randomElement(using: &random) ?? "a"
            let total = Int64.random(in: 0...30_000, using: &random)
            events.append(
                event("order.paid", orderData(id, customer: customer, total: total, placedAt: "2026-02-1\(order % 10)T10:00:00Z")))
            if Bool.random(using: &random) {
                events.append(event("order.refunded", refundData(id, "r", amount: total / Int64.random(in: 1...3, using: &random)), at: 1))
            }
            if Bool.random(using: &random) { events.append(event("order.delivered", ["order_id": .string(id)], at: -2_000)) }
        }
        events.append(event("order.paid", orderData("g", email: "ada@example.com", total: 700), at: 0))
        events.append(event("customer.updated", ["customer": ["id": "a", "email": "ada@example.com"]], at: 2))
        for (from, into) in [("a", "b"), ("b", "c"), ("c", "a")] {
            events.append(event("customers.merged", ["from_id": .string(from), "into_id": .string(into)], at: 3))
        }
        var ends: [[JSON]] = []
        for _ in 0..<3 {
            events.shuffle(using: &random)
            let shuffled = events
            let house = LoyaltyHouse(test: try await TestHouse.start(LoyaltyService.definition))
            do {
                try await house.setProgramme(settings)
                for event in shuffled { try await house.send(event) }
                try await house.test.runDueTimers()
                var end: [JSON] = []
                for customer in ["a", "d"] {
                    let member = try await house.member(customer)
                    end += ["balance", "pending", "lifetime_earned", "lifetime_spent"].map { member[$0] ?? .null }
                    end.append(.array(Set(try await house.lots(customer).map { $0["order_id"]?.string ?? "" }).sorted().map(JSON.string)))
                }
                ends.append(end)
                #expect(try await house.fault() == nil, "seed \(seed)")
            } catch {
                await house.test.stop()
                throw error
            }
            await house.test.stop()
        }
        #expect(Set(ends.map { JSON.array($0).text }).count == 1, "seed \(seed): \(ends)")
    }
}

/// A small shop in which anything may happen.
private struct RandomWorld {
    let house: LoyaltyHouse
    private var random: Rolls
    private var orders: [(id: String, total: Int64)] = []
    private(set) var said: [CloudEvent] = []
    private var held: [(customer: String, moves: [LotMove])] = []
    private var spent: [(customer: String, moves: [LotMove])] = []
    private var count = 0
    private let customers = ["a", "b", "c"]
    private var minutes: Int64 = 0

    init(_ house: LoyaltyHouse, seed: UInt64) {
        self.house = house
        random = Rolls(seed: seed)
    }

    private mutating func int(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }
    private mutating func pick<T>(_ items: [T]) -> T { items[Int.random(in: 0..<items.count, using: &random)] }

    private mutating func say(_ event: CloudEvent) async throws {
        said.append(event)
        try await house.send(event)
    }

    mutating func step() async throws -> String {
        count += 1
        let customer = pick(customers)
        switch int(0...12) {
        case 0...3:
            let order = (id: "o\(count)", total: int(0...20_000))
            orders.append(order)
            try await say(event("order.paid", orderData(order.id, customer: customer, total: order.total), at: minutes - int(0...100_000)))
            return "order"
        case 4:
            guard !orders.isEmpty else { return "nothing" }
            let order = pick(orders)
            try await say(event("order.refunded", refundData(order.id, "r\(count)", amount: int(0...order.total)), at: minutes))
            return "refund"
        case 5:
            guard !orders.isEmpty else { return "nothing" }
            try await say(event("order.delivered", ["order_id": .string(pick(orders).id)], at: minutes - int(0...10_000)))
            return "delivery"
        case 6:
            guard try await known(customer), let moves = try await house.reserve(customer, int(1...60), "hold\(count)") else {
                return "nothing"
            }
            held.append((customer, moves))
            return "reservation"
        case 7:
            guard !held.isEmpty else { return "nothing" }
            let hold = held.remove(at: Int(int(0...Int64(held.count - 1))))
            if Bool.random(using: &random) {
                try await house.release(hold.customer, hold.moves, "release\(count)")
                return "release"
            }
            try await house.redeem(hold.customer, hold.moves, "redeem\(count)")
            spent.append(hold)
            return "redemption"
        case 8:
            guard !spent.isEmpty else { return "nothing" }
            let back = spent.remove(at: Int(int(0...Int64(spent.count - 1))))
            _ = try await house.giveBack(back.customer, back.moves, grace: pick([0, 10]), "back\(count)")
            return "given back"
        case 9:
            guard try await known(customer) else { return "nothing" }
            let points = pick([-20, -1, 5, 40])
            _ = try await house.test.post("/v1/loyalty/members/\(customer)/adjustments", ["points": .int(Int64(points)), "reason": "x"])
            return "adjustment"
        case 10:
            let days = int(1...40)
            minutes += days * 1_440
            try await house.test.advance(days: days)
            return "\(days) days"
        case 11:
            try await house.setProgramme([
                "pending_days": .int(pick([0, 5, 30])),
                "activation": pick([.null, .null, ["on": "order.delivered", "days": 2], ["on": "return_window"]]),
                "expiry": pick([
                    ["kind": "none"], ["kind": "rolling", "months": 1], ["kind": "rolling", "months": 2, "round": "month_end"],
                    ["kind": "fixed", "month": 4, "day": 30], ["kind": "inactivity", "months": 1],
                ]),
                "clawback": pick(["only_pending", "within_balance", "allow_negative"]), "timezone": pick(["UTC", "Europe/Berlin"]),
            ])
            return "programme"
        default:
            guard int(0...3) == 0 else { return "nothing" }
            let other = pick(customers)
            guard other != customer else { return "nothing" }
            try await merge(customer, other)
            return "\(customer) is \(other)"
        }
    }

    private func known(_ customer: String) async throws -> Bool {
        try await house.test.get("/v1/loyalty/members/\(customer)").status == 200
    }

    /// As an event would, and with the lots that are kept here following the plan.
    private mutating func merge(_ from: String, _ into: String) async throws {
        let data: JSON = ["from_id": .string(from), "into_id": .string(into)]
        let (held, spent, at) = (held, spent, house.test.house.now)
        let moved = try await house.test.house.write { change in
            var result = (held: held, spent: spent)
            var merging = CustomerMerging(change)
            merging.moved = { plan in
                result.held = result.held.map { ($0.customer, plan.moved($0.moves)) }
                result.spent = result.spent.map { ($0.customer, plan.moved($0.moves)) }
            }
            try merging.merge(from, into: into, at: at)
            return result
        }
        (self.held, self.spent) = moved
        try await say(event("customers.merged", data, at: minutes))
    }

    mutating func refundAll() async throws {
        try await house.setProgramme(["clawback": "allow_negative"])
        for order in orders { try await house.send(event("order.refunded", refundData(order.id, "all", amount: order.total), at: minutes)) }
    }

    /// What does not add up, by the verification and by a plain recount.
    func faults() async throws -> [String] {
        var faults: [String] = []
        if let fault = try await house.fault() { faults.append(fault.text) }
        let rows = try await house.test.house.read { db in
            try db.all(
                """
                SELECT m.customer_id, m.active, m.pending, m.reserved, m.debt,
                    (SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM lots l WHERE l.member_id = m.member_id AND l.state = 'active'),
                    (SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM lots l WHERE l.member_id = m.member_id AND l.state = 'pending'),
                    (SELECT CAST(COALESCE(SUM(reserved), 0) AS BIGINT) FROM lots l WHERE l.member_id = m.member_id),
                    (SELECT COUNT(*) FROM lots l WHERE l.member_id = m.member_id
                        AND (l.remaining < 0 OR l.reserved < 0 OR l.remaining + l.reserved > l.points))
                FROM members m
                """
            ) { row in (id: row.text(0), values: (1...8).map { row.int($0) }) }
        }
        for row in rows {
            let values = row.values
            if values[0] != values[4] || values[1] != values[5] || values[2] != values[6] { faults.append("\(row.id): \(values)") }
            if values[7] != 0 { faults.append("\(row.id): a lot below zero or above what it was") }
            if values[3] > 0, values[0] > 0 { faults.append("\(row.id): points beside a debt") }
        }
        let sum = try await house.test.house.read { db in
            try db.first(
                """
                SELECT CAST(COALESCE(SUM(CASE WHEN to_account = 'merged' THEN points WHEN from_account = 'merged' THEN -points ELSE 0 END), 0)
                    AS BIGINT)
                FROM ledger_entries
                """
            ) { $0.int(0) }
        }
        if sum != 0 { faults.append("\(sum ?? 0) points are between two members") }
        return faults
    }

    func standing() async throws -> [String] {
        try await house.test.house.read { db in
            try db.all(
                """
                SELECT customer_id, active, pending, reserved, debt, lifetime_earned, lifetime_spent, entries FROM members ORDER BY customer_id
                """
            ) { row in "\(row.text(0)) \((1...7).map { row.int($0) })" }
        }
    }
}
