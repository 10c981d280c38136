/// What a database has to offer to stand behind `Store`. Calls come from any thread; a job is finished exactly once.
protocol StoreEngine: Sendable {
    var dialect: SQLDialect { get }
    var statistics: StoreStatistics { get }
    /// Runs the job on one snapshot that begins after this call, possibly more than once.
    func read(_ job: StoreJob)
    /// Runs the job in a transaction, possibly more than once, and finishes it after the commit is on disk.
    func write(_ job: StoreJob)
    /// Blocks until the copy is complete and on disk. Only for an engine that can copy itself; the store copies the others row by row.
    func backup(to path: String) throws
    /// Blocks until everything accepted is finished, then closes. Idempotent.
    func close()
}

/// One connection of an engine, inside a transaction, on the thread that owns it.
protocol EngineConnection: AnyObject {
    var dialect: SQLDialect { get }
    func execute(_ sql: SQL) throws -> Int
    /// Hands over rows until `body` answers false. A statement that writes is completed all the same.
    func query(_ sql: SQL, _ body: (SQLRow) throws -> Bool) throws
    func runScript(_ text: String) throws
    func savepoint() throws
    func releaseSavepoint() throws
    func rollbackToSavepoint() throws
    func lockMigrations() throws
}

/// The columns of the row a query stands on.
protocol RowReader: AnyObject {
    func isNull(_ column: Int) -> Bool
    func int(_ column: Int) -> Int64
    func double(_ column: Int) -> Double
    func text(_ column: Int) -> String
    func bytes(_ column: Int) -> [UInt8]
    /// What stands there, in the form it is kept in.
    func value(_ column: Int) -> SQLValue
}

/// A closure that waits for its turn, and whoever waits for its answer.
///
/// Unchecked: it is made by the caller's task, handed through a queue to one engine thread, and touched by that thread only from then on.
class StoreJob: @unchecked Sendable {
    /// True for `Store.claim`: it never shares a transaction.
    let isClaim: Bool
    /// The unique values that earlier runs found taken.
    var duplicates: Set<String> = []

    init(isClaim: Bool = false) {
        self.isClaim = isClaim
    }

    /// Runs the closure and keeps its value. Returns what it threw. May be called again when the transaction around it was lost.
    func run(_ connection: SQLConnection) -> (any Error)? { nil }

    /// Resumes the caller: with the kept value, or by throwing `error`. Called exactly once.
    func finish(_ error: (any Error)?) {}
}

final class TypedJob<T: Sendable>: StoreJob, @unchecked Sendable {
    private let body: @Sendable (SQLConnection) throws -> T
    private let continuation: UnsafeContinuation<T, any Error>
    private var value: T?

    init(
        _ body: @escaping @Sendable (SQLConnection) throws -> T, _ continuation: UnsafeContinuation<T, any Error>, isClaim: Bool = false
    ) {
        self.body = body
        self.continuation = continuation
        super.init(isClaim: isClaim)
    }

    override func run(_ connection: SQLConnection) -> (any Error)? {
        do {
            value = try connection.lend(body)
            return nil
        } catch {
            return error
        }
    }

    override func finish(_ error: (any Error)?) {
        if let error {
            continuation.resume(throwing: error)
        } else if let value {
            continuation.resume(returning: value)
        } else {
            continuation.resume(throwing: StoreError.unavailable("the closure did not run"))
        }
    }
}
