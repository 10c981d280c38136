import Shared

/// When each field of an order or a customer was last said. Events arrive in any order; a field keeps the value of the latest event that said it
/// (by the event's own time), so the end state does not depend on the order of arrival.
///
/// Most objects are said whole, at one time: that is `base`. Only fields said at another time are listed.
public struct FieldTimes: Sendable, Equatable {
    public private(set) var base: Timestamp
    /// Milliseconds by field name, of the fields whose time is not `base`.
    public private(set) var exceptions: [String: Int64]
    private var known = 0
    private var fresh = 0

    /// A time before every event: what is only filled in gives way to whatever an event says.
    public static let unsaid = Timestamp.epoch

    public init(base: Timestamp) {
        self.base = base
        exceptions = [:]
    }

    /// Reads back what ``json`` wrote; unreadable entries count as said at `base`.
    public init(base: Timestamp, json: JSON?) {
        self.init(base: base)
        for member in json?.object?.members ?? [] { exceptions[member.name] = member.value.int }
    }

    /// Nil when every field has the time `base`.
    public var json: JSON? {
        guard !exceptions.isEmpty else { return nil }
        return .object(JSONObject(exceptions.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .int($0.value)) }))
    }

    public func time(of name: String) -> Timestamp {
        guard !exceptions.isEmpty, let exception = exceptions[name] else { return base }
        return Timestamp(milliseconds: exception)
    }

    /// Takes over `value` unless a later event said this field already. A nil value says nothing; every field is to be offered for every event all
    /// the same, so that ``finish(at:)`` can tell whether everything was said.
    public mutating func take<Value>(_ name: String, _ value: Value?, at time: Timestamp, into field: inout Value?) {
        // A field without a value and without a time of its own was never said; one that was cleared has a time.
        if let value, (field == nil && exceptions[name] == nil) || time >= self.time(of: name) {
            field = value
            note(name, time)
        }
        if field != nil {
            known += 1
            if self.time(of: name) == time { fresh += 1 }
        }
    }

    /// Clears a field on purpose.
    public mutating func clear<Value>(_ name: String, at time: Timestamp, from field: inout Value?) {
        guard time >= self.time(of: name) else { return }
        field = nil
        note(name, time)
    }

    /// To be called after the last `take` of one event: folds the list away when that event said everything there is.
    public mutating func finish(at time: Timestamp) {
        if known == fresh, known > 0, exceptions.values.allSatisfy({ $0 == time.milliseconds }) {
            base = time
            exceptions = [:]
        }
        known = 0
        fresh = 0
    }

    private mutating func note(_ name: String, _ time: Timestamp) {
        if time == base {
            if !exceptions.isEmpty { exceptions[name] = nil }
        } else {
            exceptions[name] = time.milliseconds
        }
    }
}
