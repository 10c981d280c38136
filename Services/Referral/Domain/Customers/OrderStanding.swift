import Shared

/// What is known of one order as far as "has bought here before" goes. Events may come in any order and more than once.
public struct OrderStanding: Sendable, Equatable {
    public var placedAt: Timestamp?
    public var paidAt: Timestamp?
    public var cancelledAt: Timestamp?

    public init(placedAt: Timestamp? = nil, paidAt: Timestamp? = nil, cancelledAt: Timestamp? = nil) {
        self.placedAt = placedAt
        self.paidAt = paidAt
        self.cancelledAt = cancelledAt
    }

    /// Whether it makes its customer an existing one: placed (a payment says that too), and not cancelled.
    public var counts: Bool { placedAt != nil && cancelledAt == nil }

    /// Takes over what an event says. `placedAt` is the store's own date of the order, where the event has one.
    public func hearing(_ type: String, at time: Timestamp, placedAt stated: Timestamp?) -> OrderStanding {
        var after = self
        switch type {
        case "order.placed": after.placedAt = stated ?? [placedAt, time].compactMap { $0 }.min()
        case "order.paid":
            after.placedAt = stated ?? placedAt ?? time
            after.paidAt = [paidAt, time].compactMap { $0 }.min()
        case "order.cancelled": after.cancelledAt = [cancelledAt, time].compactMap { $0 }.min()
        default: break
        }
        return after
    }
}
