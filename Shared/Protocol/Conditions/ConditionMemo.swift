/// Facts that many conditions are asked about, one after the other: each field is looked up once, and no condition further than it has to be.
public final class ConditionMemo {
    private let facts: ConditionFacts
    private var known: [String: [JSON]] = [:]

    public init(_ facts: ConditionFacts) { self.facts = facts }

    /// All values of a field, as a verdict shows them.
    public func values(_ field: String) -> [JSON] {
        if let values = known[field] { return values }
        let values = facts.values(field)
        known[field] = values
        return values
    }

    public func holds(_ condition: Condition) -> Bool {
        switch condition {
        case .all(let parts): parts.allSatisfy(holds)
        case .any(let parts): parts.contains(where: holds)
        case .not(let part): !holds(part)
        case .test(let test): test.holds(values(test.field), now: facts.now)
        }
    }
}
