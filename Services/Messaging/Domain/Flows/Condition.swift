import Shared

/// A condition over facts: `{"field": "order.total", "op": "gte", "value": 10000}`, nested by `all`, `any` and `not`.
public indirect enum Condition: Sendable, Equatable {
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case test(field: String, Operator, JSON)

    public enum Operator: String, Sendable, CaseIterable {
        case eq, ne, gt, gte, lt, lte
        case `in`, contains, exists
        case withinDays = "within_days"
    }

    public static let maximumDepth = 8
    public static let maximumTests = 100
}

extension Condition {
    /// Whether it holds for `facts` at `now`. A field is a dotted path; through a list it stands for any of its elements. A field that is
    /// not there fails every test except `ne`, `{"op": "exists", "value": false}` and what `not` turns round. Values of unlike kinds are
    /// never equal, less or greater.
    public func holds(for facts: JSON, now: Timestamp) -> Bool {
        switch self {
        case .all(let conditions): conditions.allSatisfy { $0.holds(for: facts, now: now) }
        case .any(let conditions): conditions.contains { $0.holds(for: facts, now: now) }
        case .not(let condition): !condition.holds(for: facts, now: now)
        case .test(let field, let op, let value): Self.test(FieldPath.values(field, in: facts), op, value, now)
        }
    }

    private static func test(_ found: [JSON], _ op: Operator, _ value: JSON, _ now: Timestamp) -> Bool {
        switch op {
        case .eq: found.contains { equal($0, value) }
        case .ne: !found.contains { equal($0, value) }
        case .gt: found.contains { compare($0, value).map { $0 > 0 } ?? false }
        case .gte: found.contains { compare($0, value).map { $0 >= 0 } ?? false }
        case .lt: found.contains { compare($0, value).map { $0 < 0 } ?? false }
        case .lte: found.contains { compare($0, value).map { $0 <= 0 } ?? false }
        case .in: found.contains { one in value.array?.contains { equal(one, $0) } ?? false }
        case .contains:
            found.contains { one in
                if equal(one, value) { return true }
                guard let text = one.string, let part = value.string else { return false }
                return text.lowercased().contains(part.lowercased())
            }
        case .exists: found.contains { !$0.isNull } == (value.bool ?? true)
        case .withinDays:
            found.contains { one in
                guard let days = value.int, let time = one.string.flatMap(Timestamp.init(rfc3339:)) else { return false }
                return time <= now && time >= now.adding(days: -min(days, 36_500))
            }
        }
    }

    private static func equal(_ a: JSON, _ b: JSON) -> Bool {
        if let a = a.double, let b = b.double { return a == b }
        return a == b
    }

    /// Below, at or above zero; nil for values that have no order between them. Times compare as times.
    private static func compare(_ a: JSON, _ b: JSON) -> Int? {
        if let a = a.int, let b = b.int { return a < b ? -1 : a > b ? 1 : 0 }
        if let a = a.double, let b = b.double { return a < b ? -1 : a > b ? 1 : 0 }
        guard let a = a.string, let b = b.string else { return nil }
        if let a = Timestamp(rfc3339: a), let b = Timestamp(rfc3339: b) { return a < b ? -1 : a > b ? 1 : 0 }
        return a < b ? -1 : a > b ? 1 : 0
    }
}

/// Dotted paths into JSON.
public enum FieldPath {
    /// Every value at the path; lists on the way (and at its end) are gone through.
    public static func values(_ path: String, in json: JSON) -> [JSON] {
        var values = [json]
        for step in path.split(separator: ".") {
            values = values.flatMap { value -> [JSON] in
                if let items = value.array { return items.compactMap { $0[String(step)] } }
                return value[String(step)].map { [$0] } ?? []
            }
        }
        return values.flatMap { $0.array ?? [$0] }
    }

    /// The one text or whole number at the path, as text: what events are matched by. Nil for anything else and for an empty text.
    public static func key(_ path: String, in json: JSON) -> String? {
        var value = json
        for step in path.split(separator: ".") {
            guard let next = value[String(step)] else { return nil }
            value = next
        }
        if let text = value.string { return text.isEmpty ? nil : text }
        return value.int.map(String.init)
    }
}

extension Condition {
    /// Reads a condition; what is wrong is noted by pointer.
    public static func read(_ reader: FieldReader) -> Condition? {
        var tests = 0
        return read(reader, depth: 0, tests: &tests)
    }

    private static func read(_ reader: FieldReader, depth: Int, tests: inout Int) -> Condition? {
        func issue(_ code: String, _ detail: String) { reader.issues.add(reader.pointer, code, detail) }
        guard depth < maximumDepth else {
            issue("too_deep", "conditions nest at most \(maximumDepth) deep")
            return nil
        }
        defer { reader.refuseUnknown() }
        for (name, make) in [("all", Condition.all), ("any", Condition.any)] where reader.has(name) {
            guard let inner = reader.require(name, reader.readers(name, maxCount: maximumTests)) else { return nil }
            let read = inner.compactMap { Self.read($0, depth: depth + 1, tests: &tests) }
            return read.count == inner.count ? make(read) : nil
        }
        if reader.has("not") {
            return reader.require("not", reader.reader("not")).flatMap { Self.read($0, depth: depth + 1, tests: &tests) }.map(Condition.not)
        }
        tests += 1
        if tests > maximumTests { issue("too_many", "at most \(maximumTests) tests") }
        let field = reader.requiredString("field", max: 255)
        let op = reader.require("op", reader.choice("op", Operator.self))
        let value = reader.raw("value") ?? .null
        guard let field, let op else { return nil }
        switch op {
        case .in where value.array == nil: reader.fail("value", "wrong_type", "a list was expected")
        case .withinDays where value.int.map({ $0 >= 0 }) != true: reader.fail("value", "wrong_type", "a number of days was expected")
        case .exists where !value.isNull && value.bool == nil: reader.fail("value", "wrong_type", "true or false was expected")
        default: return .test(field: field, op, value)
        }
        return nil
    }

    public var json: JSON {
        switch self {
        case .all(let conditions): ["all": .array(conditions.map(\.json))]
        case .any(let conditions): ["any": .array(conditions.map(\.json))]
        case .not(let condition): ["not": condition.json]
        case .test(let field, let op, let value): ["field": .string(field), "op": .string(op.rawValue), "value": value]
        }
    }
}
