import LoyaltyDomain
import Shared
import SharedRuntime

/// What the store says of its customers.
enum CustomerEvents {
    static func described(_ event: CloudEvent, _ change: Change) throws -> CustomerRecord {
        let issues = FieldIssues()
        let data = CustomerData(
            FieldReader(event.data["customer"]?.object ?? JSONObject(), at: .root / "data" / "customer", issues: issues, strict: false))
        guard issues.isEmpty, let id = data.id ?? event.subject else {
            throw EventRefusal("invalid", issues.issues.first.map { "\($0.pointer): \($0.detail)" } ?? "no customer id")
        }
        return try Persons.described(id, data, at: event.time, change).record
    }

    /// The customer is marked as gone; what is kept of them is erased by the privacy routes.
    static func deleted(_ event: CloudEvent, _ change: Change) throws {
        guard let id = event.data["customer"]?["id"]?.string ?? event.customerID else { throw EventRefusal("invalid", "no customer id") }
        _ = try Persons.deleted(id, at: event.time, change)
    }

    /// Two customers are one from now on.
    static func merged(_ event: CloudEvent, _ change: Change) throws {
        guard let from = event.data["from_id"]?.string, let into = event.data["into_id"]?.string, from != into, !from.isEmpty, !into.isEmpty
        else { throw EventRefusal("invalid", "from_id and into_id, two different ones, are needed") }
        try CustomerMerging(change).merge(from, into: into, at: event.time)
    }
}
