/// One thing wrong with one field.
public struct FieldIssue: Sendable, Hashable {
    /// RFC 6901, relative to the body (or to the event).
    public var pointer: String
    /// Stable, snake_case: `missing`, `wrong_type`, `out_of_range`, `too_long`, `invalid`, `unknown_field`, …
    public var code: String
    public var detail: String

    public init(pointer: String, code: String, detail: String) {
        self.pointer = pointer
        self.code = code
        self.detail = detail
    }

    public var json: JSON { ["pointer": .string(pointer), "code": .string(code), "detail": .string(detail)] }
}

/// Everything found wrong while a document is read, so that a caller hears of all of it at once.
public final class FieldIssues {
    public private(set) var issues: [FieldIssue] = []
    private static let most = 50

    public init() {}

    public var isEmpty: Bool { issues.isEmpty }

    public func add(_ pointer: JSONPointer, _ code: String, _ detail: String) {
        guard issues.count < Self.most else { return }
        issues.append(FieldIssue(pointer: pointer.description, code: code, detail: detail))
    }
}

/// Reads the members of one JSON object, noting what is missing, of a wrong type or out of range. A `null` counts as absent.
/// `strict` readers also refuse members that nobody asked for, once ``refuseUnknown()`` is called.
public final class FieldReader {
    public let object: JSONObject
    public let pointer: JSONPointer
    public let issues: FieldIssues
    private let strict: Bool
    private var asked: [String] = []

    /// The largest amount, 2^53: the largest integer every JSON reader keeps exact.
    public static let maximumAmount: Int64 = 9_007_199_254_740_992

    public init(_ object: JSONObject, at pointer: JSONPointer = .root, issues: FieldIssues, strict: Bool = true) {
        self.object = object
        self.pointer = pointer
        self.issues = issues
        self.strict = strict
    }

    /// Reads a request body; a body that is no object is one issue at the root and reads as empty.
    public convenience init(body: JSON, issues: FieldIssues, strict: Bool = true) {
        if case .object(let object) = body {
            self.init(object, issues: issues, strict: strict)
        } else {
            issues.add(.root, "wrong_type", "an object was expected")
            self.init(JSONObject(), issues: issues, strict: false)
        }
    }

    /// The value, or nil when absent or null. Marks the member as known.
    public func raw(_ name: String) -> JSON? {
        if strict { asked.append(name) }
        guard let value = object[name], value != .null else { return nil }
        return value
    }

    /// True when the member was written, even as null (to tell "leave it" from "clear it").
    public func has(_ name: String) -> Bool { object[name] != nil }

    /// Accepts and ignores these members: what an earlier GET returned and a PUT sends back.
    public func ignore(_ names: String...) { if strict { asked.append(contentsOf: names) } }

    public func refuseUnknown() {
        guard strict else { return }
        for member in object.members where !asked.contains(member.name) {
            issues.add(pointer / member.name, "unknown_field", "this field is not known here")
        }
    }

    public func fail(_ name: String, _ code: String, _ detail: String) {
        issues.add(pointer / name, code, detail)
    }

    // MARK: - Optional fields

    public func string(_ name: String, max: Int = 1_024, allowEmpty: Bool = true) -> String? {
        guard let value = raw(name) else { return nil }
        guard case .string(let text) = value else {
            fail(name, "wrong_type", "a string was expected")
            return nil
        }
        if text.utf8.count > max {
            fail(name, "too_long", "at most \(max) bytes")
            return nil
        }
        if !allowEmpty, text.isEmpty {
            fail(name, "empty", "may not be empty")
            return nil
        }
        if text.utf8.contains(0) {
            fail(name, "invalid", "may not contain a NUL character")
            return nil
        }
        return text
    }

