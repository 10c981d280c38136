import Shared
import Testing

@Suite("Conditions")
struct ConditionTests {
    private static let fields = ConditionFields([
        "order.total", "order.currency", "order.channel", "order.coupon_codes", "order.placed_at", "order.city", "order.country",
        "order.items.categories", "order.items.product_id", "customer.*", "event.type", "event.data.*",
    ])

    private let facts = ConditionFacts(
        [
            "order": [
                "total": 5_000, "currency": "TRY", "channel": "web", "coupon_codes": ["SUMMER"],
                "items": [["product_id": "p1", "categories": ["kids", "toys"]], ["product_id": "p2", "categories": ["books"]]],
            ],
            "customer": ["tags": ["vip"], "traits": ["joined": "2026-03-01T00:00:00Z", "score": 7.5]],
            "event": ["type": "order.paid", "data": [:]],
        ], now: Timestamp(rfc3339: "2026-03-05T00:00:00Z") ?? .epoch)

    private func read(_ text: String) throws -> (Condition?, [FieldIssue]) {
        let issues = FieldIssues()
        let condition = Condition.read(try JSONParser.parse(text), at: .root / "conditions", fields: Self.fields, issues: issues)
        return (condition, issues.issues)
    }

    @Test(
        "each operator does what it says",
        arguments: [
            (#"{"field": "order.total", "op": "gte", "value": 5000}"#, true),
            (#"{"field": "order.total", "op": "gt", "value": 5000}"#, false),
            (#"{"field": "order.total", "op": "lt", "value": 5000.5}"#, true),
            (#"{"field": "order.channel", "op": "eq", "value": "web"}"#, true),
            (#"{"field": "order.channel", "op": "ne", "value": "pos"}"#, true),
            (#"{"field": "order.channel", "op": "in", "value": ["pos", "web"]}"#, true),
            (#"{"field": "order.items.categories", "op": "contains", "value": "books"}"#, true),
            (#"{"field": "order.items.categories", "op": "contains", "value": "garden"}"#, false),
            (#"{"field": "order.items.product_id", "op": "eq", "value": "p2"}"#, true),
            (#"{"field": "order.country", "op": "exists", "value": false}"#, true),
            (#"{"field": "order.country", "op": "ne", "value": "TR"}"#, true),
            (#"{"field": "order.country", "op": "lt", "value": 1}"#, false),
            (#"{"field": "order.country", "op": "eq", "value": null}"#, true),
            (#"{"field": "customer.tags", "op": "contains", "value": "vip"}"#, true),
            (#"{"field": "customer.traits.joined", "op": "within_days", "value": 4}"#, true),
            (#"{"field": "customer.traits.joined", "op": "within_days", "value": 3}"#, false),
            (#"{"field": "customer.traits.joined", "op": "lt", "value": "2026-03-01T01:00:00+00:30"}"#, true),
            (
                #"{"not": {"any": [{"field": "order.total", "op": "lt", "value": 1}, {"field": "event.type", "op": "eq", "value": "x"}]}}"#,
                true
            ),
            (
                #"{"all": [{"field": "order.total", "op": "gt", "value": 1}, {"field": "order.currency", "op": "eq", "value": "EUR"}]}"#,
                false
            ),
        ])
    func operators(_ text: String, _ holds: Bool) throws {
        let (condition, issues) = try read(text)
        #expect(issues == [])
        #expect(try #require(condition).verdict(facts).holds == holds)
    }

    @Test(
        "what is wrong is named by pointer",
        arguments: [
            (#"{"field": "order.colour", "op": "eq", "value": 1}"#, "/conditions/field", "unknown_field"),
            (#"{"all": [{"field": "order.total", "op": "like", "value": 1}]}"#, "/conditions/all/0/op", "invalid"),
            (#"{"field": "order.total", "op": "gt"}"#, "/conditions/value", "missing"),
            (#"{"field": "order.total", "op": "in", "value": "TRY"}"#, "/conditions/value", "wrong_type"),
            (#"{"any": []}"#, "/conditions/any", "wrong_type"), (#"{"some": []}"#, "/conditions", "invalid"),
            ("3", "/conditions", "wrong_type"),
            (#"{"field": "order.total", "op": "gt", "value": 1, "and": 2}"#, "/conditions/and", "unknown_field"),
        ])
    func wrong(_ text: String, _ pointer: String, _ code: String) throws {
        let issues = try read(text).1
        #expect(issues.map(\.pointer) == [pointer])
        #expect(issues.map(\.code) == [code])
    }

    @Test("depth and size are bounded")
    func bounds() throws {
        let test = #"{"field": "order.total", "op": "gt", "value": 1}"#
        func nested(_ levels: Int) -> String {
            String(repeating: #"{"not": "#, count: levels) + test + String(repeating: "}", count: levels)
        }
        #expect(try read(nested(7)).0 != nil)
        #expect(try read(nested(8)).1.map(\.code) == ["too_deep"])
        func wide(_ count: Int) -> String { #"{"all": ["# + Array(repeating: test, count: count).joined(separator: ",") + "]}" }
        #expect(try read(wide(99)).0 != nil)
        #expect(try read(wide(5_000)).1.map(\.code) == ["too_many"])
    }

    @Test("a verdict explains itself")
    func explains() throws {
        let condition = try #require(try read(#"{"all": [{"field": "order.total", "op": "gt", "value": 9000}]}"#).0)
        let expected: JSON = [
            "all": [["field": "order.total", "op": "gt", "value": 9_000, "actual": 5_000, "holds": false]], "holds": false,
        ]
        #expect(condition.verdict(facts).json == expected)
        #expect(condition.json == (try JSONParser.parse(#"{"all": [{"field": "order.total", "op": "gt", "value": 9000}]}"#)))
    }
}
