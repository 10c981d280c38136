import Shared
import SharedTesting
import Testing

/// Everything that moves points at once: orders by customers and guests, edits, refunds and cancellations in any order, tiers with multipliers,
/// rewards with coupons, segments, merges, corrections, changes of the programme and of the tiers, deliveries, jumps of the clock, news said again.
@Suite("Loyalty as a whole, in random interleavings")
struct WholeLoyaltyTests {
    private static let steps = 70

    @Test("whatever happens all of it adds up, and a full refund leaves nothing", arguments: 0..<6)
    func interleave(_ round: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        try await LoyaltyHouse.with { house in
            var world = WholeWorld(house: house, chance: Rolls(seed: seed), isExact: round < 3)
            try await world.begin()
            for step in 0..<Self.steps {
                let done = try await world.act()
                let faults = try await world.faults()
                #expect(faults == [], "seed \(seed), exact \(round < 3), step \(step), after \(done)")
                if !faults.isEmpty { return }
            }
            let before = try await world.standing()
            try await world.sayAllAgain()
            let after = try await world.standing()
            #expect(after == before, "seed \(seed), replayed")
            try await world.undoAll()
            let faults = try await world.faults() + world.leftovers()
            #expect(faults == [], "seed \(seed), exact \(round < 3), all undone")
        }
    }
}

private struct WholeWorld {
    let house: LoyaltyHouse
    var chance: Rolls
    /// Whatever is to be taken back is taken back: nothing is ever forgiven.
    let isExact: Bool
    private let customers = ["a", "b", "c", "d"]
    private let emails = ["x@example.com", "y@example.com"]
    private var rewards: [String] = []
    private var tiers: [(id: String, body: [String: JSON])] = []
    private var rich = ""
    private var golden = ""
    private var held: [(id: String, coupon: String)] = []
    private var said: [CloudEvent] = []
    private var orders: [String: (person: JSON, total: Int64, codes: [JSON])] = [:]
    private var given: Int64 = 0
    private var number = 0

    init(house: LoyaltyHouse, chance: Rolls, isExact: Bool) {
        self.house = house
        self.chance = chance
        self.isExact = isExact
    }

    private var minutes: Int64 { (house.test.house.now.milliseconds - TestHouse.startOfTime.milliseconds) / 60_000 }
    private mutating func pick<Element>(_ items: [Element]) -> Element { items[Int(chance.int(0...Int64(items.count - 1)))] }

    private mutating func programme() async throws {
        var settings = JSONObject([
            .init(name: "pending_days", value: .int(pick([0, 0, 3, 20]))),
            .init(name: "activation", value: pick([.null, .null, ["on": "order.delivered", "days": 1], ["on": "return_window"]])),
            .init(
                name: "expiry",
                value: pick([
                    ["kind": "none"], ["kind": "rolling", "months": 1], ["kind": "rolling", "months": 2, "round": "month_end"],
                    ["kind": "inactivity", "months": 1],
                ])), .init(name: "timezone", value: pick(["UTC", "Europe/Berlin"])),
            .init(name: "spent_refund_grace_days", value: pick([0, 10])),
        ])
        settings["clawback"] = isExact ? "allow_negative" : pick(["only_pending", "within_balance", "allow_negative"])
        try await house.setProgramme(.object(settings))
    }

    mutating func begin() async throws {
        try await programme()
        let rolling: JSON = ["kind": "rolling_days", "days": 30]
        let ladder: [(name: String, threshold: Int64, multiplier: Double, window: JSON, grace: Int64)] = [
            ("Silver", 60, 1.5, ["kind": "lifetime"], 0), ("Gold", 200, 3, rolling, 5), ("Platinum", 500, 4, rolling, 0),
        ]
        for tier in ladder {
            let id = try await house.addTier(
                tier.name, tier.threshold, window: tier.window, multiplier: tier.multiplier, grace: tier.grace)
            let body: [String: JSON] = [
                "name": .string(tier.name), "threshold": .int(tier.threshold), "basis": "points_earned", "window": tier.window,
                "multiplier": .double(tier.multiplier), "grace_days": .int(tier.grace),
            ]
            tiers.append((id, body))
        }
        rich = try await house.addSegment(["field": "points.balance", "op": "gte", "value": 80], name: "rich")
        golden = try await house.addSegment(["field": "tier.name", "op": "in", "value": ["Gold", "Platinum"]], name: "golden")
        rewards = [
            try await house.addReward(["points": 40, "stock": 9]),
            try await house.addReward(["points": 90, "segments": .array([.string(rich)]), "reserve_minutes": 4_000, "coupon_days": 20]),
            try await house.addReward([
                "points": 60, "kind": "product", "amount": .null, "product_id": "mug", "tier_points": .object(
                    JSONObject([.init(name: tiers[1].id, value: 30)])),
            ]),
            try await house.addReward(["points": 15, "kind": "custom", "amount": .null]),
        ]
        for customer in customers { try await house.give(0, to: customer) }
    }

