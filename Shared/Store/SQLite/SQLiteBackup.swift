internal import GRDB
internal import GRDBSQLite
import Synchronization

/// Copies a live store with `VACUUM INTO`, on a connection of its own: one snapshot, while reads and writes go on.
final class SQLiteBackup: Sendable {
    /// One copy at a time: two of the same name would write into one file.
    private let turn = Mutex(())

    /// Blocks until the copy stands at `target`, complete and on disk.
    func copy(_ source: String, to target: String) throws {
        try turn.withLock { _ in
            // The same name each time, so that what a crash left behind is cleared by the next copy.
            let partial = "\(target).partial"
            SQLiteFiles.remove(partial)
            defer { SQLiteFiles.remove("\(partial)-journal") }
            do {
                // VACUUM INTO fills an empty file; made by us, it has our permissions.
                try SQLiteFiles.makeFile(partial)
                try vacuum(source, into: partial)
                try SQLiteFiles.synchronize(partial)
                try SQLiteFiles.replace(target, with: partial)
                try SQLiteFiles.synchronize(SQLiteFiles.folder(of: target))
            } catch {
                SQLiteFiles.remove(partial)
                throw StoreError(error)
            }
        }
    }

    private func vacuum(_ source: String, into target: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.label = "store-backup"
        let queue = try DatabaseQueue(path: source, configuration: configuration)
        try queue.writeWithoutTransaction { database in
            guard let handle = database.sqliteConnection else { throw StoreError.unavailable("no connection") }
            let session = SQLiteSession(handle, isWriter: false, statementLimit: 8)
            defer { session.shutDown() }
            try session.runOutside("VACUUM INTO ?", [.text(target)])
        }
        try queue.close()
    }
}
