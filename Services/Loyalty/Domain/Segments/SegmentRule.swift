import Shared

/// Who belongs to a segment: a condition over what is known of a customer. A function of that knowledge and the moment, so that it can also say when
/// time alone will change its answer.
public struct SegmentRule: Sendable, Hashable {
    public let condition: Condition
    public let needs: SegmentNeeds
    /// Whether time alone can change its answer.
    public let isTimed: Bool
    /// Whether somebody of whom nothing is known belongs to it: then everybody new does, whatever made them known.
    public let takesStrangers: Bool
    private let root: Node

    private indirect enum Node: Sendable, Hashable {
        case all([Node])
        case any([Node])
        case not(Node)
        case test(SegmentField, ConditionTest)
    }

    /// Nil where the condition asks what segments do not know.
    public init?(_ condition: Condition) {
        guard let root = Self.node(condition) else { return nil }
        self.condition = condition
        self.root = root
        var needs = SegmentNeeds()
        var isTimed = false
        Self.visit(root) { field, test in
            needs.formUnion(SegmentNeeds(field, test))
            isTimed = isTimed || Self.isTimed(field, test)
        }
        self.needs = needs
        self.isTimed = isTimed
        takesStrangers = Self.holds(root, SegmentFacts(customerID: ""), SegmentContext(now: .epoch, rfm: nil))
    }

    private static func node(_ condition: Condition) -> Node? {
        func all(_ parts: [Condition]) -> [Node]? {
            let nodes = parts.compactMap(node)
            return nodes.count == parts.count ? nodes : nil
        }
        switch condition {
        case .all(let parts): return all(parts).map(Node.all)
        case .any(let parts): return all(parts).map(Node.any)
        case .not(let part): return node(part).map(Node.not)
        case .test(let test): return SegmentField(test.field).map { .test($0, test) }
        }
    }

    private static func visit(_ node: Node, _ body: (SegmentField, ConditionTest) -> Void) {
        switch node {
        case .all(let parts), .any(let parts): for part in parts { visit(part, body) }
        case .not(let part): visit(part, body)
        case .test(let field, let test): body(field, test)
        }
    }

    private static func isTimed(_ field: SegmentField, _ test: ConditionTest) -> Bool {
        test.op == .withinDays || test.withinDays != nil || field == .score(.recency)
    }

    // MARK: - Asking

    public func holds(_ facts: SegmentFacts, _ context: SegmentContext) -> Bool { Self.holds(root, facts, context) }

    private static func holds(_ node: Node, _ facts: SegmentFacts, _ context: SegmentContext) -> Bool {
        switch node {
        case .all(let parts): parts.allSatisfy { holds($0, facts, context) }
        case .any(let parts): parts.contains { holds($0, facts, context) }
        case .not(let part): !holds(part, facts, context)
        case .test(let field, let test):
            test.holds(field.values(facts, window: test.withinDays, context), now: context.now)
        }
    }

    /// The next moment at which the answer becomes another if nothing happens until then but time; nil where it never does.
    public func nextChange(_ facts: SegmentFacts, _ context: SegmentContext) -> Timestamp? {
        guard isTimed else { return nil }
        var moments: Set<Timestamp> = []
        Self.visit(root) { field, test in
            guard Self.isTimed(field, test) else { return }
            for moment in Self.moments(field, test, facts, context) where moment > context.now { moments.insert(moment) }
        }
        guard !moments.isEmpty else { return nil }
        let present = holds(facts, context)
        return moments.sorted().first { holds(facts, SegmentContext(now: $0, rfm: context.rfm)) != present }
    }

    /// Every moment at which a comparison can come to another end by itself.
    private static func moments(
        _ field: SegmentField, _ test: ConditionTest, _ facts: SegmentFacts, _ context: SegmentContext
    ) -> [Timestamp] {
        var moments: [Timestamp] = []
        func window(_ time: Timestamp, _ days: Int64) {
            moments.append(time)
            moments.append(time.adding(days: days).adding(milliseconds: 1))
        }
        if case .eventCount(let type) = field, let days = test.withinDays {
            for time in facts.events[type] ?? [] { window(Timestamp(milliseconds: time), days) }
        }
        if test.op == .withinDays, let days = test.value.int {
            for value in field.values(facts, window: nil, context) { ConditionTest.time(value).map { window($0, days) } }
        }
        if field == .score(.recency), let rfm = context.rfm, let lastAt = facts.orders.lastAt {
            for age in rfm.recency { moments.append(lastAt.adding(milliseconds: age)) }
        }
        return moments
    }
}
