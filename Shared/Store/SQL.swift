public import Shared

/// A value bound to a statement.
public enum SQLValue: Sendable, Hashable {
    case null
    case int(Int64)
    case double(Double)
    case text(String)
    case bytes([UInt8])
}

/// One statement with its values: `"SELECT name FROM members WHERE id = \(id)"`. Every interpolated value becomes a bind `?`; it is never
/// part of the text. Only `\(raw:)` puts text into the statement, for words of the dialect and fragments the program itself wrote.
public struct SQL: ExpressibleByStringInterpolation, Sendable {
    /// The statement, with `?` where the values go. The key under which it is kept prepared, so it must not vary without end.
    public private(set) var text: String
    public private(set) var values: [SQLValue]

    public init(stringLiteral value: String) {
        text = value
        values = []
    }

    public init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        values = stringInterpolation.values
    }

    /// Trusted text as it stands.
    public init(raw text: String) {
        self.text = text
        values = []
    }

    /// Puts another fragment, with its values, behind this one.
    public mutating func append(_ other: SQL) {
        text += other.text
        values += other.values
    }

    public static func + (a: SQL, b: SQL) -> SQL {
        var joined = a
        joined.append(b)
        return joined
    }
}

extension SQL {
    public struct StringInterpolation: StringInterpolationProtocol, Sendable {
        var text: String
        var values: [SQLValue]

        public init(literalCapacity: Int, interpolationCount: Int) {
            text = ""
            text.reserveCapacity(literalCapacity + interpolationCount * 2)
            values = []
            values.reserveCapacity(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) {
            text += literal
        }

        public mutating func appendInterpolation(_ value: SQLValue) {
            text += "?"
            values.append(value)
        }

        public mutating func appendInterpolation(_ value: Int64) { appendInterpolation(SQLValue.int(value)) }
        public mutating func appendInterpolation(_ value: Int) { appendInterpolation(SQLValue.int(Int64(value))) }
        public mutating func appendInterpolation(_ value: Double) { appendInterpolation(SQLValue.double(value)) }
        public mutating func appendInterpolation(_ value: String) { appendInterpolation(SQLValue.text(value)) }
        /// 1 or 0.
        public mutating func appendInterpolation(_ value: Bool) { appendInterpolation(SQLValue.int(value ? 1 : 0)) }
        /// Milliseconds.
        public mutating func appendInterpolation(_ value: Timestamp) { appendInterpolation(SQLValue.int(value.milliseconds)) }
        public mutating func appendInterpolation(_ value: [UInt8]) { appendInterpolation(SQLValue.bytes(value)) }
        /// Its text; `JSON.null` is the text `null`, an absent JSON is NULL.
        public mutating func appendInterpolation(_ value: JSON) { appendInterpolation(SQLValue.text(value.text)) }

        public mutating func appendInterpolation(_ value: Int64?) { appendInterpolation(value.map(SQLValue.int) ?? .null) }
        public mutating func appendInterpolation(_ value: Int?) { appendInterpolation(value.map { SQLValue.int(Int64($0)) } ?? .null) }
        public mutating func appendInterpolation(_ value: Double?) { appendInterpolation(value.map(SQLValue.double) ?? .null) }
        public mutating func appendInterpolation(_ value: String?) { appendInterpolation(value.map(SQLValue.text) ?? .null) }
        public mutating func appendInterpolation(_ value: Bool?) { appendInterpolation(value.map { SQLValue.int($0 ? 1 : 0) } ?? .null) }
        public mutating func appendInterpolation(_ value: Timestamp?) {
            appendInterpolation(value.map { SQLValue.int($0.milliseconds) } ?? .null)
        }
        public mutating func appendInterpolation(_ value: [UInt8]?) { appendInterpolation(value.map(SQLValue.bytes) ?? .null) }
        public mutating func appendInterpolation(_ value: JSON?) { appendInterpolation(value.map { SQLValue.text($0.text) } ?? .null) }

        /// A fragment with its own values, such as an optional condition.
        public mutating func appendInterpolation(_ fragment: SQL) {
            text += fragment.text
            values += fragment.values
        }

        /// Text that the program itself wrote. Never anything from outside.
        public mutating func appendInterpolation(raw trusted: String) {
            text += trusted
        }

        /// The right side of `IN`: `(?, ?, ?)`. An empty list matches nothing (and `NOT IN` everything).
        public mutating func appendInterpolation(list: [String]) {
            appendList(list.map(SQLValue.text), empty: "(SELECT CAST(NULL AS TEXT) WHERE 1 = 0)")
        }

        /// The right side of `IN`: `(?, ?, ?)`. An empty list matches nothing (and `NOT IN` everything).
        public mutating func appendInterpolation(list: [Int64]) {
            appendList(list.map(SQLValue.int), empty: "(SELECT CAST(NULL AS BIGINT) WHERE 1 = 0)")
        }

        private mutating func appendList(_ items: [SQLValue], empty: String) {
            guard let last = items.last else {
                text += empty
                return
            }
            // Filled up to a power of two with its last item, which changes no answer: few different statements, so that they stay
            // prepared.
            var count = 1
            while count < items.count { count *= 2 }
            text += "(?"
            for _ in 1..<max(count, 1) { text += ", ?" }
            text += ")"
            values += items
            for _ in items.count..<count { values.append(last) }
        }
    }
}