    private mutating func say(_ type: String, _ data: JSON, ago: Int64 = 0) async throws {
        let event = event(type, data, at: minutes - ago)
        said.append(event)
        try await house.send(event)
    }

    private func data(_ id: String) -> JSON {
        guard let order = orders[id] else { return .null }
        var body = orderData(id, total: order.total, more: ["coupon_codes": .array(order.codes)]).object ?? JSONObject()
        body["customer"] = order.person
        return .object(body)
    }

    mutating func act() async throws -> String {
        number += 1
        let ids = orders.keys.sorted()
        switch chance.int(0...20) {
        case 0...3:
            let id = "o\(number)"
            let coupons = held.map(\.coupon).filter { !$0.isEmpty }
            let codes: [JSON] = coupons.isEmpty || chance.coin() ? [] : [.string(pick(coupons))]
            let person: JSON = chance.int(0...4) == 0 ? ["email": .string(pick(emails))] : ["id": .string(pick(customers))]
            orders[id] = (person, chance.int(0...15_000), codes)
            try await say("order.paid", data(id), ago: chance.coin() ? 0 : chance.int(0...60_000))
            return "order \(id)"
        case 4...6:
            let customer = pick(customers)
            let answer = try await house.reserve(
                pick(rewards), for: customer, ["order_id": ids.isEmpty || chance.coin() ? .null : .string(pick(ids))])
            if answer.status == 201 { held.append((answer.json.id, answer.json.coupon)) }
            if answer.status >= 500 { throw Unexpected(answer: answer.text) }
            return "redemption for \(customer)"
        case 7 where !held.isEmpty:
            let one = pick(held)
            if chance.coin() {
                _ = try await house.commit(one.id, chance.coin() && !ids.isEmpty ? ["order_id": .string(pick(ids))] : [:])
                return "commit"
            }
            _ = try await house.cancel(one.id)
            return "cancel"
        case 8...9 where !ids.isEmpty:
            let id = pick(ids)
            try await say("order.refunded", refundData(id, "r\(number)", amount: chance.int(1...9_000)))
            return "refund of \(id)"
        case 10 where !ids.isEmpty:
            let id = pick(ids)
            orders[id]?.total = chance.int(0...15_000)
            if chance.int(0...2) == 0 { orders[id]?.codes = [] }
            try await say("order.updated", data(id))
            return "edit of \(id)"
        case 11 where !ids.isEmpty && chance.int(0...2) == 0:
            let id = pick(ids)
            try await say("order.cancelled", data(id))
            return "cancellation of \(id)"
        case 12 where !ids.isEmpty:
            let id = pick(ids)
            try await say("order.delivered", ["order_id": .string(id)], ago: chance.int(0...3_000))
            return "delivery of \(id)"
        case 13 where !held.isEmpty && !ids.isEmpty:
            let coupon = pick(held).coupon
            guard !coupon.isEmpty else { return "nothing" }
            let answer =
                chance.coin()
                ? try await house.redeem(coupon, pick(ids), customer: ["id": .string(pick(customers))])
                : try await house.test.delete("/v1/coupons/\(coupon)/redemptions/\(pick(ids))")
            if answer.status >= 500 { throw Unexpected(answer: answer.text) }
            return "coupon \(coupon)"
        case 14, 15:
            let seconds = chance.coin() ? chance.int(60...7_200) : chance.int(1...25) * 86_400
            try await house.test.advance(seconds: seconds)
            return "\(seconds) seconds"
        case 16:
            try await programme()
            return "programme"
        case 17 where chance.coin():
            let index = Int(chance.int(0...2))
            tiers[index].body["multiplier"] = .double(pick([1, 2, 3.5]))
            if chance.coin() { tiers[index].body["threshold"] = .int([40, 150, 400][index] + chance.int(0...80)) }
            let body = JSON.object(JSONObject(tiers[index].body.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) }))
            let answer = try await house.test.put("/v1/loyalty/tiers/\(tiers[index].id)", body)
            guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
            return "tiers"
        case 18 where chance.int(0...2) == 0:
            let (from, into) = (pick(customers), pick(customers))
            guard from != into else { return "nothing" }
            let answer = try await house.test.post("/v1/customers/\(from)/merge", ["into_id": .string(into)])
            guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
            return "\(from) is \(into)"
        case 19 where chance.int(0...2) == 0:
            let (customer, email) = (pick(customers), pick(emails))
            try await say("customer.updated", ["customer": ["id": .string(customer), "email": .string(email)]])
            return "\(customer) has \(email)"
        default:
            let points = chance.int(-30...60)
            let answer = try await house.test.post(
                "/v1/loyalty/members/\(pick(customers))/adjustments", ["points": .int(points == 0 ? 1 : points), "reason": "so"])
            if answer.status == 201 { given += max(points == 0 ? 1 : points, 0) }
            return "adjustment of \(points)"
        }
    }

    /// Every event once more, and every refund under another event's id too.
    mutating func sayAllAgain() async throws {
        try await house.test.runDueTimers()
        try await house.send(said)
        for refund in said where refund.type == "order.refunded" {
            try await house.send(
                CloudEvent(
                    id: refund.id + "-again", source: "another", type: refund.type, time: refund.time, subject: refund.subject,
                    data: refund.data))
        }
    }

    /// Lets go what is held, and sends back every order.
    mutating func undoAll() async throws {
        try await house.setProgramme(["clawback": "allow_negative"])
        for one in held { _ = try await house.cancel(one.id) }
        for id in orders.keys.sorted() { try await say("order.refunded", refundData(id, "all", amount: 90_000)) }
    }

    // MARK: - What must hold

    func standing() async throws -> [String] {
        try await house.test.runDueTimers()
        return try await house.test.house.read { db in
            try db.all(
                """
                SELECT customer_id, active, pending, reserved, debt, lifetime_earned, lifetime_spent, entries, COALESCE(tier_id, '') FROM members
                ORDER BY customer_id
                """
            ) { row in "\(row.text(0)) \((1...7).map { row.int($0) }) \(row.text(8))" }
        }
    }

    private struct Member: Sendable {
        let id: String
        let isGone: Bool
        let tier: String?
        let turnAt: Int64?
        let timer: Int64?
        let due: Int64?
        let numbers: [Int64]
    }

    func faults() async throws -> [String] {
        try await house.test.runDueTimers()
        var faults: [String] = []
        if let fault = try await house.fault() { faults.append(fault.text) }
        let members = try await members()
        for member in members {
            let n = member.numbers
            if n[0] != n[5] || n[1] != n[6] || n[2] != n[7] { faults.append("\(member.id): counters and lots: \(n)") }
            if n[8] != 0 { faults.append("\(member.id): a lot below zero or above what it was") }
            if n[3] > 0, n[0] > 0 { faults.append("\(member.id): points beside a debt") }
            if n[2] != n[9] { faults.append("\(member.id): \(n[2]) held, \(n[9]) for redemptions") }
            if n[4] != n[10] { faults.append("\(member.id): \(n[4]) spent, \(n[10]) by redemptions") }
            if member.isGone {
                if n.contains(where: { $0 != 0 }) || member.tier != nil { faults.append("\(member.id) was merged and has something") }
                continue
            }
            if let due = member.due, member.timer.map({ $0 > due }) ?? true || member.turnAt.map({ $0 > due }) ?? true {
                faults.append("\(member.id): due at \(due), comes at \(member.timer ?? 0), says \(member.turnAt ?? 0)")
            }
            let answer = try await house.member(member.id)
            if answer["tier"]?["id"]?.string != member.tier { faults.append("\(member.id): kept \(member.tier ?? "none"), \(answer["tier"] ?? .null)") }
            if answer["balance"]?.int != n[0] - n[3] || answer["pending"]?.int != n[1] { faults.append("\(member.id): \(answer.text)") }
        }
        let present = members.filter { !$0.isGone }
        let expected = (
            rich: present.filter { $0.numbers[0] - $0.numbers[3] >= 80 }.map(\.id).sorted(),
            golden: present.filter { $0.tier == tiers[1].id || $0.tier == tiers[2].id }.map(\.id).sorted()
        )
        let found = (rich: try await house.members(rich).sorted(), golden: try await house.members(golden).sorted())
        if found.rich != expected.rich { faults.append("rich are \(expected.rich), the segment has \(found.rich)") }
        if found.golden != expected.golden { faults.append("golden are \(expected.golden), the segment has \(found.golden)") }
        return faults
    }

    private func members() async throws -> [Member] {
        try await house.test.house.read { db in
            try db.all(
                """
                SELECT m.customer_id, CASE WHEN c.merged_into IS NULL THEN 0 ELSE 1 END, m.tier_id, m.turn_at,
                    (SELECT due_at FROM timers t WHERE t.kind = 'member.turn' AND t.timer_key = m.member_id),
                    (SELECT MIN(CASE WHEN l.state = 'pending' THEN l.active_at ELSE l.expires_at END) FROM lots l
                        WHERE l.member_id = m.member_id AND l.remaining > 0 AND (l.state = 'active' OR l.active_at < 253402300799999)),
                    m.tier_next_at, m.active, m.pending, m.reserved, m.debt, m.lifetime_spent,
                    (SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM lots l WHERE l.member_id = m.member_id AND l.state = 'active'),
                    (SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM lots l WHERE l.member_id = m.member_id AND l.state = 'pending'),
                    (SELECT CAST(COALESCE(SUM(reserved), 0) AS BIGINT) FROM lots l WHERE l.member_id = m.member_id),
                    (SELECT COUNT(*) FROM lots l WHERE l.member_id = m.member_id
                        AND (l.remaining < 0 OR l.reserved < 0 OR l.remaining + l.reserved > l.points)),
                    (SELECT CAST(COALESCE(SUM(points), 0) AS BIGINT) FROM redemptions r
                        WHERE r.member_id = m.member_id AND r.state = 'reserved'),
                    (SELECT CAST(COALESCE(SUM(points - returned), 0) AS BIGINT) FROM redemptions r
                        WHERE r.member_id = m.member_id AND r.state = 'redeemed')
                FROM members m JOIN customers c ON c.customer_id = m.customer_id ORDER BY m.customer_id
                """
            ) { row in
                let due = [row.intOrNil(5), row.intOrNil(6)].compactMap { $0 }.min()
                return Member(
                    id: row.text(0), isGone: row.int(1) == 1, tier: row.textOrNil(2), turnAt: row.intOrNil(3), timer: row.intOrNil(4), due: due,
                    numbers: (7...17).map { row.int($0) })
            }
        }
    }

    /// What is left although every order was sent back in full.
    func leftovers() async throws -> [String] {
        var faults: [String] = []
        let standing = try await house.test.house.read { db in
            try db.first("SELECT CAST(COALESCE(SUM(credited - reversed - forgiven), 0) AS BIGINT) FROM accruals") { $0.int(0) }
        }
        if standing != 0 { faults.append("\(standing ?? 0) points of orders are left") }
        let earned = try await house.test.house.read { db in
            try db.first("SELECT CAST(SUM(lifetime_earned) AS BIGINT) FROM members") { $0.int(0) }
        }
        if isExact, earned != given { faults.append("\(earned ?? 0) earned, \(given) given by hand") }
        for one in held {
            let redemption = try await house.look(one.id)
            guard let order = redemption["order_id"]?.string, orders[order] != nil, redemption.state == "redeemed" else { continue }
            faults.append("of a refunded order: \(redemption.text)")
        }
        return faults
    }
}
