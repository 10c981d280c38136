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

    /// Every comparison in it, with where it stands below `pointer`.
    public func tests(at pointer: JSONPointer) -> [(pointer: JSONPointer, test: ConditionTest)] {
        switch self {
        case .all(let parts): parts.enumerated().flatMap { $0.element.tests(at: pointer / "all" / $0.offset) }
        case .any(let parts): parts.enumerated().flatMap { $0.element.tests(at: pointer / "any" / $0.offset) }
        case .not(let part): part.tests(at: pointer / "not")
        case .test(let test): [(pointer, test)]
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
    /// For fields that count what happened: only what happened within so many days up to now. Nil: whenever.
    public let withinDays: Int64?

    public init(field: String, op: Operator, value: JSON, withinDays: Int64? = nil) {
        self.field = field
        self.op = op
        self.value = value
        self.withinDays = withinDays
    }

    var members: [JSONObject.Member] {
        let members: [JSONObject.Member] = [
            .init(name: "field", value: .string(field)), .init(name: "op", value: .string(op.rawValue)), .init(name: "value", value: value),
        ]
        return withinDays.map { members + [.init(name: "within_days", value: .int($0))] } ?? members
    }

    var json: JSON { .object(JSONObject(members)) }
}

/// Which fields a place allows. Names are exact, a family (`customer.*`), or everything (`*`).
public struct ConditionFields: Sendable {
    let names: [String]
    /// Those that may be counted within a window (`within_days` beside field, op and value).
    let windowed: [String]

    public init(_ names: [String], windowed: [String] = []) {
        self.names = names
        self.windowed = windowed
    }

    /// No limits: where facts come with what brings them.
    public static let anything = ConditionFields(["*"])

    func allows(_ field: String) -> Bool { Self.has(names, field) }
    func allowsWindow(_ field: String) -> Bool { Self.has(windowed, field) }

    private static func has(_ names: [String], _ field: String) -> Bool {
        names.contains { name in
            if name == "*" { return true }
            return name.hasSuffix(".*") ? field.hasPrefix(name.dropLast()) && field.utf8.count >= name.utf8.count : field == name
        }
    }
}