    /// A whole number within the range.
    public func int(_ name: String, in range: ClosedRange<Int64> = 0...FieldReader.maximumAmount) -> Int64? {
        guard let value = raw(name) else { return nil }
        guard value.double != nil else {
            fail(name, "wrong_type", "a whole number was expected")
            return nil
        }
        guard let number = value.int else {
            fail(name, "out_of_range", "a whole number from \(range.lowerBound) to \(range.upperBound) was expected")
            return nil
        }
        guard range.contains(number) else {
            fail(name, "out_of_range", "from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// An amount of money in minor units, 0…2^53.
    public func amount(_ name: String) -> Int64? { int(name) }

    public func double(_ name: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = raw(name) else { return nil }
        guard let number = value.double else {
            fail(name, "wrong_type", "a number was expected")
            return nil
        }
        guard range.contains(number) else {
            fail(name, "out_of_range", "from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    public func bool(_ name: String) -> Bool? {
        guard let value = raw(name) else { return nil }
        guard case .bool(let flag) = value else {
            fail(name, "wrong_type", "true or false was expected")
            return nil
        }
        return flag
    }

    public func timestamp(_ name: String) -> Timestamp? {
        guard let text = string(name, max: 64) else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            fail(name, "invalid_time", "an RFC 3339 time was expected, such as 2026-03-01T09:00:00Z")
            return nil
        }
        guard time >= .epoch else {
            fail(name, "out_of_range", "times before 1970 are not accepted")
            return nil
        }
        return time
    }

    public func currency(_ name: String) -> Currency? {
        guard let text = string(name, max: 16) else { return nil }
        guard let currency = Currency(text) else {
            fail(name, "unknown_currency", "an ISO 4217 code was expected, such as TRY")
            return nil
        }
        return currency
    }

    public func choice<C: RawRepresentable & CaseIterable>(_ name: String, _ type: C.Type = C.self) -> C? where C.RawValue == String {
        guard let text = string(name, max: 64) else { return nil }
        if let choice = C(rawValue: text) { return choice }
        fail(name, "invalid", "one of \(C.allCases.map(\.rawValue).joined(separator: ", ")) was expected")
        return nil
    }

    public func strings(_ name: String, maxCount: Int = 1_000, maxLength: Int = 255) -> [String]? {
        guard let value = raw(name) else { return nil }
        guard case .array(let items) = value else {
            fail(name, "wrong_type", "a list was expected")
            return nil
        }
        guard items.count <= maxCount else {
            fail(name, "too_many", "at most \(maxCount)")
            return nil
        }
        var strings: [String] = []
        strings.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            guard case .string(let text) = item else {
                issues.add(pointer / name / index, "wrong_type", "a string was expected")
                continue
            }
            guard text.utf8.count <= maxLength else {
                issues.add(pointer / name / index, "too_long", "at most \(maxLength) bytes")
                continue
            }
            guard !text.utf8.contains(0) else {
                issues.add(pointer / name / index, "invalid", "may not contain a NUL character")
                continue
            }
            strings.append(text)
        }
        return strings
    }

    public func reader(_ name: String) -> FieldReader? {
        guard let value = raw(name) else { return nil }
        guard case .object(let object) = value else {
            fail(name, "wrong_type", "an object was expected")
            return nil
        }
        return FieldReader(object, at: pointer / name, issues: issues, strict: strict)
    }

    public func readers(_ name: String, maxCount: Int = 10_000) -> [FieldReader]? {
        guard let value = raw(name) else { return nil }
        guard case .array(let items) = value else {
            fail(name, "wrong_type", "a list was expected")
            return nil
        }
        guard items.count <= maxCount else {
            fail(name, "too_many", "at most \(maxCount)")
            return nil
        }
        var readers: [FieldReader] = []
        readers.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            guard case .object(let object) = item else {
                issues.add(pointer / name / index, "wrong_type", "an object was expected")
                continue
            }
            readers.append(FieldReader(object, at: pointer / name / index, issues: issues, strict: strict))
        }
        return readers
    }

    // MARK: - Required fields

    /// Notes the field as missing when it is; the value of a field that is there but wrong was noted already.
    public func require<T>(_ name: String, _ value: T?) -> T? {
        if value == nil, object[name] == nil || object[name] == .null { fail(name, "missing", "this field is required") }
        return value
    }

    public func requiredString(_ name: String, max: Int = 1_024) -> String? {
        require(name, string(name, max: max, allowEmpty: false))
    }
}
