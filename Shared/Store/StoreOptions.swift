/// The limits of a store. The defaults suit a service on a small machine.
public struct StoreOptions: Sendable {
    /// Reads that can run at the same time.
    public var readers: Int
    /// Transactions that can write at the same time. SQLite has one writer whatever is said here.
    public var writers: Int
    /// Writes (and, apart, reads) that may wait; past it a call is refused as `.unavailable`.
    public var queueLimit: Int
    /// Writes that share one commit at most.
    public var groupLimit: Int
    /// Prepared statements kept per connection.
    public var statementLimit: Int
    /// A server's limit on the time of a statement does not hold: for copies, which count and compare whole tables.
    var isPatient = false
    /// Enforce `REFERENCES` clauses. Always on with PostgreSQL.
    public var foreignKeys: Bool
    /// Tests make a commit fail with this: the engine's result code to fail with, or nil to go ahead.
    var commitFault: (@Sendable () -> Int32?)?
    /// Tests make a connection to a server break with this: at the moments for which it answers true.
    var connectionFault: (@Sendable (ConnectionMoment) -> Bool)?

    public init(
        readers: Int = 2, queueLimit: Int = 10_000, groupLimit: Int = 256, statementLimit: Int = 512, foreignKeys: Bool = false,
        writers: Int = 4
    ) {
        self.readers = max(1, readers)
        self.writers = max(1, writers)
        self.queueLimit = max(1, queueLimit)
        self.groupLimit = max(1, groupLimit)
        self.statementLimit = max(8, statementLimit)
        self.foreignKeys = foreignKeys
    }
}

/// Where a test can break the connection to a server.
enum ConnectionMoment: Sendable, Hashable {
    /// All statements are done and nothing of the commit was sent.
    case beforeCommit
    /// The commit is done and its answer was not heard.
    case afterCommit
}

/// Counts since the store was opened, and what waits now.
public struct StoreStatistics: Sendable, Hashable {
    /// Reads answered.
    public var reads = 0
    /// Writes committed.
    public var writes = 0
    /// Writes that threw or could not be committed.
    public var failedWrites = 0
    /// Transactions committed; below `writes` when groups formed.
    public var commits = 0
    /// Transactions run again because another one was in the way. Always 0 with SQLite.
    public var conflicts = 0
    /// Connections that broke and were made anew. Always 0 with SQLite.
    public var reconnections = 0
    public var waitingReads = 0
    public var waitingWrites = 0

    public init() {}
}
