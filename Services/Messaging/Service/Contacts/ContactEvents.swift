import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// Contacts follow what events say of customers.
enum ContactEvents {
    static func add(to events: inout EventHandlers) {
        events.on("customer.*", "order.*", "cart.*", "checkout.*", "newsletter.*", "subscription.*", perform: note)
        events.on("customers.merged", perform: merge)
    }

    private static func note(_ event: CloudEvent, _ change: Change) throws {
        guard let id = event.person else { return }
        switch event.type {
        case "customer.deleted":
            try ContactStore.delete(id, at: event.time, change)
            return try RunStore.endAll(of: id, reason: "customer_deleted", change)
        case "customer.created", "customer.updated": try ContactStore.revive(id, at: event.time, change)
        default: break
        }
        guard let customer = event.describedCustomer else { return }
        try ContactStore.note(customer, id: id, at: event.time, change)
    }

    private static func merge(_ event: CloudEvent, _ change: Change) throws {
        guard let from = event.data["from_id"]?.string, let into = event.data["into_id"]?.string, from != into else { return }
        try ContactStore.merge(from, into: into, change)
    }
}

extension CloudEvent {
    /// What it says of its customer, the address of a newsletter form included; nil where it says nothing.
    var describedCustomer: CustomerData? {
        // Catalogue types were checked at ingest; for free ones, what is wrong reads as absent.
        var customer: CustomerData?
        if case .object(let object)? = data["customer"] {
            customer = CustomerData(FieldReader(object, issues: FieldIssues(), strict: false))
        }
        guard let email = data["email"]?.string, !email.isEmpty, email.utf8.count <= CustomerData.maximumEmail else { return customer }
        if customer == nil { customer = CustomerData() }
        if customer?.email == nil { customer?.email = email }
        return customer
    }
}
