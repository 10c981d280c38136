import MessagingDomain
import Shared
import Testing

@Suite("A flow's definition")
struct FlowDefinitionTests {
    private func issues(_ json: JSON) -> [String] {
        let issues = FieldIssues()
        _ = FlowDefinition.read(FieldReader(body: json, issues: issues))
        return issues.issues.map(\.pointer)
    }

    static let full: JSON = [
        "class": "marketing",
        "trigger": ["event": "cart.updated", "key": "cart_id", "filter": ["field": "event.total", "op": "gte", "value": 1_000]],
        "exit": [["event": "order.placed"]], "reentry": ["after_days": 7],
        "nodes": [
            ["id": "pause", "kind": "wait", "seconds": 3_600], ["id": "first", "kind": "send", "template_id": "t1"],
            ["id": "bought", "kind": "wait_for", "event": "order.paid", "timeout_seconds": 86_400, "next": "end", "on_timeout": "rich"],
            ["id": "rich", "kind": "branch", "if": ["field": "event.total", "op": "gt", "value": 10_000], "then": "best"],
            ["id": "best", "kind": "send", "template_id": "t2"],
        ],
    ]

    @Test("reads back what it wrote")
    func roundTrip() throws {
        let issues = FieldIssues()
        let definition = try #require(FlowDefinition.read(FieldReader(body: Self.full, issues: issues)))
        #expect(issues.isEmpty)
        #expect(FlowDefinition(json: definition.json) == definition)
        #expect(definition.reentry == .afterDays(7))
        #expect(definition.node("pause")?.next == "first")
        #expect(definition.node("rich")?.next == nil)
    }

    @Test("says what is wrong, and where")
    func wrong() {
        #expect(issues([:]) == ["/trigger", "/nodes"])
        #expect(issues(["trigger": ["event": "x"], "nodes": []]) == ["/nodes"])
        #expect(
            issues([
                "trigger": ["event": 5, "unknown": 1], "reentry": "sometimes", "exit": [["filter": ["field": "x", "op": "like"]]],
                "nodes": [["id": "a", "kind": "dance"], ["id": "b", "kind": "wait", "seconds": -1], ["kind": "send"]],
            ]) == [
                "/trigger/event", "/trigger/unknown", "/exit/0/event", "/exit/0/filter/op", "/reentry", "/nodes/0/kind", "/nodes/1/seconds",
                "/nodes/2/id",
                "/nodes/2/template_id",
            ])
        func nodes(_ nodes: JSON) -> [String] { issues(["trigger": ["event": "x"], "nodes": nodes]) }
        #expect(nodes([["id": "a", "kind": "wait", "seconds": 1], ["id": "a", "kind": "wait", "seconds": 1]]).contains("/nodes/1"))
        #expect(nodes([["id": "a", "kind": "wait", "seconds": 1, "next": "b"]]) == ["/nodes/0"])
        #expect(nodes([["id": "a", "kind": "wait", "seconds": 1, "next": "a"]]) == ["/nodes/0"])
        #expect(
            nodes([
                ["id": "a", "kind": "wait", "seconds": 1, "next": "end"], ["id": "b", "kind": "wait", "seconds": 1, "next": "end"],
            ]) == ["/nodes/1"])
    }

    @Test("a wait at the start needs only its look-back remembered, a later one the whole run")
    func memory() {
        func wait(_ id: String) -> FlowNode {
            FlowNode(id: id, kind: .waitFor(.init(event: "e", key: nil, timeoutSeconds: 5, lookbackSeconds: 60)), next: "b")
        }
        let node = FlowNode.WaitFor(event: "e", key: nil, timeoutSeconds: 5, lookbackSeconds: 60)
        let early = FlowDefinition(messageClass: .marketing, trigger: .init(event: "x"), reentry: .once, nodes: [wait("a")])
        #expect(early.memorySeconds(of: node, at: "a") == 60)
        let late = FlowDefinition(
            messageClass: .marketing, trigger: .init(event: "x"), reentry: .once,
            nodes: [FlowNode(id: "w", kind: .wait(seconds: 10), next: "a"), wait("a")])
        #expect(late.memorySeconds(of: node, at: "a") == FlowNode.longestLookbackSeconds)
    }
}

@Suite("A run through a flow")
struct FlowWalkTests {
    private let now = Timestamp(milliseconds: 1_000_000_000)

