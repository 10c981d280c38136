/// What a condition is asked about: JSON documents by their first name (`order`, `customer`, `event`). A path through a list means every element,
/// so `order.items.categories` is the categories of all lines.
public struct ConditionFacts: Sendable {
    private let documents: [String: JSON]
    public let now: Timestamp

    public init(_ documents: [String: JSON], now: Timestamp) {
        self.documents = documents
        self.now = now
    }

    /// All values at a dotted path; empty when there is none. Nulls do not count.
    func values(_ field: String) -> [JSON] {
        var steps = field.split(separator: ".").map(String.init)[...]
        guard let root = steps.popFirst(), let document = documents[root] else { return [] }
        return Self.values(steps, in: document)
    }

    /// All values at a path of one document.
    public static func values(_ steps: some Sequence<String>, in document: JSON) -> [JSON] {
        var found = [document]
        for name in steps { found = found.flatMap(Self.flat).compactMap { $0[name] } }
        return found.flatMap(Self.flat).filter { !$0.isNull }
    }

    private static func flat(_ value: JSON) -> [JSON] {
        if case .array(let items) = value { return items.flatMap(flat) }
        return [value]
    }
}

/// What a condition came to, and why: the tree with each part's result and the values it saw.
public indirect enum ConditionVerdict: Sendable, Equatable {
    case all(Bool, [ConditionVerdict])
    case any(Bool, [ConditionVerdict])
    case not(Bool, ConditionVerdict)
    case test(Bool, ConditionTest, actual: [JSON])

    public var holds: Bool {
        switch self {
        case .all(let holds, _), .any(let holds, _), .not(let holds, _), .test(let holds, _, _): holds
        }
    }

    public var json: JSON {
        switch self {
        case .all(let holds, let parts): ["all": .array(parts.map(\.json)), "holds": .bool(holds)]
        case .any(let holds, let parts): ["any": .array(parts.map(\.json)), "holds": .bool(holds)]
        case .not(let holds, let part): ["not": part.json, "holds": .bool(holds)]
        case .test(let holds, let test, let actual):
            .object(
                JSONObject(
                    test.members + [
                        .init(
                            name: "actual",
                            value: actual.count == 1 ? actual[0] : (actual.isEmpty ? .null : .array(Array(actual.prefix(20))))),
                        .init(name: "holds", value: .bool(holds)),
                    ]))
        }
    }
}

extension Condition {
    /// Every part is asked, also where the result is plain early: the verdict is there to explain.
    public func verdict(_ facts: ConditionFacts) -> ConditionVerdict {
        switch self {
        case .all(let parts):
            let verdicts = parts.map { $0.verdict(facts) }
            return .all(verdicts.allSatisfy(\.holds), verdicts)
        case .any(let parts):
            let verdicts = parts.map { $0.verdict(facts) }
            return .any(verdicts.contains(where: \.holds), verdicts)
        case .not(let part):
            let verdict = part.verdict(facts)
            return .not(!verdict.holds, verdict)
        case .test(let test):
            let actual = facts.values(test.field)
            return .test(test.holds(actual, now: facts.now), test, actual: actual)
        }
    }
}

extension ConditionTest {
    /// With several values (the lines of an order) one that passes is enough; `ne` means that none is equal. Without any, only `ne` and
    /// `exists: false` hold, and `eq: null`.
    public func holds(_ actual: [JSON], now: Timestamp) -> Bool {
        switch op {
        case .exists: return actual.isEmpty != (value != .bool(false))
        case .eq: return value.isNull ? actual.isEmpty : actual.contains { Self.equal($0, value) }
        case .ne: return value.isNull ? !actual.isEmpty : !actual.contains { Self.equal($0, value) }
        case .in: return actual.contains { one in value.array?.contains { Self.equal(one, $0) } ?? false }
        case .gt: return actual.contains { Self.order($0, value).map { $0 > 0 } ?? false }
        case .gte: return actual.contains { Self.order($0, value).map { $0 >= 0 } ?? false }
        case .lt: return actual.contains { Self.order($0, value).map { $0 < 0 } ?? false }
        case .lte: return actual.contains { Self.order($0, value).map { $0 <= 0 } ?? false }
        case .contains:
            return actual.contains { one in
                if case .string(let text) = one, case .string(let part) = value {
                    return text == part || (!part.isEmpty && Self.has(part, within: text))
                }
                return Self.equal(one, value)
            }
        case .withinDays:
            guard let days = value.int else { return false }
            let earliest = now.adding(days: -days)
            return actual.contains { one in
                guard let time = Self.time(one) else { return false }
                return time >= earliest && time <= now
            }
        }
    }

    /// Plain letters are looked for byte by byte, which is a tenth of the work; others as Unicode has it.
    private static func has(_ part: String, within text: String) -> Bool {
        guard part.utf8.allSatisfy({ $0 < 0x80 }) else { return text.contains(part) }
        var (part, text) = (part, text)
        return part.withUTF8 { part in
            text.withUTF8 { text in
                guard part.count <= text.count else { return false }
                return (0...(text.count - part.count)).contains { start in part.indices.allSatisfy { text[start + $0] == part[$0] } }
            }
        }
    }

    private static func equal(_ a: JSON, _ b: JSON) -> Bool {
        if a == b { return true }
        if let left = a.int, let right = b.int { return left == right }
        if let left = a.double, let right = b.double { return left == right }
        return false
    }

    /// Numbers by value, times by moment, other texts by their characters; nil where the two do not compare.
    private static func order(_ a: JSON, _ b: JSON) -> Int? {
        func sign<Value: Comparable>(_ left: Value, _ right: Value) -> Int { left < right ? -1 : (left > right ? 1 : 0) }
        if let left = a.int, let right = b.int { return sign(left, right) }
        if let left = a.double, let right = b.double { return sign(left, right) }
        if let left = time(a), let right = time(b) { return sign(left, right) }
        if let left = a.string, let right = b.string { return sign(left, right) }
        return nil
    }

    /// The moment that a text tells; of a day its beginning in UTC.
    public static func time(_ value: JSON) -> Timestamp? {
        guard let text = value.string else { return nil }
        if let time = Timestamp(rfc3339: text) { return time }
        return CivilDate(text).map { Timestamp(milliseconds: Int64($0.daysSinceEpoch) * 86_400_000) }
    }
}
