import Shared
import SharedStore
import SurveyDomain

enum CustomerStore {
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

    /// Orders placed and not cancelled; 0 for whoever is not known.
    static func orders(_ id: String?, _ db: SQLConnection) throws -> Int64 {
        guard let id else { return 0 }
        return try db.first("SELECT orders FROM known_customers WHERE customer_id = \(id)") { $0.int(0) } ?? 0
    }

    /// The address they have now; nil for those who are not known or were deleted.
    static func reachable(_ id: String, _ db: SQLConnection) throws -> (emailKey: String?, orders: Int64)? {
        try db.first("SELECT email_key, orders FROM known_customers WHERE customer_id = \(id) AND deleted_at IS NULL") {
            ($0.textOrNil(0), $0.int(1))
        }
    }

    /// Nobody asks them anything any more.
    static func forget(_ id: String, at time: Timestamp, _ db: SQLConnection) throws {
        try db.execute("UPDATE known_customers SET email_key = NULL, deleted_at = \(time) WHERE customer_id = \(id)")
    }

    static func count(_ id: String, by difference: Int64, _ db: SQLConnection) throws {
        try db.execute("UPDATE known_customers SET orders = orders + \(difference) WHERE customer_id = \(id)")
    }

    static func merge(_ from: String, into: String, at time: Timestamp, _ db: SQLConnection) throws {
        let email = try db.first("SELECT email_key FROM known_customers WHERE customer_id = \(from)") { $0.textOrNil(0) } ?? nil
        let known = try db.first("SELECT email_key FROM known_customers WHERE customer_id = \(into)") { $0.textOrNil(0) } ?? nil
        try note(into, email: known ?? email, at: time, db)
        try db.execute("UPDATE deliveries SET customer_id = \(into) WHERE customer_id = \(from)")
        try db.execute("DELETE FROM known_customers WHERE customer_id = \(from)")
        try mergeAnswers(from, into: into, db)
        try db.execute(
            """
            UPDATE known_customers SET orders =
                (SELECT COUNT(*) FROM deliveries WHERE customer_id = \(into) AND placed_at IS NOT NULL AND cancelled_at IS NULL)
            WHERE customer_id = \(into)
            """)
    }

    /// Answers go with the person. Where both have answered the same survey, both responses stay, each kept by the id it was given under.
    private static func mergeAnswers(_ from: String, into: String, _ db: SQLConnection) throws {
        let old = Person.key(customer: from)
        let new = Person.key(customer: into)
        try FigureStore.merge(old, into: new, db)
        try db.execute(
            """
            UPDATE responses SET person = \(new)
            WHERE person = \(old) AND NOT EXISTS (
                SELECT 1 FROM responses other WHERE other.person = \(new) AND other.survey_id = responses.survey_id)
            """)
        try db.execute("UPDATE responses SET customer_id = \(into) WHERE customer_id = \(from)")
        try db.execute("UPDATE invitations SET customer_id = \(into) WHERE customer_id = \(from)")
    }
}

enum DeliveryStore {
    static func find(_ orderID: String, _ db: SQLConnection) throws -> (customerID: String?, progress: OrderProgress)? {
        try db.first("SELECT customer_id, placed_at, delivered_at, cancelled_at FROM deliveries WHERE order_id = \(orderID)") { row in
            (row.textOrNil(0), OrderProgress(placedAt: row.timeOrNil(1), deliveredAt: row.timeOrNil(2), cancelledAt: row.timeOrNil(3)))
        }
    }

    static func put(_ orderID: String, customerID: String?, _ progress: OrderProgress, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO deliveries (order_id, customer_id, placed_at, delivered_at, cancelled_at)
            VALUES (\(orderID), \(customerID), \(progress.placedAt), \(progress.deliveredAt), \(progress.cancelledAt))
            ON CONFLICT (order_id) DO UPDATE SET
                customer_id = excluded.customer_id, placed_at = excluded.placed_at, delivered_at = excluded.delivered_at,
                cancelled_at = excluded.cancelled_at
            """)
    }

    // MARK: - What an order cost, and what was given back

    /// The latest event that says a total is right.
    static func noteTotal(_ orderID: String, _ total: Int64, at time: Timestamp, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO order_totals (order_id, total, said_at) VALUES (\(orderID), \(total), \(time))
            ON CONFLICT (order_id) DO UPDATE SET total = excluded.total, said_at = excluded.said_at
            WHERE excluded.said_at >= order_totals.said_at
            """)
    }

    /// A refund counts once, whichever event brings it.
    static func noteRefund(_ orderID: String, _ refundID: String, _ amount: Int64, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO order_refunds (order_id, refund_id, amount) VALUES (\(orderID), \(refundID), \(amount))
            ON CONFLICT (order_id, refund_id) DO NOTHING
            """)
    }

    /// Whether all of what it cost was given back.
    static func isReturned(_ orderID: String, _ db: SQLConnection) throws -> Bool {
        let total = try db.first("SELECT total FROM order_totals WHERE order_id = \(orderID)") { $0.int(0) } ?? 0
        let refunded = try db.first("SELECT CAST(SUM(amount) AS BIGINT) FROM order_refunds WHERE order_id = \(orderID)") { $0.int(0) } ?? 0
        return total > 0 && refunded >= total
    }
}
