import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// A customer as far as writing to them goes.
struct Contact: Sendable {
    var customerID: String
    var email: String?
    var phone: String?
    var firstName: String?
    var lastName: String?
    var locale: String?
    var timezone: String?
    var deletedAt: Timestamp?
    var createdAt: Timestamp
    var updatedAt: Timestamp

    var names: CustomerNames { CustomerNames(firstName: firstName, lastName: lastName) }
}

enum ContactStore {
    static func find(_ customerID: String, _ db: SQLConnection) throws -> Contact? {
        try db.first(
            """
            SELECT customer_id, email, phone, first_name, last_name, locale, timezone, deleted_at, created_at, updated_at
            FROM contacts WHERE customer_id = \(customerID)
            """
        ) { row in
            Contact(
                customerID: row.text(0), email: row.textOrNil(1), phone: row.textOrNil(2), firstName: row.textOrNil(3),
                lastName: row.textOrNil(4),
                locale: row.textOrNil(5), timezone: row.textOrNil(6), deletedAt: row.timeOrNil(7), createdAt: row.time(8),
                updatedAt: row.time(9))
        }
    }

    /// Takes over what an event of `time` says of a customer, in one statement. What is newer holds; what is older fills gaps. A deleted
    /// contact stays as it is.
    static func note(_ customer: CustomerData, id: String, at time: Timestamp, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO contacts (customer_id, email, email_key, phone, first_name, last_name, locale, timezone, seen_at, created_at, updated_at)
            VALUES (\(id), \(customer.email), \(EmailKey.make(customer.email)), \(customer.phone), \(customer.firstName), \(customer.lastName),
                \(customer.locale), \(customer.timezone), \(time), \(change.now), \(change.now))
            ON CONFLICT (customer_id) DO UPDATE SET
                \(raw: assignments), seen_at = CASE WHEN excluded.seen_at > contacts.seen_at THEN excluded.seen_at ELSE contacts.seen_at END,
                updated_at = excluded.updated_at
            WHERE contacts.deleted_at IS NULL
            """)
    }

    private static let assignments = ["email", "email_key", "phone", "first_name", "last_name", "locale", "timezone"].map { column in
        """
        \(column) = CASE WHEN excluded.seen_at >= contacts.seen_at THEN COALESCE(excluded.\(column), contacts.\(column)) \
        ELSE COALESCE(contacts.\(column), excluded.\(column)) END
        """
    }.joined(separator: ", ")

    /// Makes the contact where there is none and puts these fields as they are, empty ones included.
    static func put(_ contact: Contact, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO contacts (customer_id, email, email_key, phone, first_name, last_name, locale, timezone, seen_at, created_at, updated_at)
            VALUES (\(contact.customerID), \(contact.email), \(EmailKey.make(contact.email)), \(contact.phone), \(contact.firstName), \(contact.lastName),
                \(contact.locale), \(contact.timezone), \(change.now), \(change.now), \(change.now))
            ON CONFLICT (customer_id) DO UPDATE SET
                email = excluded.email, email_key = excluded.email_key, phone = excluded.phone, first_name = excluded.first_name,
                last_name = excluded.last_name, locale = excluded.locale, timezone = excluded.timezone, seen_at = excluded.seen_at,
                updated_at = excluded.updated_at, deleted_at = NULL
            """)
    }

    /// Forgets who it was; the row stays, so that a late event does not bring the contact back.
    static func delete(_ customerID: String, at time: Timestamp, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO contacts (customer_id, seen_at, deleted_at, created_at, updated_at)
            VALUES (\(customerID), \(time), \(time), \(change.now), \(change.now))
            ON CONFLICT (customer_id) DO UPDATE SET
                email = NULL, email_key = NULL, phone = NULL, first_name = NULL, last_name = NULL, locale = NULL, timezone = NULL,
                deleted_at = excluded.deleted_at, updated_at = excluded.updated_at
            """)
        try change.db.execute("DELETE FROM consents WHERE customer_id = \(customerID)")
    }

    /// The store says of a deleted customer that it exists: it does again, if that was said later.
    static func revive(_ customerID: String, at time: Timestamp, _ change: Change) throws {
        try change.db.execute("UPDATE contacts SET deleted_at = NULL WHERE customer_id = \(customerID) AND deleted_at < \(time)")
    }

    /// Everybody who is written to at this address.
    static func ids(emailKey: String, _ db: SQLConnection) throws -> [String] {
        try db.all("SELECT customer_id FROM contacts WHERE email_key = \(emailKey) AND deleted_at IS NULL ORDER BY customer_id LIMIT 100") {
            $0.text(0)
        }
    }

    /// Two customers turned out to be one: what only the first had goes to the second. Who has unsubscribed as either stays unsubscribed.
    static func merge(_ from: String, into: String, _ change: Change) throws {
        let db = change.db
        if let old = try find(from, db), old.deletedAt == nil {
            var customer = CustomerData()
            customer.email = old.email
            customer.phone = old.phone
            customer.firstName = old.firstName
            customer.lastName = old.lastName
            customer.locale = old.locale
            customer.timezone = old.timezone
            try note(customer, id: into, at: .epoch, change)
        }
        for consent in try ConsentStore.all(from, db) {
            let current = try ConsentStore.find(into, topic: consent.topic, db)
            let merged = current.map { Consent.merging($0, consent) } ?? consent
            if merged != current { try ConsentStore.keep(merged, of: into, change) }
        }
        try db.execute("DELETE FROM consents WHERE customer_id = \(from)")
        try db.execute("DELETE FROM contacts WHERE customer_id = \(from)")
        try db.execute("UPDATE runs SET customer_id = \(into) WHERE customer_id = \(from)")
        try db.execute("UPDATE messages SET customer_id = \(into) WHERE customer_id = \(from)")
        try db.execute("UPDATE flow_decisions SET customer_id = \(into) WHERE customer_id = \(from)")
    }
}
