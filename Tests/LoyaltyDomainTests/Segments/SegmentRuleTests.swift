import LoyaltyDomain
import Shared
import Testing

@Suite("Segments' rules")
struct SegmentRuleTests {
    private static let start = Timestamp(rfc3339: "2026-03-01T09:00:00Z") ?? .epoch

    private static func rule(_ json: JSON) -> SegmentRule? { SegmentRule.read(json, at: .root / "rule", issues: FieldIssues()) }

    private static func faults(_ json: JSON) -> [String] {
        let issues = FieldIssues()
        _ = SegmentRule.read(json, at: .root / "rule", issues: issues)
        return issues.issues.map { "\($0.pointer) \($0.code)" }
    }

    // MARK: - Time

    @Test("between now and the next change the answer stays, and then it is another: minute by minute")
    func nextChange() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var chance = Chance(seed: seed)
        for _ in 0..<60 {
            let json = Self.randomRule(&chance, depth: 2)
            guard let rule = Self.rule(json) else {
                Issue.record("seed \(seed): \(json.text) was refused")
                continue
            }
            let facts = Self.randomFacts(&chance)
            let rfm = Self.thresholds
            func holds(_ time: Timestamp) -> Bool { rule.holds(facts, SegmentContext(now: time, rfm: rfm)) }
            let now = Self.start
            let present = holds(now)
            let next = rule.nextChange(facts, SegmentContext(now: now, rfm: rfm))
            if let next {
                #expect(holds(next) != present, "seed \(seed): \(json.text) at \(next.rfc3339)")
                #expect(holds(next.adding(milliseconds: -1)) == present, "seed \(seed): \(json.text) before \(next.rfc3339)")
            }
            for minute in 0..<Int64(5 * 1_440) {
                let time = now.adding(seconds: minute * 60)
                if let next, time >= next { break }
                if holds(time) != present {
                    Issue.record("seed \(seed): \(json.text) changes by \(time.rfc3339), and not first at \(next?.rfc3339 ?? "no time")")
                    break
                }
            }
        }
    }

    @Test("what happened exactly so many days ago is within them, and a millisecond later it is not")
    func edge() throws {
        for days: Int64 in [1, 28, 29, 30, 365] {
            let rule = try #require(Self.rule(["field": "events.x.count", "op": "gte", "value": 1, "within_days": .int(days)]))
            var facts = SegmentFacts(customerID: "1")
            facts.events["x"] = [Self.start.milliseconds]
            let last = Self.start.adding(days: days)
            #expect(rule.holds(facts, SegmentContext(now: last, rfm: nil)))
            #expect(!rule.holds(facts, SegmentContext(now: last.adding(milliseconds: 1), rfm: nil)))
            #expect(rule.nextChange(facts, SegmentContext(now: Self.start, rfm: nil)) == last.adding(milliseconds: 1))
        }
    }

    @Test("a rule without time in it is never changed by time")
    func timeless() throws {
        let rule = try #require(Self.rule(["field": "orders.count", "op": "gte", "value": 1]))
        #expect(!rule.isTimed)
        #expect(rule.nextChange(SegmentFacts(customerID: "1"), SegmentContext(now: Self.start, rfm: nil)) == nil)
    }

    private static let thresholds = RFMThresholds(
        lastAt: (1...10).map { start.adding(seconds: -$0 * 40_000).milliseconds }, counts: Array(1...10), totals: Array(1...10), at: start)

    private static func randomRule(_ chance: inout Chance, depth: Int) -> JSON {
        switch depth == 0 ? 3 : chance.int(0...5) {
        case 0: return ["all": [randomRule(&chance, depth: depth - 1), randomRule(&chance, depth: depth - 1)]]
        case 1: return ["any": [randomRule(&chance, depth: depth - 1), randomRule(&chance, depth: depth - 1)]]
        case 2: return ["not": randomRule(&chance, depth: depth - 1)]
        default: break
        }
        let days = JSON.int(chance.int(1...4))
        switch chance.int(0...5) {
        case 0:
            let op = ["gte", "lt", "eq", "ne"].randomElement(using: &chance) ?? "eq"
            return ["field": "events.x.count", "op": .string(op), "value": .int(chance.int(0...4)), "within_days": days]
        case 1: return ["field": "events.y.count", "op": "gte", "value": .int(chance.int(0...3))]
        case 2: return ["field": "orders.last_at", "op": "within_days", "value": days]
        case 3: return ["field": "rfm.recency", "op": "gte", "value": .int(chance.int(1...5))]
        case 4: return ["field": "customer.created_at", "op": "within_days", "value": days]
        default: return ["field": "orders.count", "op": "gte", "value": .int(chance.int(0...3))]
        }
    }

    private static func randomFacts(_ chance: inout Chance) -> SegmentFacts {
        func time() -> Timestamp { start.adding(milliseconds: chance.int(-4 * 86_400_000...86_400_000) / 1_000 * 1_000) }
        var facts = SegmentFacts(customerID: "1")
        facts.events["x"] = (0..<chance.int(0...5)).map { _ in time().milliseconds }.sorted()
        facts.events["y"] = (0..<chance.int(0...3)).map { _ in time().milliseconds }.sorted()
        facts.customer = JSONObject([.init(name: "created_at", value: .from(time()))])
        if chance.coin() { facts.orders = OrderFigures(count: chance.int(1...4), total: 100, firstAt: start, lastAt: time()) }
        return facts
    }

    // MARK: - Reading

    @Test("a rule that asks what is not known, or could never hold, is refused by where it stands")
    func refusals() {
        let cases: [(JSON, String)] = [
            (["field": "orders.weight", "op": "eq", "value": 1], "/rule/field unknown_field"),
            (["field": "customer.shoe_size", "op": "eq", "value": 1], "/rule/field unknown_field"),
            (["field": "time.hour", "op": "eq", "value": 1], "/rule/field unknown_field"),
            (["field": "events.order.updated.count", "op": "eq", "value": 1], "/rule/field unknown_field"),
            (["field": "events..count", "op": "eq", "value": 1], "/rule/field unknown_field"),
            (["field": "orders.count", "op": "gte", "value": 1, "within_days": 3], "/rule/within_days unknown_field"),
            (["field": "events.x.last_at", "op": "exists", "within_days": 3], "/rule/within_days unknown_field"),
            (["field": "events.x.count", "op": "gte", "value": 1, "within_days": 0], "/rule/within_days out_of_range"),
            (["field": "events.x.count", "op": "gte", "value": 1_001], "/rule/value out_of_range"),
            (["all": [["field": "rfm.recency", "op": "gte", "value": 6]]], "/rule/all/0/value out_of_range"),
            (["not": ["field": "orders.count", "op": "gte", "value": "many"]], "/rule/not/value wrong_type"),
            (["any": [["field": "orders.last_at", "op": "lt", "value": "last year"]]], "/rule/any/0/value invalid_time"),
            (["field": "tier.name", "op": "gte", "value": "Gold"], "/rule/op invalid"),
            (["field": "segments", "op": "eq", "value": "seg_1"], "/rule/op invalid"),
            (["field": "points.balance", "op": "within_days", "value": 3], "/rule/op invalid"),
        ]
        for (json, fault) in cases { #expect(Self.faults(json).contains(fault), "\(json.text): \(Self.faults(json))") }
    }

    @Test("a rule is read back from what it is written as")
    func roundTrip() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var chance = Chance(seed: seed)
        for _ in 0..<100 {
            let json = Self.randomRule(&chance, depth: 3)
            let rule = try #require(Self.rule(json), "seed \(seed)")
            #expect(Self.rule(rule.condition.json) == rule, "seed \(seed): \(json.text)")
        }
    }

    // MARK: - What is needed

    @Test("the longest look back serves two that count the same, and no bound serves who has none")
    func needs() throws {
        let rule = try #require(
            Self.rule([
                "all": [
                    ["field": "events.x.count", "op": "gte", "value": 1, "within_days": 3],
                    ["field": "events.x.count", "op": "gte", "value": 5, "within_days": 30],
                    ["field": "messages.opened", "op": "gte", "value": 1, "within_days": 3],
                    ["field": "events.message.opened.last_at", "op": "exists"],
                    ["field": "orders.categories", "op": "contains", "value": "skin"],
                    ["field": "segments", "op": "in", "value": ["a", "b"]],
                ]
            ]))
        #expect(rule.needs.events["x"] == .some(30))
        #expect(rule.needs.events["message.opened"] == .some(nil))
        #expect(rule.needs.lists == .withText(["skin"]))
        #expect(rule.needs.segments == ["a", "b"])
        #expect(Self.rule(["field": "orders.categories", "op": "contains", "value": "göz \"1\""])?.needs.lists == .all)
    }

    @Test("segments stand behind those they name, and a circle is seen")
    func order() throws {
        func segment(_ id: String, _ names: [String]) throws -> SegmentDefinition {
            let json: JSON =
                names.isEmpty
                ? ["field": "orders.count", "op": "gte", "value": 1] : ["field": "segments", "op": "in", "value": .from(names)]
            return SegmentDefinition(id: id, name: id, version: 1, rule: try #require(Self.rule(json)), isComputing: false)
        }
        let catalogue = SegmentCatalogue(
            [try segment("a", ["b"]), try segment("b", ["c"]), try segment("c", []), try segment("d", [])], rfm: nil)
        #expect(catalogue.segments.map(\.id) == ["c", "d", "b", "a"])
        #expect(catalogue.withDependents(["c"]).map(\.id) == ["c", "b", "a"])
        #expect(catalogue.isCircle("c", naming: ["a"]))
        #expect(catalogue.isCircle("c", naming: ["c"]))
        #expect(!catalogue.isCircle("d", naming: ["a"]))
    }
}
