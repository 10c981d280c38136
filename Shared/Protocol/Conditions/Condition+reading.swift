extension Condition {
    /// Reads the condition that `reader` stands at, over any fields.
    public static func read(_ reader: FieldReader) -> Condition? {
        read(.object(reader.object), at: reader.pointer, fields: .anything, issues: reader.issues)
    }

    /// Reads a condition and notes everything wrong with it: unknown fields and operators, values of the wrong kind, too deep or too large.
    public static func read(_ json: JSON, at pointer: JSONPointer, fields: ConditionFields, issues: FieldIssues) -> Condition? {
        var nodes = 0
        return read(json, pointer, fields, issues, depth: 1, nodes: &nodes)
    }

    private static func read(
        _ json: JSON, _ pointer: JSONPointer, _ fields: ConditionFields, _ issues: FieldIssues, depth: Int, nodes: inout Int
    ) -> Condition? {
        nodes += 1
        guard nodes <= maximumNodes else {
            if nodes == maximumNodes + 1 { issues.add(pointer, "too_many", "at most \(maximumNodes) conditions") }
            return nil
        }
        guard depth <= maximumDepth else {
            issues.add(pointer, "too_deep", "at most \(maximumDepth) levels")
            return nil
        }
        guard case .object(let object) = json else {
            issues.add(pointer, "wrong_type", "a condition is an object")
            return nil
        }
        if object["field"] != nil {
            return ConditionTest(FieldReader(object, at: pointer, issues: issues), fields: fields).map(Condition.test)
        }
        guard object.members.count == 1, let member = object.members.first, ["all", "any", "not"].contains(member.name) else {
            issues.add(pointer, "invalid", "either field, op and value, or one of all, any, not")
            return nil
        }
        if member.name == "not" {
            return read(member.value, pointer / "not", fields, issues, depth: depth + 1, nodes: &nodes).map(Condition.not)
        }
        guard case .array(let items) = member.value, !items.isEmpty else {
            issues.add(pointer / member.name, "wrong_type", "a list of at least one condition was expected")
            return nil
        }
        var parts: [Condition] = []
        for (index, item) in items.enumerated() {
            guard nodes <= maximumNodes else { break }
            if let part = read(item, pointer / member.name / index, fields, issues, depth: depth + 1, nodes: &nodes) { parts.append(part) }
        }
        guard parts.count == items.count else { return nil }
        return member.name == "all" ? .all(parts) : .any(parts)
    }
}

extension ConditionTest {
    public static let maximumList = 1_000

    init?(_ reader: FieldReader, fields: ConditionFields) {
        let field = reader.requiredString("field", max: 200)
        let op = reader.require("op", reader.choice("op", Operator.self))
        let value = reader.raw("value")
        let windowed = field.map(fields.allowsWindow) ?? false
        let withinDays = windowed ? reader.int("within_days", in: 1...36_500) : nil
        reader.refuseUnknown()
        if let field, !fields.allows(field) { reader.fail("field", "unknown_field", "conditions here do not know this field") }
        guard let field, let op, fields.allows(field) else { return nil }
        guard Self.accepts(value, for: op, reader) else { return nil }
        self.init(field: field, op: op, value: value ?? (op == .exists ? true : .null), withinDays: withinDays)
    }

    private static func accepts(_ value: JSON?, for op: Operator, _ reader: FieldReader) -> Bool {
        func refuse(_ expected: String) -> Bool {
            reader.fail("value", value == nil ? "missing" : "wrong_type", "\(expected) was expected")
            return false
        }
        switch (op, value) {
        case (.eq, .null), (.ne, .null), (.eq, nil), (.ne, nil): return reader.has("value") || refuse("a value")
        case (.eq, .string), (.eq, .int), (.eq, .double), (.eq, .bool), (.ne, .string), (.ne, .int), (.ne, .double), (.ne, .bool):
            return true
        case (.gt, .int), (.gt, .double), (.gt, .string), (.gte, .int), (.gte, .double), (.gte, .string): return true
        case (.lt, .int), (.lt, .double), (.lt, .string), (.lte, .int), (.lte, .double), (.lte, .string): return true
        case (.contains, .string), (.contains, .int), (.contains, .double), (.contains, .bool): return true
        case (.exists, nil), (.exists, .bool): return true
        case (.in, .array(let items)):
            let plain = items.allSatisfy { $0.array == nil && $0.object == nil }
            return plain && !items.isEmpty && items.count <= maximumList || refuse("a list of 1 to \(maximumList) texts or numbers")
        case (.withinDays, .some(let days)):
            return days.int.map { (0...36_500).contains($0) } ?? false || refuse("a number of days, 0 to 36500,")
        case (.in, _): return refuse("a list")
        case (.withinDays, _): return refuse("a number of days")
        case (.exists, _): return refuse("true or false")
        default: return refuse("a text or a number")
        }
    }
}