    private func definition() throws -> FlowDefinition { try #require(FlowDefinition(json: FlowDefinitionTests.full)) }

    private func walk(_ move: FlowWalk.Move, total: Int64 = 1_000, happened: JSON? = nil) throws -> FlowWalk {
        FlowWalk.walk(try definition(), move, now: now, facts: ["event": ["total": .int(total)]]) { _ in happened }
    }

    @Test("rests where it waits, and goes on when the time is up")
    func waits() throws {
        let begun = try walk(.begin)
        #expect(begun.steps.map(\.outcome) == [.waiting])
        #expect(begun.rest == .waiting(nodeID: "pause", until: now.adding(seconds: 3_600), for: nil))
        let after = try walk(.timeUp(nodeID: "pause"))
        #expect(after.steps.map(\.nodeID) == ["pause", "first", "bought"])
        #expect(after.steps.map(\.outcome) == [.elapsed, .queued(templateID: "t1"), .waiting])
    }

    @Test("passes at once where the awaited has happened already")
    func alreadyHappened() throws {
        let walk = try walk(.timeUp(nodeID: "pause"), happened: ["order_id": "1"])
        #expect(walk.steps.last == .init(nodeID: "bought", kind: "wait_for", outcome: .happened(["order_id": "1"])))
        #expect(walk.rest == .finished)
    }

    @Test(
        "goes another way when it has waited in vain, and branches by what is so",
        arguments: [(20_000, true), (10_000, false)] as [(Int64, Bool)])
    func timeOut(total: Int64, isRich: Bool) throws {
        let walk = try walk(.timeUp(nodeID: "bought"), total: total)
        #expect(walk.steps.map(\.outcome) == [.timedOut, .took(then: isRich)] + (isRich ? [.queued(templateID: "t2")] : []))
        #expect(walk.rest == .finished)
    }

    @Test("a node that a newer version no longer has ends the run")
    func unknownNode() throws {
        #expect(try walk(.timeUp(nodeID: "gone")).rest == .finished)
    }

    @Test("once, always and after an interval")
    func reentry() {
        let earlier = FlowEntry.EarlierRun(entry: 3, enteredAt: now, isInProgress: false)
        let running = FlowEntry.EarlierRun(entry: 3, enteredAt: now, isInProgress: true)
        func decide(_ reentry: FlowDefinition.Reentry, _ run: FlowEntry.EarlierRun?, days: Int64 = 0) -> String {
            switch FlowEntry.decide(reentry, after: run, now: now.adding(days: days)) {
            case .success(let entry): "\(entry)"
            case .failure(let refused): refused.reason.rawValue
            }
        }
        #expect(decide(.once, nil) == "1")
        #expect(decide(.once, earlier) == "already_entered")
        #expect(decide(.always, earlier) == "4")
        #expect(decide(.always, running) == "in_progress")
        #expect(decide(.afterDays(7), earlier, days: 6) == "reentry_interval")
        #expect(decide(.afterDays(7), earlier, days: 7) == "4")
    }
}

@Suite("Conditions on events")
struct EventConditionTests {
    private let facts: JSON = [
        "order": [
            "total": 5_000, "items": [["categories": ["kids", "toys"]], ["categories": ["tea"]]], "placed_at": "2026-02-27T09:00:00Z",
            "city": nil,
        ],
        "customer": ["locale": "tr-TR"],
    ]
    private let now = Timestamp(rfc3339: "2026-03-01T09:00:00Z") ?? .epoch

    @Test(
        "hold or not",
        arguments: [
            (["field": "order.items.categories", "op": "contains", "value": "kids"], true),
            (["field": "order.items.categories", "op": "contains", "value": "books"], false),
            (["field": "order.total", "op": "gte", "value": 5_000], true), (["field": "order.total", "op": "gt", "value": 5_000.0], false),
            (["field": "order.total", "op": "eq", "value": 5_000.0], true), (["field": "order.total", "op": "eq", "value": "5000"], false),
            (["field": "nothing", "op": "ne", "value": 1], true), (["field": "nothing", "op": "lt", "value": 1], false),
            (["field": "order.city", "op": "exists"], false), (["field": "order.total", "op": "exists", "value": true], true),
            (["field": "customer.locale", "op": "in", "value": ["tr", "tr-TR"]], true),
            (["field": "order.placed_at", "op": "within_days", "value": 2], true),
            (["field": "order.placed_at", "op": "within_days", "value": 1], false),
            (["not": ["any": [["field": "order.total", "op": "lt", "value": 1], ["field": "x", "op": "exists"]]]], true),
        ] as [(JSON, Bool)])
    func hold(json: JSON, holds: Bool) throws {
        let issues = FieldIssues()
        let condition = try #require(Condition.read(FieldReader(body: json, issues: issues)))
        #expect(issues.isEmpty)
        #expect(condition.holds(for: facts, now: now) == holds)
        #expect(Condition.read(FieldReader(body: condition.json, issues: issues)) == condition)
    }
}
