import Shared
import SharedStore

/// That a customer was asked by mail, about one order.
struct Invitation: Sendable {
    var id: String
    var surveyID: String
    var orderID: String
    var customerID: String
    var createdAt: Timestamp
    /// By the machine's time, as the link is.
    var expiresAt: Timestamp

    static let prefix = "inv"
}

enum InvitationStore {
    static func find(_ id: String, _ db: SQLConnection) throws -> Invitation? {
        try db.first("SELECT id, survey_id, order_id, customer_id, created_at, expires_at FROM invitations WHERE id = \(id)") { row in
            Invitation(
                id: row.text(0), surveyID: row.text(1), orderID: row.text(2), customerID: row.text(3), createdAt: row.time(4),
                expiresAt: row.time(5))
        }
    }

    /// When this customer was last invited to any survey.
    static func last(of customerID: String, _ db: SQLConnection) throws -> Timestamp? {
        try db.first("SELECT MAX(created_at) FROM invitations WHERE customer_id = \(customerID)") { $0.timeOrNil(0) } ?? nil
    }

    /// False where the order was asked about in this survey before.
    static func insert(_ invitation: Invitation, _ db: SQLConnection) throws -> Bool {
        try db.execute(
            """
            INSERT INTO invitations (id, survey_id, order_id, customer_id, created_at, expires_at)
            VALUES (\(invitation.id), \(invitation.surveyID), \(invitation.orderID), \(invitation.customerID), \(invitation.createdAt),
                \(invitation.expiresAt))
            ON CONFLICT (survey_id, order_id) DO NOTHING
            """) > 0
    }
}
