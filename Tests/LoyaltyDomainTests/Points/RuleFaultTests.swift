import LoyaltyDomain
import Shared
import Testing

@Suite("Rules that contradict themselves")
struct RuleFaultTests {
    private func read(_ text: String) throws -> EarningRule {
        let issues = FieldIssues()
        let rule = EarningRule(FieldReader(body: try JSONParser.parse(text), issues: issues), id: "rule_1", version: 1)
        return try #require(rule, "\(issues.issues)")
    }

    private func faults(_ text: String) throws -> [String] {
        try read(text).faults.map { "\($0.path.joined(separator: "/")) \($0.code)" }
    }

    @Test(
        "each is named where it is",
        arguments: [
            (#"{"name": "a", "trigger": "survey.completed", "points": {"per_item": {"points": 1}}}"#, "points conflict"),
            (#"{"name": "a", "trigger": "social.followed", "points": {"per_amount": {"points": 1, "amount": 1}}}"#, "points conflict"),
            (
                #"{"name": "a", "trigger": "order.paid", "points": {"fixed": 1}, "items": {"field": "item.sku", "op": "eq", "value": "x"}}"#,
                "items conflict"
            ),
            (#"{"name": "a", "trigger": "order.paid", "points": {"fixed": 1}, "include": ["tax"]}"#, "include conflict"),
            (
                #"{"name": "a", "trigger": "order.paid", "points": {"fixed": 50}, "caps": {"per_member": {"points": 30, "every": "day"}}}"#,
                "caps/per_member/points never_fires"
            ),
            (
                #"{"name": "a", "trigger": "order.paid", "points": {"fixed": 50}, "caps": {"total": {"points": 30}}}"#,
                "caps/total/points never_fires"
            ),
            (#"{"name": "a", "trigger": "points.earned", "points": {"fixed": 50}}"#, "trigger never_fires"),
            (#"{"name": "a", "trigger": "order.refunded", "points": {"fixed": 50}}"#, "trigger never_fires"),
            (#"{"name": "a", "trigger": "milestone.orders", "points": {"fixed": 50}}"#, "milestone missing"),
            (#"{"name": "a", "trigger": "milestone.orders", "points": {"fixed": 50}, "milestone": {"spent": 9}}"#, "milestone conflict"),
            (#"{"name": "a", "trigger": "order.paid", "points": {"fixed": 50}, "milestone": {"orders": 9}}"#, "milestone conflict"),
        ])
    func found(_ text: String, _ expected: String) throws {
        #expect(try faults(text) == [expected])
    }

    @Test(
        "conditions that can never hold are found",
        arguments: [
            (
                #"{"all": [{"field": "order.currency", "op": "eq", "value": "TRY"}, {"field": "order.currency", "op": "eq", "value": "EUR"}]}"#,
                true
            ),
            (#"{"all": [{"field": "order.total", "op": "gt", "value": 100}, {"field": "order.total", "op": "lt", "value": 100}]}"#, true),
            (
                #"{"all": [{"field": "order.total", "op": "gte", "value": 100}, {"field": "order.total", "op": "lte", "value": 100}]}"#,
                false
            ),
            (#"{"field": "order.total", "op": "lt", "value": 0}"#, true), (#"{"field": "time.hour", "op": "gt", "value": 23}"#, true),
            (#"{"field": "time.weekday", "op": "eq", "value": 0}"#, true),
            (
                #"{"all": [{"field": "order.channel", "op": "in", "value": ["web"]}, {"field": "order.channel", "op": "ne", "value": "web"}]}"#,
                true
            ),
            (
                #"{"all": [{"field": "order.items.sku", "op": "eq", "value": "a"}, {"field": "order.items.sku", "op": "eq", "value": "b"}]}"#,
                false
            ),
            (
                #"{"all": [{"any": [{"field": "order.total", "op": "lt", "value": 0}]}, {"field": "order.total", "op": "gt", "value": 1}]}"#,
                true
            ),
            (#"{"any": [{"field": "order.total", "op": "lt", "value": 0}, {"field": "order.total", "op": "gt", "value": 1}]}"#, false),
            (
                #"{"all": [{"field": "order.city", "op": "exists", "value": false}, {"field": "order.city", "op": "contains", "value": "a"}]}"#,
                true
            ),
            (#"{"not": {"field": "order.total", "op": "lt", "value": 0}}"#, false),
        ])
    func impossible(_ conditions: String, _ never: Bool) throws {
        let rule = #"{"name": "a", "trigger": "order.paid", "points": {"fixed": 1}, "conditions": \#(conditions)}"#
        #expect(try faults(rule) == (never ? ["conditions never_fires"] : []))
    }

    @Test("what the programme does not have is named")
    func programme() throws {
        func rule(_ field: String, _ value: String) throws -> EarningRule {
            try read(
                #"{"name": "a", "trigger": "order.paid", "points": {"fixed": 1}, "conditions": {"field": "\#(field)", "op": "eq", "value": "\#(value)"}}"#
            )
        }
        let tiers = [Tier(id: "tier_1", version: 1, name: "Gold", threshold: 1)]
        let lira = Currency("TRY")
        #expect(try rule("order.currency", "EUR").faults(currency: lira, tiers: tiers).map(\.code) == ["unknown_currency"])
        #expect(try rule("order.currency", "TRY").faults(currency: lira, tiers: tiers).isEmpty)
        #expect(try rule("order.currency", "EUR").faults(currency: nil, tiers: tiers).isEmpty)
        #expect(try rule("order.currency", "XX").faults(currency: nil, tiers: tiers).map(\.code) == ["unknown_currency"])
        #expect(try rule("tier.id", "tier_2").faults(currency: lira, tiers: tiers).map(\.code) == ["unknown_tier"])
        #expect(try rule("tier.name", "Gold").faults(currency: lira, tiers: tiers).isEmpty)
    }

    @Test("a rule of every field survives its own text")
    func roundTrip() throws {
        let text = #"""
            {"name": "all", "trigger": "order.paid", "points": {"per_amount": {"points": 2, "amount": 100, "scale": 2}}, "basis": "gross",
             "items": {"field": "item.sku", "op": "in", "value": ["a"]}, "multiplied": false,
             "conditions": {"all": [{"field": "order.number", "op": "eq", "value": 1}, {"field": "time.hour", "op": "lt", "value": 12}]},
             "caps": {"per_member": {"points": 5, "every": "week"}, "total": {"points": 500, "every": "month"}},
             "limits": {"per_member": {"times": 2, "every": "day"}, "cooldown_hours": 3}, "group": "g", "priority": 4,
             "expiry": {"kind": "rolling", "months": 3}, "activation": {"on": "placed", "days": 2}}
            """#
        let first = try read(text)
        #expect(try read(JSON.object(first.json).text) == first)
        #expect(first.faults.isEmpty)
    }
}
