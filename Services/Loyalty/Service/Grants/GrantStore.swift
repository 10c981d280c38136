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

    static func put(_ record: GrantRecord, _ change: Change) throws {
        let outcome = record.outcome
        try change.db.execute(
            """
            INSERT INTO grants (grant_key, state, outcome, customer_id, created_at, updated_at)
            VALUES (\(outcome.key), \(outcome.state.rawValue), \(outcome.json), \(record.customerID), \(change.now), \(change.now))
            ON CONFLICT (grant_key) DO UPDATE SET state = excluded.state, outcome = excluded.outcome, updated_at = excluded.updated_at
            """)
    }
}
