import Shared
import SharedRuntime
import SharedStore

/// Who is in which segment, as everybody else may ask it.
enum SegmentMembership {
    /// The timer that takes a deleted segment's members away, some at a time.
    static let clearing = "segment.clear"
    private static let page = 1_000

    /// The segments a customer is in, by id.
    static func ids(of customerID: String, _ db: SQLConnection) throws -> [String] {
        try db.all(
            """
            SELECT m.segment_id FROM segment_members m JOIN segments s ON s.segment_id = m.segment_id
            WHERE m.customer_id = \(customerID) ORDER BY m.segment_id
            """
        ) { $0.text(0) }
    }

    static func contains(_ customerID: String, segment id: String, _ db: SQLConnection) throws -> Bool {
        try db.exists(
            """
            SELECT 1 FROM segment_members m JOIN segments s ON s.segment_id = m.segment_id
            WHERE m.segment_id = \(id) AND m.customer_id = \(customerID)
            """)
    }

    static func exists(_ id: String, _ db: SQLConnection) throws -> Bool {
        try db.exists("SELECT 1 FROM segments WHERE segment_id = \(id)")
    }

    /// Notes those of a list that there are not.
    static func check(_ ids: [String], at pointer: JSONPointer, _ issues: FieldIssues, _ db: SQLConnection) throws {
        for (index, id) in ids.enumerated() where try !exists(id, db) {
            issues.add(pointer / index, "unknown_segment", "there is no such segment")
        }
    }

    /// As the customer 360 shows them.
    static func part(_ customerID: String, _ db: SQLConnection) throws -> JSON {
        .array(
            try db.all(
                """
                SELECT s.segment_id, s.name, m.entered_at FROM segment_members m JOIN segments s ON s.segment_id = m.segment_id
                WHERE m.customer_id = \(customerID) ORDER BY s.segment_id
                """
            ) { ["id": .string($0.text(0)), "name": .string($0.text(1)), "entered_at": .from($0.time(2))] })
    }

    struct Member: Sendable {
        let customerID: String
        let enteredAt: Timestamp

        var json: JSON { ["customer_id": .string(customerID), "entered_at": .from(enteredAt)] }
    }

    /// Members by their customers' ids, from behind `after` on.
    static func members(_ id: String, after: String, limit: Int, _ db: SQLConnection) throws -> [Member] {
        try db.all(
            """
            SELECT customer_id, entered_at FROM segment_members WHERE segment_id = \(id) AND customer_id > \(after)
            ORDER BY customer_id LIMIT \(limit)
            """
        ) { Member(customerID: $0.text(0), enteredAt: $0.time(1)) }
    }

    // MARK: - Going

    /// A customer is gone, and with them they leave every segment.
    static func leaveAll(_ customerID: String, _ change: Change) throws {
        let segments = try change.db.all(
            """
            SELECT s.segment_id, s.name FROM segment_members m JOIN segments s ON s.segment_id = m.segment_id
            WHERE m.customer_id = \(customerID) ORDER BY s.segment_id
            """
        ) { (id: $0.text(0), name: $0.text(1)) }
        try change.db.execute("DELETE FROM segment_members WHERE customer_id = \(customerID)")
        try change.unschedule(SegmentKeeper.timer, key: customerID)
        for segment in segments { try SegmentNews.moved(false, customerID, segment.id, segment.name, cause: "event", change) }
    }

    /// Takes some of a deleted segment's members away, and comes back for the rest.
    static func clear(_ timer: DueTimer, _ change: Change) throws {
        let rows = try change.db.execute(
            """
            DELETE FROM segment_members WHERE segment_id = \(timer.key) AND customer_id IN (
                SELECT customer_id FROM segment_members WHERE segment_id = \(timer.key) ORDER BY customer_id LIMIT \(page)
            )
            """)
        if rows == page { try change.schedule(clearing, key: timer.key, at: change.now) }
    }
}
