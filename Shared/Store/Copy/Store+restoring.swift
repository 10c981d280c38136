internal import GRDB
public import Logging

extension Store {
    /// Puts a backup in the place of a store that nobody has open. Returns the number of rows copied, or nil where a file was put in place.
    ///
    /// An SQLite file is replaced in one step; what was there is kept beside it, named `….before-restore`. A PostgreSQL database has to be empty.
    /// The backup is checked first and not changed. Throws `StoreCopyError` and `StoreError`.
    public static func restore(
        _ file: String, to url: String, migrations: Migrations, rules: StoreCopyRules, logger: Logger,
        check: @escaping @Sendable (SQLConnection) throws -> String? = { _ in nil },
        progress: @escaping @Sendable (StoreCopyProgress) -> Void = { _ in }
    ) async throws -> StoreCopyReport? {
        let source = try await WorkerThread.run(name: "store-restore") { try StoreSource(.sqlite(path: file), isExclusive: false) }
        _ = try await inspect("sqlite://\(StoreURL.percentEncoded(file))", migrations: migrations)
        switch try StoreURL(url) {
        case .postgres:
            return try await fill(
                url, from: source, migrations: migrations, rules: rules, logger: logger, check: check, progress: progress,
                isSourceInUse: true)
        case .sqlite(let path):
            guard path != file else { throw StoreError.misuse("a store cannot be restored from itself") }
            try await WorkerThread.run(name: "store-restore") { try replace(path, with: file) }
            return nil
        }
    }

    private static func replace(_ path: String, with file: String) throws {
        try SQLiteFiles.makeFolder(SQLiteFiles.folder(of: path))
        let lock = try SQLiteLock(storePath: path)
        defer { withExtendedLifetime(lock) {} }
        let fresh = "\(path).restoring"
        try SQLiteBackup().copy(file, to: fresh)
        if SQLiteFiles.exists(path) {
            fold(path)
            // A write-ahead log that stayed would be played into the new file.
            for rest in ["-wal", "-shm", "-journal"] { SQLiteFiles.remove(path + rest) }
            SQLiteFiles.remove("\(path).before-restore")
            try SQLiteFiles.link(path, as: "\(path).before-restore")
        }
        for rest in ["-wal", "-shm", "-journal"] { SQLiteFiles.remove(path + rest) }
        try SQLiteFiles.synchronize(SQLiteFiles.folder(of: path))
        try SQLiteFiles.replace(path, with: fresh)
        try SQLiteFiles.synchronize(SQLiteFiles.folder(of: path))
    }

    /// Brings what a store has in its write-ahead log into its file, so that the file alone is all of it. One too damaged for that is kept as it is.
    private static func fold(_ path: String) {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        guard let queue = try? DatabaseQueue(path: path, configuration: configuration) else { return }
        try? queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try? queue.close()
    }
}
