import Shared
import SharedRuntime

/// What loyalty does about what it hears.
enum LoyaltyEvents {
    static func handlers(_ catalogues: CatalogueCache) -> EventHandlers {
        let orders = OrderEvents(catalogues: catalogues)
        let accruals = EventAccruals(catalogues: catalogues)
        let grants = GrantEvents(grants: Grants(catalogues: catalogues))
        var handlers = EventHandlers()
        handlers.on("*") { event, change in
            switch event.type {
            case "order.placed", "order.paid", "order.updated", "order.cancelled":
                try orders.apply(event, change)
            case "order.refunded":
                try orders.refund(event, change)
            case "order.fulfilled", "order.shipped", "order.delayed", "order.delivered":
                try orders.shipment(event, change)
            case "customer.created", "customer.updated":
                try accruals.earn(event, try CustomerEvents.described(event, change), change)
            case "customer.deleted":
                try CustomerEvents.deleted(event, change)
            case "customers.merged":
                try CustomerEvents.merged(event, change)
            case "subscription.started", "subscription.renewed", "subscription.cancelled":
                try SubscriptionEvents.apply(event, catalogues, change)
                try accruals.apply(event, change)
            default:
                try accruals.apply(event, change)
            }
            try grants.apply(event, change)
        }
        return handlers
    }
}
