import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// What an order's delivery means to its points: some wait for it.
enum LotDeliveries {
    /// When an order was delivered, as far as is known.
    static func deliveredAt(_ orderID: String, _ db: SQLConnection) throws -> Timestamp? {
        try db.first("SELECT at FROM order_shipments WHERE order_id = \(orderID) AND type = 'order.delivered'") { $0.time(0) }
    }

    /// The dates of an order's points. `expiry` and `activation` are the rule's own, where it has some.
    static func dates(
        orderID: String, placedAt: Timestamp, _ catalogue: Catalogue, expiry: ExpiryPolicy? = nil, activation: Activation? = nil,
        _ change: Change
    ) throws -> LotDates {
        let waits = (activation ?? catalogue.programme.generalActivation).on != .placed
        return LotDates(
            placedAt: placedAt, now: change.now, programme: catalogue.programme, zone: catalogue.zone, expiry: expiry,
            activation: activation,
            deliveredAt: waits ? try deliveredAt(orderID, change.db).map { min($0, change.now) } : nil)
    }

    /// The order was delivered at `time`: its pending points become active by that. What is active stays so. Answers whether anything moved.
    @discardableResult
    static func delivered(_ orderID: String, at time: Timestamp, catalogue: Catalogue, _ change: Change) throws -> Bool {
        let waiting = try LotStore.waiting(orderID: orderID, change.db)
        guard let memberID = waiting.first?.memberID, let member = try CustomerStore.find(memberID: memberID, change.db) else {
            return false
        }
        var ledger = PointsLedger(member.account, change)
        for record in waiting where record.lot.state == .pending {
            guard let wait = record.lot.wait else { continue }
            var lot = record.lot
            lot.wait = nil
            lot.activeAt = wait.activation.activeAt(
                placedAt: lot.earnedAt, deliveredAt: min(time, change.now), returnWindowDays: wait.returnWindowDays)
            lot.expiresAt = lot.activeAt.flatMap { wait.expiry.expiresAt(activeAt: $0, zone: catalogue.zone) }
            try LotStore.update(lot, change.db)
            if lot.remaining > 0, let activeAt = lot.activeAt { try ledger.wake(at: activeAt) }
        }
        try ledger.save()
        return true
    }
}
