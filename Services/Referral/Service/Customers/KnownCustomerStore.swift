import ReferralDomain
import Shared
import SharedStore

enum KnownCustomerStore {
    /// Notes that somebody exists, with the address they have now.
    static func note(_ id: String, email: String?, at time: Timestamp, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO known_customers (customer_id, email_key, first_seen_at, orders) VALUES (\(id), \(EmailKey.make(email)), \(time), 0)
            ON CONFLICT (customer_id) DO UPDATE SET
                email_key = COALESCE(excluded.email_key, known_customers.email_key),
                first_seen_at = CASE WHEN excluded.first_seen_at < known_customers.first_seen_at
                    THEN excluded.first_seen_at ELSE known_customers.first_seen_at END
            """)
    }

    static func count(_ id: String, by difference: Int64, _ db: SQLConnection) throws {
        try db.execute("UPDATE known_customers SET orders = orders + \(difference) WHERE customer_id = \(id)")
    }

    /// By the index, whatever changed: the first of the customer's orders that is not cancelled.
    static func findFirstOrder(_ id: String, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE known_customers SET first_order_at =
                (SELECT placed_at FROM known_orders WHERE customer_id = \(id) AND placed_at IS NOT NULL AND cancelled_at IS NULL
                 ORDER BY placed_at LIMIT 1)
            WHERE customer_id = \(id)
            """)
    }

    static func merge(_ from: String, into: String, at time: Timestamp, _ db: SQLConnection) throws {
        let email = try db.first("SELECT email_key FROM known_customers WHERE customer_id = \(from)") { $0.textOrNil(0) } ?? nil
        let known = try db.first("SELECT email_key FROM known_customers WHERE customer_id = \(into)") { $0.textOrNil(0) } ?? nil
        try note(into, email: known ?? email, at: time, db)
        try db.execute("UPDATE known_orders SET customer_id = \(into) WHERE customer_id = \(from)")
        try db.execute("DELETE FROM known_customers WHERE customer_id = \(from)")
        try db.execute(
            """
            UPDATE known_customers SET orders =
                (SELECT COUNT(*) FROM known_orders WHERE customer_id = \(into) AND placed_at IS NOT NULL AND cancelled_at IS NULL)
            WHERE customer_id = \(into)
            """)
        try findFirstOrder(into, db)
    }
}
