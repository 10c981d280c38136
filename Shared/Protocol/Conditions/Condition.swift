/// A condition over named facts: `{"field": "order.total", "op": "gte", "value": 5000}`, nested by `all`, `any` and `not`.
public indirect enum Condition: Sendable, Hashable {
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case test(ConditionTest)

    public static let maximumDepth = 8
    public static let maximumNodes = 100

    /// The first names of the fields it asks about (`order`, `customer`): what has to be gathered before it is asked.
    public var roots: Set<String> {
        switch self {
        case .all(let parts), .any(let parts): parts.reduce(into: []) { $0.formUnion($1.roots) }
        case .not(let part): part.roots
        case .test(let test): [String(test.field.prefix { $0 != "." })]
        }
    }

    public var json: JSON {
        switch self {
        case .all(let parts): ["all": .array(parts.map(\.json))]
        case .any(let parts): ["any": .array(parts.map(\.json))]
        case .not(let part): ["not": part.json]
        case .test(let test): test.json
        }
    }
}

/// One comparison.
public struct ConditionTest: Sendable, Hashable {
    public enum Operator: String, Sendable, CaseIterable {
        case eq, ne, gt, gte, lt, lte
        /// The field's value is one of the list.
        case `in`
        /// The field, a list, has the value; or the field, a text, has it within.
        case contains
        /// `value` true (or absent): the field is there; false: it is not.
        case exists
        /// The field is a time at most so many days ago, and not in the future.
        case withinDays = "within_days"
    }

    public let field: String
    public let op: Operator
    public let value: JSON

    public init(field: String, op: Operator, value: JSON) {
        self.field = field
        self.op = op
        self.value = value
    }

    var json: JSON { ["field": .string(field), "op": .string(op.rawValue), "value": value] }
}

/// Which fields a place allows. Names are exact, a family (`customer.*`), or everything (`*`).
public struct ConditionFields: Sendable {
    let names: [String]

    public init(_ names: [String]) { self.names = names }

    /// No limits: where facts come with what brings them.
    public static let anything = ConditionFields(["*"])

    func allows(_ field: String) -> Bool {
        names.contains { name in
            if name == "*" { return true }
            return name.hasSuffix(".*") ? field.hasPrefix(name.dropLast()) && field.utf8.count >= name.utf8.count : field == name
        }
    }
}
