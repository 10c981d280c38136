import Shared
import SharedTesting
import Testing

/// Orders, redemptions, refunds, returned coupons, corrections and jumps of the clock in any order: whatever happens, nothing is lost or made.
@Suite("Loyalty: rewards in random interleavings")
struct RewardInterleavingTests {
    private static let steps = 80

    @Test("the ledger is balanced, lots and redemptions add up, and replays change nothing", arguments: 0..<6)
    func interleave(_ round: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        try await LoyaltyHouse.with { house in
            var world = World(house: house, chance: Rolls(seed: seed))
            try await world.begin()
            for step in 0..<Self.steps {
                let done = try await world.act()
                if step % 8 == 7 { try await world.check("seed \(seed), step \(step), after \(done)") }
            }
            try await world.check("seed \(seed)")
            try await world.cancelOrders()
            try await world.check("seed \(seed), all cancelled")
            for redemption in try await world.redemptions() where redemption["order_id"]?.string.map(world.orders.keys.contains) ?? false {
                #expect(redemption.state != "redeemed", "seed \(seed): \(redemption.text)")
            }
        }
    }
}

private struct World {
    let house: LoyaltyHouse
    var chance: Rolls
    private let members = ["ada", "bob"]
    private var rewards: [String] = []
    private var held: [(id: String, coupon: String)] = []
    private var said: [CloudEvent] = []
    /// Totals by id.
    private(set) var orders: [String: (customer: String, total: Int64)] = [:]
    private var number = 0

    init(house: LoyaltyHouse, chance: Rolls) {
        self.house = house
        self.chance = chance
    }

    mutating func begin() async throws {
        let clawbacks: [JSON] = ["only_pending", "within_balance", "allow_negative"]
        try await house.setProgramme([
            "expiry": ["kind": "rolling", "months": 1], "pending_days": .int(chance.int(0...2)), "clawback": pick(clawbacks),
            "spent_refund_grace_days": .int(chance.coin() ? 0 : 10),
        ])
        rewards = [
            try await house.addReward(["points": 40, "stock": 6]),
            try await house.addReward(["points": 15, "kind": "custom", "amount": .null, "per_member": ["times": 2, "every": "week"]]),
            try await house.addReward(["points": 25, "kind": "free_shipping", "amount": .null, "reserve_minutes": 1_440, "coupon_days": 3]),
        ]
        for member in members { try await house.give(chance.int(20...120), to: member) }
    }

    private mutating func pick<Element>(_ items: [Element]) -> Element { items[Int(chance.int(0...Int64(items.count - 1)))] }

    private mutating func say(_ type: String, _ data: JSON) async throws {
        let minutes = (house.test.house.now.milliseconds - TestHouse.startOfTime.milliseconds) / 60_000
        let event = event(type, data, at: minutes)
        said.append(event)
        try await house.send(event)
    }

    private mutating func order(_ id: String) -> JSON {
        let order = orders[id] ?? ("ada", 1)
        let codes: [JSON] = held.filter { !$0.coupon.isEmpty && chance.int(0...3) == 0 }.map { .string($0.coupon) }
        return orderData(id, customer: order.customer, total: order.total, more: ["coupon_codes": .array(codes)])
    }

    mutating func act() async throws -> String {
        let ids = orders.keys.sorted()
        switch chance.int(0...11) {
        case 0, 1:
            number += 1
            orders["o\(number)"] = (pick(members), chance.int(0...8_000))
            try await say("order.paid", order("o\(number)"))
            return "an order"
        case 2, 3, 4:
            let answer = try await house.reserve(pick(rewards), for: pick(members), ["order_id": ids.isEmpty ? .null : .string(pick(ids))])
            if answer.status == 201 { held.append((answer.json.id, answer.json.coupon)) }
            return "a redemption"
        case 5 where !held.isEmpty:
            _ = try await house.commit(pick(held).id, chance.coin() && !ids.isEmpty ? ["order_id": .string(pick(ids))] : [:])
            return "a commit"
        case 6 where !held.isEmpty:
            _ = try await house.cancel(pick(held).id)
            return "a cancel"
        case 7 where !ids.isEmpty:
            number += 1
            try await say("order.refunded", refundData(pick(ids), "r\(number)", amount: chance.int(1...4_000)))
            return "a refund"
        case 8 where !ids.isEmpty:
            let id = pick(ids)
            try await say(chance.int(0...3) == 0 ? "order.cancelled" : "order.updated", order(id))
            return "an update"
        case 9 where !held.isEmpty && !ids.isEmpty:
            let coupon = pick(held).coupon
            if chance.coin() {
                _ = try await house.redeem(coupon, pick(ids), customer: ["id": .string(pick(members))])
            } else {
                _ = try await house.test.delete("/v1/coupons/\(coupon)/redemptions/\(pick(ids))")
            }
            return "a coupon"
        case 10:
            try await house.test.advance(seconds: chance.coin() ? chance.int(60...7_200) : chance.int(1...20) * 86_400)
            return "time"
        case 11 where !said.isEmpty:
            try await house.send(pick(said))
            return "a replay"
        default:
            let points = chance.int(-30...60)
            _ = try await house.test.post(
                "/v1/loyalty/members/\(pick(members))/adjustments", ["points": .int(points == 0 ? 1 : points), "reason": "so"])
            return "an adjustment"
        }
    }

    mutating func cancelOrders() async throws {
        for id in orders.keys.sorted() {
            guard let order = orders[id] else { continue }
            try await house.test.advance(seconds: 60)
            try await say("order.cancelled", orderData(id, customer: order.customer, total: order.total))
        }
    }

    func redemptions() async throws -> [JSON] {
        var all: [JSON] = []
        for member in members {
            all += try await house.test.get("/v1/loyalty/members/\(member)/redemptions?limit=200").json["data"]?.array ?? []
        }
        return all
    }

    func check(_ place: String) async throws {
        let fault = try await house.fault()
        #expect(fault == nil, "\(place)")
        for member in members {
            let account = try await house.member(member)
            let lots = try await house.lots(member)
            func sum(_ items: [JSON], _ name: String) -> Int64 { items.reduce(0) { $0 + ($1[name]?.int ?? 0) } }
            let active = lots.filter { $0["state"] == "active" }
            #expect(sum(active, "remaining") == max(0, account["balance"]?.int ?? -1), "\(place)")
            #expect(lots.allSatisfy { ($0["remaining"]?.int ?? -1) >= 0 && ($0["reserved"]?.int ?? -1) >= 0 }, "\(place)")
            let own = try await redemptions().filter { $0["customer_id"]?.string == member }
            #expect(sum(lots, "reserved") == sum(own.filter { $0.state == "reserved" }, "points"), "\(place)")
            let spent = own.filter { $0.state == "redeemed" }
            #expect(account["lifetime_spent"]?.int == sum(spent, "points") - sum(spent, "returned_points"), "\(place)")
        }
        let stocked = try await redemptions().filter {
            $0["reward_id"]?.string == rewards[0] && ["reserved", "redeemed"].contains($0.state)
        }
        let left = try await house.reward(rewards[0])["stock_left"]?.int
        #expect(left == max(0, 6 - Int64(stocked.count)), "\(place)")
    }
}
