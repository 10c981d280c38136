/// Prepared statements by their text, a bounded number of them: those not used for longest go first.
struct SQLiteStatementCache {
    private let limit: Int
    private var statements: [String: SQLiteStatement] = [:]
    private var clock: UInt64 = 0

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { statements.count }

    /// The kept statement, unless it is in use right now.
    mutating func find(_ text: String) -> SQLiteStatement? {
        guard let statement = statements[text], !statement.isInUse else { return nil }
        clock += 1
        statement.lastUse = clock
        return statement
    }

    /// Keeps a statement, unless its text is there already (in use by an outer query).
    mutating func keep(_ statement: SQLiteStatement, _ text: String) {
        guard statements[text] == nil else { return }
        if statements.count >= limit { evict() }
        clock += 1
        statement.lastUse = clock
        statements[text] = statement
    }

    mutating func removeAll() {
        statements.removeAll()
    }

    /// Drops the older eighth at once, so that a flood of new texts does not look for the oldest each time.
    private mutating func evict() {
        let oldest = statements.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(max(1, limit / 8))
        for (text, statement) in oldest where !statement.isInUse { statements[text] = nil }
    }
}
