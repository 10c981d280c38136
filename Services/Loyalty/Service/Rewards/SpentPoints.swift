import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Brings the points spent on an order to what they should be, as the order stands: whatever was refunded, in whatever order and however often it
/// was said, this gives back what is missing and nothing else.
struct SpentPoints: Sendable {
    let catalogues: CatalogueCache

    func settle(_ order: OrderRecord, _ standing: OrderStanding, _ change: Change) throws {
        guard standing.isCancelled || standing.refunded > 0 || standing.isFullyRefunded else { return }
        let policy = try catalogues.current(change.db).programme.spentRefund
        let desk = RewardDesk(catalogues: catalogues)
        for known in try RewardRedemptionStore.all(orderID: order.order.id, change.db) where known.redemption.state == .redeemed {
            var record = known
            let points = policy.returned(of: record.redemption.points, standing, total: order.order.amounts.total)
            guard points > record.redemption.returned else { continue }
            try desk.giveBack(points - record.redemption.returned, of: &record, to: .refunded, cause: "refunded", change)
        }
    }

    /// The same for an order that may have been refunded before its points were spent.
    func settle(orderID: String, _ change: Change) throws {
        guard let order = try OrderStore.find(orderID, change.db) else { return }
        let refunds = order.refundCount == 0 ? [] : try OrderStore.refunds(of: orderID, change.db)
        try settle(order, OrderStanding(order.order, refunds: refunds), change)
    }
}
