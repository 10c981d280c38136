import Shared

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

    /// In bytes. A longer text names nobody, and a store could not index it.
    static let maximumKeyLength = 1_024

    /// The one text or whole number at the path, as text: what events are matched by. Nil for anything else and for a text that is empty or too long.
    public static func key(_ path: String, in json: JSON) -> String? {
        var value = json
        for step in path.split(separator: ".") {
            guard let next = value[String(step)] else { return nil }
            value = next
        }
        if let text = value.string { return text.isEmpty || text.utf8.count > maximumKeyLength ? nil : text }
        return value.int.map(String.init)
    }
}

extension Condition {
    /// Whether it holds for an event's facts: `{"event", "type", "customer"?, "order"?, "cart"?}`.
    public func holds(for facts: JSON, now: Timestamp) -> Bool {
        let documents = facts.object?.members ?? []
        return verdict(ConditionFacts(Dictionary(documents.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }), now: now)).holds
    }
}
