import Shared
import SharedTesting
import Testing

/// Random rules over random customers: what is kept as events arrive and time passes, what a computation from nothing finds, what a preview counts and
/// what a plain recount says are the same.
@Suite("Segments, against a recount by hand")
struct SegmentPropertyTests {
    private struct Person {
        var country: String?
        var orders: [String: (placedAt: Timestamp, total: Int64, isCancelled: Bool)] = [:]
        var views: [Timestamp] = []

        var counted: [(placedAt: Timestamp, total: Int64, isCancelled: Bool)] { orders.values.filter { !$0.isCancelled } }
    }

    private typealias Test = @Sendable (Person, Timestamp) -> Bool

    @Test("kept, computed, previewed and recounted members are the same", arguments: 0..<3)
    func recount(_: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        try await LoyaltyHouse.with { house in
            var chance = Rolls(seed: seed)
            var persons: [String: Person] = [:]
            var rules: [(json: JSON, test: Test)] = []
            var ids: [String] = []
            func addRule() async throws {
                let rule = Self.rule(&chance, depth: 2)
                rules.append(rule)
                ids.append(try await house.addSegment(rule.json))
            }
            for _ in 0..<4 { try await addRule() }
            for round in 0..<12 {
                var events: [CloudEvent] = []
                for number in 0..<10 { events.append(Self.step(&chance, &persons, round * 10 + number, house.test.house.now)) }
                try await house.send(events)
                if round == 4 || round == 8 { try await addRule() }
                try await house.test.advance(seconds: Int64.random(in: 1...90_000, using: &chance))
                let now = house.test.house.now
                for (index, rule) in rules.enumerated() {
                    let byHand = persons.filter { rule.test($0.value, now) }.keys.sorted()
                    let kept = try await house.members(ids[index])
                    #expect(kept == byHand, "seed \(seed), round \(round): \(rule.json.text)")
                    if kept != byHand { return }
                }
            }
            for (index, rule) in rules.enumerated() {
                let kept = try await house.members(ids[index])
                let fresh = try await house.addSegment(rule.json)
                #expect(try await house.members(fresh) == kept, "seed \(seed): \(rule.json.text)")
                let preview = try await house.preview(rule.json)
                #expect(preview["count"] == .int(Int64(kept.count)), "seed \(seed): \(rule.json.text)")
                #expect(preview["of"] == .int(Int64(persons.count)), "seed \(seed)")
                #expect(preview["sample"]?.array?.compactMap(\.string) == Array(kept.prefix(20)), "seed \(seed)")
            }
        }
    }

    private static func rule(_ chance: inout Rolls, depth: Int) -> (json: JSON, test: Test) {
        switch depth == 0 ? 3 : Int.random(in: 0...5, using: &chance) {
        case 0:
            let (a, b) = (rule(&chance, depth: depth - 1), rule(&chance, depth: depth - 1))
            return (["all": [a.json, b.json]], { a.test($0, $1) && b.test($0, $1) })
        case 1:
            let (a, b) = (rule(&chance, depth: depth - 1), rule(&chance, depth: depth - 1))
            return (["any": [a.json, b.json]], { a.test($0, $1) || b.test($0, $1) })
        case 2:
            let a = rule(&chance, depth: depth - 1)
            return (["not": a.json], { !a.test($0, $1) })
        default: break
        }
        let days = Int64.random(in: 1...6, using: &chance)
        let number = Int64.random(in: 0...3, using: &chance)
        switch Int.random(in: 0...6, using: &chance) {
        case 0:
            return (["field": "orders.count", "op": "gte", "value": .int(number)], { person, _ in Int64(person.counted.count) >= number })
        case 1:
            let total = number * 10_000
            return (
                ["field": "orders.total", "op": "lt", "value": .int(total)],
                { person, _ in person.counted.reduce(0) { $0 + $1.total } < total }
            )
        case 2:
            return (
                ["field": "orders.last_at", "op": "within_days", "value": .int(days)],
                { person, now in
                    guard let last = person.counted.map(\.placedAt).max() else { return false }
                    return last >= now.adding(days: -days) && last <= now
                }
            )
        case 3: return (["field": "customer.country", "op": "eq", "value": "TR"], { person, _ in person.country == "TR" })
        case 4:
            return (
                ["field": "events.order.placed.count", "op": "lte", "value": .int(number), "within_days": .int(days)],
                { person, now in
                    Int64(person.orders.values.count { $0.placedAt >= now.adding(days: -days) && $0.placedAt <= now }) <= number
                }
            )
        default:
            return (
                ["field": "events.product.viewed.count", "op": "gte", "value": .int(number), "within_days": .int(days)],
                { person, now in Int64(person.views.count { $0 >= now.adding(days: -days) && $0 <= now }) >= number }
            )
        }
    }

    private static func step(_ chance: inout Rolls, _ persons: inout [String: Person], _ number: Int, _ now: Timestamp) -> CloudEvent
    {
        let id = "c\(Int.random(in: 0..<8, using: &chance))"
        var person = persons[id] ?? Person()
        defer { persons[id] = person }
        // Some of it is told late.
        let time = now.adding(seconds: -Int64.random(in: 0...200_000, using: &chance))
        func said(_ type: String, _ data: JSON) -> CloudEvent {
            CloudEvent(
                id: "e\(number)-\(UInt64.random(in: 0...UInt64.max, using: &chance))", source: "shop", type: type, time: time, subject: id,
                data: data)
        }
        switch Int.random(in: 0...5, using: &chance) {
        case 0:
            // Said by the time of saying: a late one must not win here.
            let country = Bool.random(using: &chance) ? "TR" : "DE"
            person.country = country
            var event = said("customer.updated", ["customer": ["id": .string(id), "country": .string(country)]])
            event.time = now.adding(milliseconds: Int64(number))
            return event
        case 1, 2:
            let total = Int64.random(in: 0...20_000, using: &chance)
            person.orders["o\(number)"] = (time, total, false)
            return said("order.placed", orderData("o\(number)", customer: id, total: total, placedAt: time.rfc3339))
        case 3:
            guard let order = person.orders.filter({ !$0.value.isCancelled }).keys.sorted().randomElement(using: &chance) else {
                fallthrough
            }
            person.orders[order]?.isCancelled = true
            return said("order.cancelled", ["order_id": .string(order), "customer": ["id": .string(id)]])
        default:
            person.views.append(time)
            return said("product.viewed", ["product": ["id": "mug"]])
        }
    }
}
