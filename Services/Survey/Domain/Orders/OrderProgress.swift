import Shared

/// How far one order has come, as far as asking for its review goes. Events may come in any order and more than once.
public struct OrderProgress: Sendable, Equatable {
    public var placedAt: Timestamp?
    /// The first time it was said to have arrived.
    public var deliveredAt: Timestamp?
    public var cancelledAt: Timestamp?

    public init(placedAt: Timestamp? = nil, deliveredAt: Timestamp? = nil, cancelledAt: Timestamp? = nil) {
        self.placedAt = placedAt
        self.deliveredAt = deliveredAt
        self.cancelledAt = cancelledAt
    }

    /// Whether it counts among its customer's orders: placed (a payment says that too), and not cancelled.
    public var counts: Bool { placedAt != nil && cancelledAt == nil }

    /// Takes over what an event says. `placedAt` is the store's own date of the order, where the event has one.
    public func hearing(_ type: String, at time: Timestamp, placedAt stated: Timestamp?) -> OrderProgress {
        var after = self
        switch type {
        case "order.placed": after.placedAt = stated ?? [placedAt, time].compactMap { $0 }.min()
        case "order.paid": after.placedAt = stated ?? placedAt ?? time
        case "order.delivered": after.deliveredAt = [deliveredAt, time].compactMap { $0 }.min()
        case "order.cancelled": after.cancelledAt = [cancelledAt, time].compactMap { $0 }.min()
        default: break
        }
        return after
    }
}
