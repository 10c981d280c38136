import Shared
import SharedTesting
import Testing

/// Random programmes and the orders they see, in random interleavings. A seed that fails is in the message.
@Suite("Any programme, any order of news")
struct RandomProgrammeTests {
    @Test("the ledger adds up, replays change nothing, and another order of arrival ends the same", arguments: 1...6)
    func run(_ seed: Int) async throws {
        var chance = Rolls(seed: UInt64(seed))
        let rules = randomRules(&chance)
        let events = randomEvents(&chance)
        var ends: [[Int64]] = []
        for round in 0..<2 {
            try await LoyaltyHouse.with { house in
                try await house.removeDefaultRule()
                for rule in rules { try await house.addRule(rule) }
                for customer in ["a", "b"] { _ = try await house.test.put("/v1/customers/\(customer)", ["first_name": "Ada"]) }
                for event in round == 0 ? events : events.shuffled(using: &chance) {
                    try await house.send(event)
                    if chance.next() % 4 == 0 { try await house.send(event) }
                }
                let fault = try await house.fault()
                #expect(fault == nil, "seed \(seed): \(String(describing: fault))")
                #expect(try await house.test.parked().isEmpty, "seed \(seed)")
                #expect(try await house.test.refused().isEmpty, "seed \(seed)")
                var balances: [Int64] = []
                for customer in ["a", "b"] {
                    let balance = try await house.balance(customer)
                    let lots = try await house.lots(customer)
                    #expect(balance == lots.reduce(0) { $0 + ($1["remaining"]?.int ?? 0) }, "seed \(seed)")
                    #expect(lots.allSatisfy { ($0["remaining"]?.int ?? -1) >= 0 }, "seed \(seed)")
                    balances.append(balance)
                    // What stands of every decision is what the member has.
                    let why = try await house.why(customer)
                    #expect(why.reduce(0) { $0 + ($1["points"]?.int ?? 0) } == balance, "seed \(seed), \(customer)")
                }
                ends.append(balances)
                // All the money goes back: nothing is left.
                for order in 0..<6 {
                    try await house.send(event("order.refunded", refundData("\(order)", "all", amount: 1_000_000_000), at: -1))
                }
                for customer in ["a", "b"] { #expect(try await house.balance(customer) == 0, "full refund, seed \(seed)") }
                let last = try await house.fault()
                #expect(last == nil, "seed \(seed): \(String(describing: last))")
            }
        }
        #expect(ends.first == ends.last, "another order of arrival, seed \(seed)")
    }

    /// Rules of every form whose outcome does not depend on the order of arrival: no caps, groups or limits, and conditions on the order alone.
    private func randomRules(_ chance: inout Rolls) -> [JSON] {
        (0..<Int(chance.int(1...5))).map { index in
            var rule = JSONObject([.init(name: "name", value: .string("r\(index)")), .init(name: "trigger", value: "order.paid")])
            rule["basis"] = chance.coin() ? "net" : "gross"
            switch chance.int(0...4) {
            case 0: rule["points"] = ["fixed": .int(chance.int(1...90))]
            case 1: rule["points"] = ["per_item": ["points": .int(chance.int(1...9))]]
            case 2:
                rule["trigger"] = "milestone.orders"
                rule["points"] = ["fixed": .int(chance.int(1...90))]
                rule["milestone"] = chance.coin() ? ["orders": .int(chance.int(1...3))] : ["every_orders": .int(chance.int(1...2))]
                return .object(rule)
            default:
                rule["points"] = ["per_amount": ["points": .int(chance.int(1...5)), "amount": .int(chance.int(1...300))]]
                if chance.coin() {
                    rule["include"] = chance.coin() ? ["tax"] : ["tax", "shipping"]
                } else if chance.coin() {
                    rule["items"] = ["field": "item.categories", "op": "contains", "value": "kids"]
                }
            }
            if chance.coin() {
                rule["conditions"] = [
                    "field": "order.items.categories", "op": "contains", "value": .string(chance.coin() ? "kids" : "home"),
                ]
            }
            return .object(rule)
        }
    }

    /// Six orders of two customers, each said as placed and paid, some edited, refunded in pieces or cancelled.
    private func randomEvents(_ chance: inout Rolls) -> [CloudEvent] {
        var events: [CloudEvent] = []
        for number in 0..<6 {
            let id = "\(number)"
            let start = -Int64(number + 1) * 1_000
            let items = (0..<Int(chance.int(1...3))).map { line -> JSON in
                [
                    "line_id": .string("l\(line)"), "categories": .array([chance.coin() ? "kids" : "home"]),
                    "quantity": .int(chance.int(1...3)),
                    "unit_price": .int(chance.int(1...5_000)),
                ]
            }
            let subtotal = items.reduce(0) { $0 + ($1["quantity"]?.int ?? 0) * ($1["unit_price"]?.int ?? 0) }
            let discount = chance.int(0...subtotal / 2)
            let (tax, shipping) = (chance.int(0...300), chance.int(0...500))
            let data = orderData(
                id, customer: chance.coin() ? "a" : "b", total: subtotal - discount + tax + shipping,
                placedAt: TestHouse.startOfTime.adding(seconds: start * 60).rfc3339,
                more: [
                    "items": .array(items), "subtotal": .int(subtotal), "discount_total": .int(discount), "tax_total": .int(tax),
                    "shipping_total": .int(shipping),
                ])
            events.append(event("order.placed", data, at: start))
            events.append(event("order.paid", data, at: start + 1))
            for refund in 0..<Int(chance.int(0...3)) {
                if chance.coin() {
                    events.append(event("order.refunded", refundData(id, "r\(refund)", amount: chance.int(0...subtotal)), at: start + 5))
                } else {
                    let line = items[Int(chance.int(0...Int64(items.count - 1)))]
                    let back: JSON = ["line_id": line["line_id"] ?? .null, "quantity": .int(chance.int(1...(line["quantity"]?.int ?? 1)))]
                    events.append(event("order.refunded", refundData(id, "r\(refund)", items: [back]), at: start + 5))
                }
            }
            if chance.int(0...4) == 0 { events.append(event("order.cancelled", ["order_id": .string(id)], at: start + 9)) }
            if chance.int(0...3) == 0 {
                events.append(event("order.updated", ["order_id": .string(id), "discount_total": .int(discount / 2)], at: start + 3))
            }
        }
        return events
    }
}
