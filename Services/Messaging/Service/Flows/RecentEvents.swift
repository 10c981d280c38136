import Shared
import SharedRuntime
import SharedStore

/// Events that a flow may have to know of after they have gone by.
enum RecentEvents {
    static func remember(_ event: CloudEvent, as key: String, seconds: Int64, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO recent_events (event_type, match_key, source, event_id, heard_at, forget_at, data)
            VALUES (\(event.type), \(key), \(event.source), \(event.id), \(change.now), \(change.now.adding(seconds: seconds)), \(event.data))
            ON CONFLICT (event_type, match_key, event_id, source) DO NOTHING
            """)
    }

    /// The data of the last one heard since a time; nil when none was.
    static func latest(_ type: String, matching key: String, since: Timestamp, _ db: SQLConnection) throws -> JSON? {
        try db.first(
            """
            SELECT data FROM recent_events WHERE event_type = \(type) AND match_key = \(key) AND heard_at >= \(since)
            ORDER BY heard_at DESC LIMIT 1
            """
        ) { $0.json(0) }
    }

    /// The data of all that are remembered, in the order they were heard.
    static func all(_ type: String, matching key: String, _ db: SQLConnection) throws -> [JSON] {
        try db.all(
            "SELECT data FROM recent_events WHERE event_type = \(type) AND match_key = \(key) ORDER BY heard_at, event_id LIMIT 100"
        ) { $0.json(0) }
    }
}
