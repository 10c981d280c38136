import Shared

/// What a member has to reach for a rule with the trigger `milestone.orders` or `milestone.spent`. Paid orders that were neither cancelled nor sent
/// back in full count; money is the programme's currency, less what went back.
public enum Milestone: Sendable, Hashable {
    case orders(Int64)
    case everyOrders(Int64)
    case spent(Int64)

    public static let ordersTrigger = "milestone.orders"
    public static let spentTrigger = "milestone.spent"

    public var trigger: String { if case .spent = self { Self.spentTrigger } else { Self.ordersTrigger } }

    /// The steps that so many orders and so much money have reached: order counts, or an amount. At most `most`, for a programme that begins with
    /// customers of many years.
    public func reached(orders: Int64, spent: Int64, most: Int64 = 1_000) -> [Int64] {
        switch self {
        case .orders(let count): orders >= count ? [count] : []
        case .everyOrders(let count): count > 0 && orders >= count ? (1...min(orders / count, most)).map { $0 * count } : []
        case .spent(let amount): spent >= amount ? [amount] : []
        }
    }

    /// Reads `{"orders": n}`, `{"every_orders": n}` or `{"spent": amount}`.
    public init?(_ reader: FieldReader) {
        let orders = reader.int("orders", in: 1...1_000_000)
        let every = reader.int("every_orders", in: 1...1_000_000)
        let spent = reader.int("spent", in: 1...FieldReader.maximumAmount)
        reader.refuseUnknown()
        let said = reader.object.members.filter { !$0.value.isNull }
        if said.count > 1 { reader.fail(said[1].name, "conflict", "one of orders, every_orders and spent, not several") }
        if said.isEmpty { reader.fail("orders", "missing", "orders, every_orders or spent is required") }
        guard said.count == 1 else { return nil }
        if let orders {
            self = .orders(orders)
        } else if let every {
            self = .everyOrders(every)
        } else if let spent {
            self = .spent(spent)
        } else {
            return nil
        }
    }

    public var json: JSON {
        switch self {
        case .orders(let count): ["orders": .int(count)]
        case .everyOrders(let count): ["every_orders": .int(count)]
        case .spent(let amount): ["spent": .int(amount)]
        }
    }
}
