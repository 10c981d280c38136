/// The limits of a store. The defaults suit a service on a small machine.
public struct StoreOptions: Sendable {
    /// Reads that can run at the same time.
    public var readers: Int
    /// Writes (and, apart, reads) that may wait; past it a call is refused as `.unavailable`.
    public var queueLimit: Int
    /// Writes that share one commit at most.
    public var groupLimit: Int
    /// Prepared statements kept per connection.
    public var statementLimit: Int
    /// Enforce `REFERENCES` clauses. Always on with PostgreSQL.
    public var foreignKeys: Bool
    /// Tests make a commit fail with this: the engine's result code to fail with, or nil to go ahead.
    var commitFault: (@Sendable () -> Int32?)?

    public init(readers: Int = 2, queueLimit: Int = 10_000, groupLimit: Int = 256, statementLimit: Int = 512, foreignKeys: Bool = false) {
        self.readers = max(1, readers)
        self.queueLimit = max(1, queueLimit)
        self.groupLimit = max(1, groupLimit)
        self.statementLimit = max(8, statementLimit)
        self.foreignKeys = foreignKeys
    }
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
    public var waitingReads = 0
    public var waitingWrites = 0

    public init() {}
}
