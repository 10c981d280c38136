import Shared
import SharedStore

/// This service's part of the customer 360.
enum MessagingOverview {
    private static let messages = 10

    /// `{"messaging": {"contact": {…consents…}|null, "messages": [the last ten]}}`
    static func parts(of customerID: String, _ db: SQLConnection) throws -> JSONObject {
        let latest = try MessageStore.list(customerID: customerID, state: nil, PageRequest(limit: messages, after: nil), db).prefix(
            messages)
        let contact = try ContactsController.json(customerID, db) ?? .null
        return JSONObject([.init(name: "messaging", value: ["contact": contact, "messages": .array(latest.map(\.json))])])
    }
}
