import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// Who is known, and who has bought, from what the gateway passes on.
enum KnownCustomerEvents {
    static func add(to events: inout EventHandlers) {
        events.on("customer.created", "customer.updated", perform: note)
        events.on("customer.deleted", perform: forget)
        events.on("customers.merged", perform: merge)
        events.on("order.*", perform: order)
    }

    private static func note(_ event: CloudEvent, _ change: Change) throws {
        guard let id = event.person else { return }
        // A mailbox that comes to light may show that friend and advocate are one, or that the friend has bought before.
        if try note(id, event, change.db) { try OrderReview(change: change, at: event.time).run(person: id) }
    }

    private static func note(_ id: String, _ event: CloudEvent, _ db: SQLConnection) throws -> Bool {
        try KnownCustomerStore.note(id, email: event.customerEmail, at: event.time, db)
        return try KnownPersons.note(id, email: event.customerEmail, db)
    }

    private static func forget(_ event: CloudEvent, _ change: Change) throws {
        guard let id = event.person else { return }
        try change.db.execute("UPDATE known_customers SET email_key = NULL WHERE customer_id = \(id)")
        try AdvocateStore.forget(id, change.db)
        try ReferralStore.forgetEmail(of: id, change.db)
        try KnownPersons.forget(id, change.db)
    }

    private static func merge(_ event: CloudEvent, _ change: Change) throws {
        guard let from = event.data["from_id"]?.string, let into = event.data["into_id"]?.string, from != into else { return }
        try KnownCustomerStore.merge(from, into: into, at: event.time, change.db)
        try KnownPersons.merge(from, into: into, change.db)
        try AdvocateStore.merge(from, into: into, change.db)
        try ReferralStore.merge(from, into: into, change.db)
        try OrderReview(change: change, at: event.time).run(person: into)
    }

    private static func order(_ event: CloudEvent, _ change: Change) throws {
        guard let orderID = event.data["order_id"]?.string, !orderID.isEmpty else { return }
        let db = change.db
        let person = event.person
        if let person { _ = try note(person, event, db) }
        let known = try KnownOrderStore.find(orderID, db)
        var order = known ?? KnownOrder(id: orderID)
        order.hear(event)
        if order.customerID == nil { order.customerID = person }
        let isRefunded = try refund(event, db)
        guard order != known || isRefunded else { return }
        if order != known {
            try KnownOrderStore.put(order, db)
            try count(known, order, db)
        }
        try OrderReview(change: change, at: event.time).run(order)
    }

    /// Keeps how many orders a customer has that count, and the first of them.
    private static func count(_ known: KnownOrder?, _ order: KnownOrder, _ db: SQLConnection) throws {
        guard let customerID = order.customerID else { return }
        let counted = known?.customerID != nil && known?.standing.counts == true
        if counted != order.standing.counts { try KnownCustomerStore.count(customerID, by: order.standing.counts ? 1 : -1, db) }
        if counted || order.standing.counts { try KnownCustomerStore.findFirstOrder(customerID, db) }
    }

    /// Keeps a refund, which may come before its order; true when it was not known yet.
    private static func refund(_ event: CloudEvent, _ db: SQLConnection) throws -> Bool {
        guard event.type == "order.refunded" else { return false }
        let issues = FieldIssues()
        let refund = RefundData(FieldReader(event.data.object ?? JSONObject(), at: .root / "data", issues: issues, strict: false))
        if let first = issues.issues.first { throw EventRefusal("invalid", "\(first.pointer): \(first.detail)") }
        return try KnownOrderStore.insert(refund, db)
    }
}
