public import Logging
import Synchronization

/// A service's own durable store. The one door to a database: nothing else in the suite knows which engine is behind it.
///
/// Reads see everything that was acknowledged before they began. A write is on disk when `write` returns.
public final class Store: Sendable {
    let engine: any StoreEngine
    private let address: StoreURL
    private let migrations: Migrations
    private let logger: Logger
    /// A backup of a PostgreSQL store is being written.
    private let isCopying = Mutex(false)

    private init(engine: any StoreEngine, address: StoreURL, migrations: Migrations, logger: Logger) {
        self.engine = engine
        self.address = address
        self.migrations = migrations
        self.logger = logger
    }

    deinit {
        // A store that was let go without `close()` must still give back its threads and its lock.
        let engine = self.engine
        WorkerThread.detach(name: "store-close") { engine.close() }
    }

    /// Opens (creating where need be) the store at a URL such as `sqlite:///var/lib/vefa/loyalty.db` and brings its schema up to date. A
    /// PostgreSQL database has to be there already.
    ///
    /// Migrations run here, each in a transaction of its own, before anybody else can read or write. An empty `migrations` leaves the
    /// schema as it is. Throws `StoreError`: `.locked` when another process has it open, `.schemaTooNew` when it was written by a newer
    /// program.
    public static func open(
        _ url: String, migrations: [(set: String, [Migration])], logger: Logger, options: StoreOptions = StoreOptions()
    ) async throws -> Store {
        let address = try StoreURL(url)
        let engine: any StoreEngine
        switch address {
        case .sqlite(let path):
            engine = try await WorkerThread.run(name: "store-open") { try SQLiteEngine(path: path, options: options, logger: logger) }
        case .postgres(let url):
            #if Postgres
                engine = try await WorkerThread.run(name: "store-open") { try PostgresEngine(url: url, options: options, logger: logger) }
            #else
                throw StoreError.unknownScheme("\(url.prefix { $0 != ":" }):// is not built into this program (the package trait Postgres)")
            #endif
        }
        let store = Store(engine: engine, address: address, migrations: migrations, logger: logger)
        do {
            try await Migrator(store: store, logger: logger).run(migrations)
        } catch {
            await store.close()
            throw error
        }
        return store
    }

    /// Which engine a URL names. Throws as `open` does when there is none.
    public static func engine(of url: String) throws -> SQLDialect.Engine {
        switch try StoreURL(url) {
        case .sqlite: .sqlite
        case .postgres: .postgres
        }
    }

    /// Runs `body` on one snapshot of the store, off the caller's thread. A statement that writes is refused as `.misuse`. `body` may run
    /// again (when the connection to the server broke), so it must have no effect besides its value.
    public func read<T: Sendable>(_ body: @escaping @Sendable (SQLConnection) throws -> T) async throws -> T {
        try await withUnsafeThrowingContinuation { engine.read(TypedJob(body, $0)) }
    }

    /// Runs `body` in a transaction and returns once its commit is on disk.
    ///
    /// Writes that wait at the same time share one commit (group commit), each behind a savepoint: what `body` throws rolls back this
    /// closure only and is thrown here. `body` **may run any number of times** (when an I/O error of a neighbour lost the shared transaction;
    /// on PostgreSQL whenever another transaction was in the way), so it must have no effect besides its statements and must not carry
    /// anything over from run to run. Cancelling the caller does not stop the write. When a `StoreError` with `isOutage` is thrown, nothing
    /// was kept; with `.uncertain` alone it may have been.
    ///
    /// What holds on every engine: a statement that fails may leave nothing to go on with. A closure that wants to go on after a failure has
    /// the statement in a `savepoint`.
    @discardableResult
    public func write<T: Sendable>(_ body: @escaping @Sendable (SQLConnection) throws -> T) async throws -> T {
        try await withUnsafeThrowingContinuation { engine.write(TypedJob(body, $0)) }
    }

    /// Runs `body` in a short transaction of its own for taking and giving back work: leases, timers, the numbering of what was said.
    ///
    /// On PostgreSQL it is READ COMMITTED: every statement sees what was committed before it began, `FOR UPDATE SKIP LOCKED` passes over what
    /// others hold, and nobody's `write` has to run again because of it. So what one statement found need not hold at the next, unless its row
    /// is locked by it: a decision belongs into the `WHERE` of the statement that acts on it. When the commit's answer was lost `body` runs
    /// again, though the first run may have been kept. On SQLite it is a `write`, with its neighbours in one commit.
    @discardableResult
    public func claim<T: Sendable>(_ body: @escaping @Sendable (SQLConnection) throws -> T) async throws -> T {
        try await withUnsafeThrowingContinuation { engine.write(TypedJob(body, $0, isClaim: true)) }
    }

    /// Writes a consistent copy of the store to `path`, an SQLite file whatever the engine is, while reads and writes go on. The file appears
    /// under its name only when it is complete and on disk; a file that is there already is replaced. With PostgreSQL one at a time: `.busy`.
    public func backup(to path: String, rules: StoreCopyRules = StoreCopyRules()) async throws {
        let engine = self.engine
        if dialect.engine == .sqlite {
            return try await WorkerThread.run(name: "store-backup") { try engine.backup(to: path) }
        }
        let isFree = isCopying.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
        guard isFree else { throw StoreError.busy }
        defer { isCopying.withLock { $0 = false } }
        // A name of its own: should another replica write the same copy, they do not meet in one file.
        let draft = "\(path).\(UInt64.random(in: .min ... .max)).copying"
        func clear() { for rest in ["", "-wal", "-shm", ".lock"] { SQLiteFiles.remove(draft + rest) } }
        clear()
        defer { clear() }
        _ = try await Store.fill(
            "sqlite://\(StoreURL.percentEncoded(draft))", from: StoreSource(address, isExclusive: false), migrations: migrations, rules: rules,
            logger: logger, isSourceInUse: true)
        try await WorkerThread.run(name: "store-backup") { try SQLiteBackup().copy(draft, to: path) }
    }

    /// Waits for the reads and writes that were asked for, then closes and gives back the lock. Later calls throw `.unavailable`. Closing
    /// again is fine.
    public func close() async {
        let engine = self.engine
        await WorkerThread.run(name: "store-close") { engine.close() }
    }

    /// What the store has done since it was opened.
    public var statistics: StoreStatistics { engine.statistics }

    /// The words in which the engine behind this store differs.
    public var dialect: SQLDialect { engine.dialect }
}
