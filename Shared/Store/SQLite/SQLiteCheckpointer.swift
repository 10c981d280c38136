internal import GRDBSQLite

/// Moves the write-ahead log into the database file, after those whose commit filled it have their answer.
///
/// SQLite's own automatic checkpoint would run inside that commit.
final class SQLiteCheckpointer {
    /// 16 MB of log at 4 KB a page.
    private static let softLimit: Int32 = 4_000
    /// 256 MB: from here on wait for readers, so that the log starts over.
    private static let hardLimit: Int32 = 64_000

    private let database: OpaquePointer
    private var pages: Int32 = 0
    private var nextSoft = softLimit
    private var nextHard = hardLimit

    init(_ database: OpaquePointer) {
        self.database = database
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = sqlite3_wal_hook(
            database,
            { context, _, _, pages in
                if let context { Unmanaged<SQLiteCheckpointer>.fromOpaque(context).takeUnretainedValue().pages = pages }
                return SQLITE_OK
            }, context)
    }

    /// To be called between transactions. Failing is harmless: the log is durable, and the next call tries again.
    func runIfDue() {
        if pages < nextSoft / 2 {
            // The log started over.
            nextSoft = Self.softLimit
            nextHard = Self.hardLimit
        }
        guard pages >= nextSoft else { return }
        let mode = pages >= nextHard ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE
        var moved: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(database, nil, mode, nil, &moved)
        if code == SQLITE_OK, moved == pages {
            nextSoft = Self.softLimit
        } else {
            // A long read holds it up; do not try at every commit.
            nextSoft = pages + Self.softLimit
            if pages >= nextHard { nextHard = pages * 2 }
        }
    }

    /// Empties the log before closing.
    func finish() {
        sqlite3_wal_hook(database, nil, nil)
        sqlite3_wal_checkpoint_v2(database, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    }
}
