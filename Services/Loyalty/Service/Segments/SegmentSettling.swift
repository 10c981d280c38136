import SharedRuntime
import SharedStore

/// Waits until whoever began to write before a definition was edited has ended. Where writers run side by side, one that reckoned by the definition
/// before may keep what it found after those customers were looked at by the new one, and nobody would look at them again.
enum SegmentSettling {
    private static let interval = Duration.milliseconds(10)
    /// Something of that age is no event that is just being applied (a dump of the database).
    private static let longest = 1_000

    static func wait(_ house: House) async throws {
        let began = try await house.read { db in
            db.dialect.isShared
                ? try db.first("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)") { $0.int(0) } : nil
        }
        guard let began else { return }
        for _ in 0..<longest {
            let isOpen = try await house.read { db in
                try db.exists(
                    """
                    SELECT 1 FROM pg_stat_activity
                    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
                        AND CAST(EXTRACT(EPOCH FROM xact_start) * 1000000 AS BIGINT) <= \(began)
                    """)
            }
            guard isOpen else { return }
            try await Task.sleep(for: interval)
        }
    }
}
