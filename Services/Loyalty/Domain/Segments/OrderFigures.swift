import Shared

/// A customer's counted orders in figures: those that were not cancelled.
public struct OrderFigures: Sendable, Hashable {
    public var count: Int64
    /// Minor units of the programme's currency, less what was refunded.
    public var total: Int64
    public var firstAt: Timestamp?
    public var lastAt: Timestamp?

    public init(count: Int64 = 0, total: Int64 = 0, firstAt: Timestamp? = nil, lastAt: Timestamp? = nil) {
        self.count = count
        self.total = total
        self.firstAt = firstAt
        self.lastAt = lastAt
    }

    /// Rounded down; nil without orders.
    public var average: Int64? { count == 0 ? nil : total / count }
}
