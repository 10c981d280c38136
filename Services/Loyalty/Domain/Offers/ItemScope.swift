public import Shared

/// Which lines of a cart something is about: those that meet a condition over `item.*`.
public struct ItemScope: Sendable, Hashable {
    public let condition: Condition

    public static let fields = ConditionFields([
        "item.product_id", "item.sku", "item.name", "item.categories", "item.unit_price", "item.quantity",
    ])

    public init(condition: Condition) { self.condition = condition }

    /// Reads the condition of this name; nil where there is none, or a wrong one, which is noted.
    public static func read(_ reader: FieldReader, _ name: String = "items") -> ItemScope? {
        reader.raw(name).flatMap {
            Condition.read($0, at: reader.pointer / name, fields: fields, issues: reader.issues).map(ItemScope.init(condition:))
        }
    }

    /// The answer for each line.
    public func lines(of cart: Cart) -> [Bool] {
        cart.lines.map { condition.verdict(ConditionFacts(["item": $0.facts], now: .epoch)).holds }
    }

    public var json: JSON { condition.json }
}
