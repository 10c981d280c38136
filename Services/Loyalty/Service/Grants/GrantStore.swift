import Shared
import SharedRuntime
import SharedStore

/// A grant that was carried out, or refused for good.
struct GrantRecord: Sendable {
    var outcome: GrantOutcome
    /// Whose it is, as it was told.
    let customerID: String?
}

/// Grants in the store: one row a key.
enum GrantStore {
    static func find(_ key: String, _ db: SQLConnection) throws -> GrantRecord? {
        try db.first("SELECT outcome, customer_id FROM grants WHERE grant_key = \(key) \(raw: db.dialect.forUpdate)") { row in
            GrantOutcome(row.json(0)).map { GrantRecord(outcome: $0, customerID: row.textOrNil(1)) }
        } ?? nil
    }

    /// Takes a key for this transaction, which must ``put(_:_:)`` what became of it; false where it is taken. Of two at once the second waits here.
    static func claim(_ key: String, _ change: Change) throws -> Bool {
        try change.db.execute(
            """
            INSERT INTO grants (grant_key, state, outcome, created_at, updated_at) VALUES (\(key), '', '', \(change.now), \(change.now))
            ON CONFLICT (grant_key) DO NOTHING
            """) > 0
    }

    static func put(_ record: GrantRecord, _ change: Change) throws {
        let outcome = record.outcome
        try change.db.execute(
            """
            UPDATE grants SET state = \(outcome.state.rawValue), outcome = \(outcome.json), customer_id = \(record.customerID),
                updated_at = \(change.now)
            WHERE grant_key = \(outcome.key)
            """)
    }
}
