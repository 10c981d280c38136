/// A JSON value as it stood in the text: integers stay integers (a price must not pass through a Double), members keep their order.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number written without fraction or exponent that fits 64 bits.
    case int(Int64)
    /// Any other number. Never NaN or infinite: the parser refuses those.
    case double(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// The members of a JSON object, in the order they were written. Look-up is linear: objects here are small, and a scan beats a hash table.
/// A name that occurs twice answers with its last value, as RFC 8259 parsers commonly do.
public struct JSONObject: Sendable, Hashable {
    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: JSON

        public init(name: String, value: JSON) {
            self.name = name
            self.value = value
        }
    }

    public var members: [Member]

    public init(_ members: [Member] = []) {
        self.members = members
    }

    public var isEmpty: Bool { members.isEmpty }

    public subscript(_ name: String) -> JSON? {
        get {
            var index = members.count - 1
            while index >= 0 {
                if members[index].name == name { return members[index].value }
                index -= 1
            }
            return nil
        }
        set {
            // Every member of this name goes: an earlier one must not come to light when the last is removed or blanked.
            let index = members.firstIndex { $0.name == name }
            guard let index else {
                if let newValue { members.append(Member(name: name, value: newValue)) }
                return
            }
            if let newValue {
                members[index].value = newValue
                let rest = members.index(after: index)
                if members[rest...].contains(where: { $0.name == name }) {
                    members = Array(members[...index]) + members[rest...].filter { $0.name != name }
                }
            } else {
                members.removeAll { $0.name == name }
            }
        }
    }
}

extension JSON {
    public subscript(_ name: String) -> JSON? {
        if case .object(let object) = self { return object[name] }
        return nil
    }

    public subscript(_ index: Int) -> JSON? {
        if case .array(let items) = self, items.indices.contains(index) { return items[index] }
        return nil
    }

    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    public var isNull: Bool { self == .null }

    /// A whole number: `12`, and `12.0` too, since JSON does not tell them apart; nil past ±2^53 in the second form.
    public var int: Int64? {
        switch self {
        case .int(let value): value
        case .double(let value) where value.rounded() == value && abs(value) <= 9_007_199_254_740_992: Int64(value)
        default: nil
        }
    }

    public var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The value at a path of member names; numbers index arrays.
    public func at(_ path: String...) -> JSON? {
        var value = self
        for step in path {
            guard let next = Int(step).flatMap({ value[$0] }) ?? value[step] else { return nil }
            value = next
        }
        return value
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements.map { JSONObject.Member(name: $0.0, value: $0.1) }))
    }
}

extension JSON {
    /// Optional values become `null` when absent: `"email": .from(customer.email)`.
    public static func from(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
    public static func from(_ value: Int64?) -> JSON { value.map(JSON.int) ?? .null }
    public static func from(_ value: Int?) -> JSON { value.map { .int(Int64($0)) } ?? .null }
    public static func from(_ value: Double?) -> JSON { value.map(JSON.double) ?? .null }
    public static func from(_ value: Bool?) -> JSON { value.map(JSON.bool) ?? .null }
    public static func from(_ value: Timestamp?) -> JSON { value.map { .string($0.rfc3339) } ?? .null }
    public static func from(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }
}
