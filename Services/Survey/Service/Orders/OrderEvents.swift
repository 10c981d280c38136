import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

/// Who is known and what has reached them, from what the gateway passes on.
enum OrderEvents {
    static func add(to events: inout EventHandlers) {
        events.on("customer.created", "customer.updated", perform: note)
        events.on("customer.deleted", perform: forget)
        events.on("customers.merged", perform: merge)
        events.on("order.*", perform: order)
    }

    private static func note(_ event: CloudEvent, _ change: Change) throws {
        guard let id = event.person else { return }
        try CustomerStore.note(id, email: event.customerEmail, at: event.time, change.db)
        if event.type == "customer.created" {
            try change.db.execute("UPDATE known_customers SET deleted_at = NULL WHERE customer_id = \(id) AND deleted_at < \(event.time)")
        }
    }

    private static func forget(_ event: CloudEvent, _ change: Change) throws {
        guard let id = event.person else { return }
        try CustomerStore.forget(id, at: event.time, change.db)
    }

    private static func merge(_ event: CloudEvent, _ change: Change) throws {
        guard let from = event.data["from_id"]?.string, let into = event.data["into_id"]?.string, from != into else { return }
        try CustomerStore.merge(from, into: into, at: event.time, change.db)
    }

    /// `order.delivered` may name nobody: then the order's other events say whose it is, before or after.
    private static func order(_ event: CloudEvent, _ change: Change) throws {
        guard let orderID = event.data["order_id"]?.string, !orderID.isEmpty else { return }
        let person = event.person
        if let person { try CustomerStore.note(person, email: event.customerEmail, at: event.time, change.db) }
        try amounts(orderID, event, change)
        let known = try DeliveryStore.find(orderID, change.db)
        let before = known?.progress ?? OrderProgress()
        let stated = event.data["placed_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        let after = before.hearing(event.type, at: event.time, placedAt: stated)
        let customerID = known?.customerID ?? person
        guard known == nil || after != before || customerID != known?.customerID else { return }
        try DeliveryStore.put(orderID, customerID: customerID, after, change.db)
        guard let customerID else { return }
        let counted = known?.customerID != nil && before.counts
        if counted != after.counts { try CustomerStore.count(customerID, by: after.counts ? 1 : -1, change.db) }
        // Only now is it known both that it has arrived and to whom.
        if let deliveredAt = after.deliveredAt, before.deliveredAt == nil || known?.customerID == nil {
            try Invitations.schedule(orderID, deliveredAt: deliveredAt, change)
        }
    }

    private static func amounts(_ orderID: String, _ event: CloudEvent, _ change: Change) throws {
        guard event.type == "order.refunded" else {
            if let total = event.data["total"]?.int { try DeliveryStore.noteTotal(orderID, total, at: event.time, change.db) }
            return
        }
        let refund = RefundData(FieldReader(body: event.data, issues: FieldIssues(), strict: false))
        let lines = refund.items.reduce(Int64(0)) { sum, item in
            let (total, overflow) = sum.addingReportingOverflow(item.amount ?? 0)
            return overflow ? sum : total
        }
        guard !refund.refundID.isEmpty else { return }
        try DeliveryStore.noteRefund(orderID, refund.refundID, refund.amount ?? lines, change.db)
    }
}
