internal import GRDB
internal import GRDBSQLite
import Logging
import Synchronization

/// SQLite behind the store: one thread that writes in groups, a few that read, each owning a connection of a GRDB pool for life.
final class SQLiteEngine: StoreEngine {
    let dialect = SQLDialect.sqlite

    private let path: String
    private let options: StoreOptions
    private let logger: Logger
    private let writes: JobQueue
    private let reads: JobQueue
    private let counters = StoreCounters()
    private let backup = SQLiteBackup()

    /// What `close()` takes apart.
    private struct Parts {
        var lock: SQLiteLock?
        var pool: DatabasePool?
        var threads: [WorkerThread] = []
    }
    private let parts: Mutex<Parts>

    /// Blocks while the file is opened, and recovered after a crash.
    init(path: String, options: StoreOptions, logger: Logger) throws {
        self.path = path
        self.options = options
        self.logger = logger
        writes = JobQueue(limit: options.queueLimit)
        reads = JobQueue(limit: options.queueLimit)
        try SQLiteFiles.makeFolder(SQLiteFiles.folder(of: path))
        let lock = try SQLiteLock(storePath: path)
        try SQLiteFiles.makeFile(path)
        let pool: DatabasePool
        do {
            pool = try DatabasePool(path: path, configuration: Self.configuration(options))
        } catch {
            throw StoreError(error)
        }
        parts = Mutex(Parts(lock: lock, pool: pool))
        try start(pool)
    }

    var statistics: StoreStatistics {
        var statistics = counters.current
        statistics.waitingReads = reads.count
        statistics.waitingWrites = writes.count
        return statistics
    }

    func read(_ job: StoreJob) { add(job, to: reads, "reads") }
    func write(_ job: StoreJob) { add(job, to: writes, "writes") }

    func close() {
        writes.close()
        reads.close()
        parts.withLock { parts in
            for thread in parts.threads { thread.join() }
            parts.threads = []
            do {
                try parts.pool?.close()
            } catch {
                logger.warning("the store did not close cleanly", metadata: ["error": "\(StoreError(error))"])
            }
            parts.pool = nil
            parts.lock = nil
        }
    }

    private func add(_ job: StoreJob, to queue: JobQueue, _ what: String) {
        switch queue.add(job) {
        case .accepted: break
        case .full: job.finish(StoreError.unavailable("\(options.queueLimit) \(what) wait already"))
        case .closed: job.finish(StoreError.unavailable("it is closed"))
        }
    }

    // MARK: - Opening

    private static func configuration(_ options: StoreOptions) -> Configuration {
        var configuration = Configuration()
        configuration.label = "store"
        configuration.foreignKeysEnabled = options.foreignKeys
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = options.readers
        configuration.persistentReadOnlyConnections = true
        configuration.prepareDatabase { database in
            let cache = database.configuration.readonly ? 4_000 : 16_000
            try database.execute(
                sql: """
                    PRAGMA cache_size = -\(cache);
                    PRAGMA mmap_size = 0;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA journal_size_limit = 67108864;
                    """)
        }
        return configuration
    }

    private func start(_ pool: DatabasePool) throws {
        do {
            let writer = try WorkerThread(name: "store-write") { self.serveWrites(pool) }
            parts.withLock { $0.threads.append(writer) }
            for _ in 0..<options.readers {
                let reader = try WorkerThread(name: "store-read") { self.serveReads(pool) }
                parts.withLock { $0.threads.append(reader) }
            }
        } catch {
            close()
            throw error
        }
    }

    // MARK: - The threads

    private func serveWrites(_ pool: DatabasePool) {
        pool.writeWithoutTransaction { database in
            guard let handle = database.sqliteConnection else { return refuse(writes, .unavailable("no connection")) }
            let session = SQLiteSession(handle, isWriter: true, statementLimit: options.statementLimit)
            defer { session.shutDown() }
            do {
                // Here, because opening the pool set it to NORMAL, under which a power cut loses acknowledged commits.
                try session.runOutside("PRAGMA synchronous = FULL")
            } catch {
                return refuse(writes, StoreError(error))
            }
            let checkpointer = SQLiteCheckpointer(handle)
            let writer = SQLiteWriter(session: session, counters: counters, logger: logger, commitFault: options.commitFault)
            while true {
                let group = writes.take(upTo: options.groupLimit)
                if group.isEmpty { break }
                writer.run(group)
                checkpointer.runIfDue()
            }
            checkpointer.finish()
        }
    }

    private func serveReads(_ pool: DatabasePool) {
        do {
            try pool.unsafeRead { database in
                guard let handle = database.sqliteConnection else { return refuse(reads, .unavailable("no connection")) }
                let session = SQLiteSession(handle, isWriter: false, statementLimit: options.statementLimit)
                defer { session.shutDown() }
                let connection = SQLConnection(session)
                // One job a snapshot: a second one would wait behind a slow first although another reader is free.
                while let job = reads.take(upTo: 1).first {
                    answer(job, session, connection)
                }
            }
        } catch {
            refuse(reads, StoreError(error))
        }
    }

    private func answer(_ job: StoreJob, _ session: SQLiteSession, _ connection: SQLConnection) {
        do {
            try session.begin()
        } catch {
            job.finish(error)
            return
        }
        let thrown = job.run(connection)
        session.rollback()
        counters.update { $0.reads += 1 }
        job.finish(thrown)
    }

    /// Answers everything with an error, on a thread that could not get to work.
    private func refuse(_ queue: JobQueue, _ error: StoreError) {
        logger.error("a thread of the store cannot work", metadata: ["error": "\(error)"])
        while let job = queue.take(upTo: 1).first { job.finish(error) }
    }

    func backup(to target: String) throws {
        guard parts.withLock({ $0.pool != nil }) else { throw StoreError.unavailable("it is closed") }
        try backup.copy(path, to: target)
    }
}
