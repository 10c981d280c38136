internal import GRDB
internal import GRDBSQLite
import Synchronization

/// A store that is read from as a whole, on a connection of its own and from one snapshot.
final class StoreSource: Sendable {
    let address: StoreURL
    /// Held until `close()`, where nobody else may have the store open.
    private let lock: Mutex<SQLiteLock?>

    /// - Parameter isExclusive: keeps a service from opening the store; throws `.locked` when one has it. Only SQLite has such a lock.
    init(_ address: StoreURL, isExclusive: Bool) throws {
        self.address = address
        guard case .sqlite(let path) = address else {
            lock = Mutex(nil)
            return
        }
        guard SQLiteFiles.exists(path) else { throw StoreError.unavailable("there is no file \(path)") }
        lock = Mutex(isExclusive ? try SQLiteLock(storePath: path) : nil)
    }

    /// Gives back the lock: at once, and not when the last thread that knew this object has ended.
    func close() { lock.withLock { $0 = nil } }

    /// Runs `body` once on one snapshot, on this thread. A connection that breaks ends it.
    func snapshot<T>(_ body: (SQLConnection) throws -> T) throws -> T {
        switch address {
        case .sqlite(let path): try Self.sqlite(path, body)
        case .postgres(let url): try Self.postgres(url, body)
        }
    }

    private static func sqlite<T>(_ path: String, _ body: (SQLConnection) throws -> T) throws -> T {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.label = "store-copy"
        let queue: DatabaseQueue
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw StoreError(error)
        }
        let result = try queue.writeWithoutTransaction { database in
            guard let handle = database.sqliteConnection else { throw StoreError.unavailable("no connection") }
            let session = SQLiteSession(handle, isWriter: false, statementLimit: 128)
            defer { session.shutDown() }
            try session.begin()
            defer { session.rollback() }
            return try SQLConnection(session).lend(body)
        }
        try? queue.close()
        return result
    }

    private static func postgres<T>(_ url: String, _ body: (SQLConnection) throws -> T) throws -> T {
        #if Postgres
            let session = PostgresSession(try PostgresAddress(url, isPatient: true), isWriter: false, statementLimit: 128)
            defer { session.shutDown() }
            do throws(PostgresFailure) {
                try session.begin()
            } catch {
                throw error.error
            }
            return try SQLConnection(session).lend(body)
        #else
            throw StoreError.unknownScheme("postgres:// is not built into this program")
        #endif
    }
}
