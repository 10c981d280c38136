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

enum KnownOrderStore {
    static func find(_ id: String, _ db: SQLConnection) throws -> (customerID: String?, standing: OrderStanding)? {
        try db.first("SELECT customer_id, placed_at, paid_at, cancelled_at FROM known_orders WHERE order_id = \(id)") { row in
            (row.textOrNil(0), OrderStanding(placedAt: row.timeOrNil(1), paidAt: row.timeOrNil(2), cancelledAt: row.timeOrNil(3)))
        }
    }

    static func put(_ id: String, customerID: String?, _ standing: OrderStanding, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO known_orders (order_id, customer_id, placed_at, paid_at, cancelled_at)
            VALUES (\(id), \(customerID), \(standing.placedAt), \(standing.paidAt), \(standing.cancelledAt))
            ON CONFLICT (order_id) DO UPDATE SET
                customer_id = excluded.customer_id, placed_at = excluded.placed_at, paid_at = excluded.paid_at, cancelled_at = excluded.cancelled_at
            """)
    }
}
