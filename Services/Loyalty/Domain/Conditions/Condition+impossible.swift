import Shared

extension Condition {
    /// Every comparison in it.
    public var tests: [ConditionTest] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.tests)
        case .not(let part): part.tests
        case .test(let test): [test]
        }
    }


    /// A field of which it asks what no value can be, so that it never holds; nil where that cannot be told. Fields that may be lists are passed over:
    /// of several values one may pass one test and another the other.
    public var impossibleField: String? {
        switch self {
        case .test(let test): Self.impossible([test])
        case .not: nil
        case .any(let parts):
            parts.allSatisfy { $0.impossibleField != nil } ? parts.first?.impossibleField : nil
        case .all(let parts):
            parts.lazy.compactMap(\.impossibleField).first ?? Self.impossible(together(parts))
        }
    }

    /// The comparisons that all have to hold at once.
    private func together(_ parts: [Condition]) -> [ConditionTest] {
        parts.flatMap { part -> [ConditionTest] in
            switch part {
            case .test(let test): [test]
            case .all(let inner): together(inner)
            case .any, .not: []
            }
        }
    }

    private static let lists = ["order.items.", "cart.items.", "order.coupon_codes", "customer.tags", "customer.traits.", "event.data.", "segments", "orders."]
    /// What a field's numbers keep to by themselves.
    private static let bounds: [String: ClosedRange<Double>] = [
        "time.hour": 0...23, "time.weekday": 1...7, "order.number": 1...Double.greatestFiniteMagnitude,
        "cart.total": 0...Double.greatestFiniteMagnitude, "cart.quantity": 0...Double.greatestFiniteMagnitude,
        "order.total": 0...Double.greatestFiniteMagnitude, "order.subtotal": 0...Double.greatestFiniteMagnitude,
        "item.quantity": 1...Double.greatestFiniteMagnitude, "item.unit_price": 0...Double.greatestFiniteMagnitude,
    ]

    private static func impossible(_ tests: [ConditionTest]) -> String? {
        let single = tests.filter { test in !lists.contains { test.field.hasPrefix($0) } && test.field != "item.categories" }
        for (field, tests) in Dictionary(grouping: single, by: \.field).sorted(by: { $0.key < $1.key })
        where !canHold(field, tests) { return field }
        return nil
    }

    private static func canHold(_ field: String, _ tests: [ConditionTest]) -> Bool {
        // One of the values that are named has to pass all the rest.
        if let named = tests.first(where: { ($0.op == .eq && !$0.value.isNull) || $0.op == .in }) {
            return (named.value.array ?? [named.value]).contains { value in
                if let number = value.double, let bounds = bounds[field], !bounds.contains(number) { return false }
                let facts = ConditionFacts(documents(field, value), now: .epoch)
                return tests.filter { $0.op != .withinDays }.allSatisfy { Condition.test($0).verdict(facts).holds }
            }
        }
        let isAbsent = tests.contains { ($0.op == .exists && $0.value == .bool(false)) || ($0.op == .eq && $0.value.isNull) }
        let needsValue = tests.contains { test in
            switch test.op {
            case .gt, .gte, .lt, .lte, .contains, .withinDays: true
            case .exists: test.value != .bool(false)
            case .ne: test.value.isNull
            case .eq, .in: false
            }
        }
        return !(isAbsent && needsValue) && hasRoom(field, tests)
    }

    private static func hasRoom(_ field: String, _ tests: [ConditionTest]) -> Bool {
        var low = bounds[field]?.lowerBound ?? -.infinity
        var high = bounds[field]?.upperBound ?? .infinity
        for test in tests {
            guard let value = test.value.double else { continue }
            switch test.op {
            case .gt, .gte: low = max(low, value)
            case .lt, .lte: high = min(high, value)
            default: break
            }
        }
        let isOpen = tests.contains { ($0.op == .lt || $0.op == .gt) && $0.value.double == low }
        return low < high || (low == high && !isOpen)
    }

    /// Facts in which one field has one value.
    static func documents(_ field: String, _ value: JSON) -> [String: JSON] {
        let steps = field.split(separator: ".").map(String.init)
        guard let root = steps.first else { return [:] }
        return [root: steps.dropFirst().reversed().reduce(value) { inner, name in .object(JSONObject([.init(name: name, value: inner)])) }]
    }
}
