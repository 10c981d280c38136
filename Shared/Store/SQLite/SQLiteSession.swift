internal import GRDBSQLite

/// One SQLite connection on the thread that owns it: transactions, savepoints and prepared statements, straight on the C interface.
///
/// GRDB opened and configured the connection; its query interface would prepare statements anew each time.
final class SQLiteSession: EngineConnection {
    private let database: OpaquePointer
    private let isWriter: Bool
    private(set) var cache: SQLiteStatementCache
    private var depth = 0
    private var isInTransaction = false
    /// Why the transaction is gone although the closure goes on. Every later statement in it throws this, so that nothing is written
    /// outside it.
    private(set) var lost: StoreError?

    init(_ database: OpaquePointer, isWriter: Bool, statementLimit: Int) {
        self.database = database
        self.isWriter = isWriter
        cache = SQLiteStatementCache(limit: statementLimit)
        // GRDB watches statements and commits for its observers, of which there are none.
        sqlite3_set_authorizer(database, nil, nil)
        sqlite3_commit_hook(database, nil, nil)
        sqlite3_rollback_hook(database, nil, nil)
    }

    let dialect = SQLDialect.sqlite

    /// Finalizes what is kept, which must happen before the connection is closed.
    func shutDown() {
        cache.removeAll()
    }

    // MARK: - Transactions

    func begin() throws {
        // Only if an earlier ROLLBACK failed.
        rollback()
        lost = nil
        depth = 0
        try control(isWriter ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED")
        isInTransaction = true
    }

    /// Throws when the commit did not reach the disk; the transaction is over either way.
    func commit() throws {
        defer { rollback() }
        if let lost { throw lost }
        try control("COMMIT")
        isInTransaction = false
    }

    /// Ends the transaction, if there is one, without keeping anything.
    func rollback() {
        isInTransaction = false
        if sqlite3_get_autocommit(database) == 0 { try? control("ROLLBACK") }
    }

    func savepoint() throws {
        try checkTransaction()
        try control("SAVEPOINT level_\(depth)")
        depth += 1
    }

    func releaseSavepoint() throws {
        try checkTransaction()
        depth -= 1
        try control("RELEASE level_\(depth)")
    }

    func rollbackToSavepoint() throws {
        try checkTransaction()
        depth -= 1
        do {
            try control("ROLLBACK TO level_\(depth)")
            try control("RELEASE level_\(depth)")
        } catch {
            // What should have been undone is still there: nothing of this transaction may be committed.
            let error = StoreError(error)
            lost = lost ?? error
            throw error
        }
    }

    func lockMigrations() throws {
        // The store is locked for this process, and this is its only writer.
    }

    // MARK: - Statements

    func execute(_ sql: SQL) throws -> Int {
        try checkTransaction()
        return try withStatement(sql) { statement in
            let before = sqlite3_total_changes(database)
            while try step(statement) {}
            // Only statements that change rows set the count; after others it still holds that of the one before.
            return statement.isReadOnly || sqlite3_total_changes(database) == before ? 0 : Int(sqlite3_changes(database))
        }
    }

    func query(_ sql: SQL, _ body: (SQLRow) throws -> Bool) throws {
        try checkTransaction()
        try withStatement(sql) { statement in
            let row = SQLRow(statement)
            while try step(statement) {
                guard try body(row) else {
                    if !statement.isReadOnly { while try step(statement) {} }
                    return
                }
            }
        }
    }

    func runScript(_ text: String) throws {
        try checkTransaction()
        var rest = text
        while let (statement, tail) = try prepare(rest, keep: false) {
            try checkAllowed(statement, rest)
            while try step(statement) {}
            rest = tail
        }
    }

    private func withStatement<T>(_ sql: SQL, _ body: (SQLiteStatement) throws -> T) throws -> T {
        let statement = try cache.find(sql.text) ?? prepared(sql.text)
        guard statement.parameterCount == sql.values.count else {
            throw StoreError.misuse("a statement has \(statement.parameterCount) places for values and got \(sql.values.count)")
        }
        statement.isInUse = true
        defer {
            statement.reset()
            statement.isInUse = false
        }
        let code = statement.bind(sql.values)
        guard code == SQLITE_OK else { throw failure(code) }
        return try body(statement)
    }

    private func prepared(_ text: String) throws -> SQLiteStatement {
        guard let (statement, tail) = try prepare(text, keep: true) else { throw StoreError.misuse("an empty statement") }
        guard tail.allSatisfy({ $0.isWhitespace || $0 == ";" }) else { throw StoreError.misuse("more than one statement in one call") }
        try checkAllowed(statement, text)
        cache.keep(statement, text)
        return statement
    }

    /// The first statement of a text and what stands behind it; nil when there is none.
    private func prepare(_ text: String, keep: Bool) throws -> (SQLiteStatement, tail: String)? {
        var text = text
        return try text.withUTF8 { utf8 in
            try utf8.withMemoryRebound(to: CChar.self) { source -> (SQLiteStatement, tail: String)? in
                guard let start = source.baseAddress else { return nil }
                var handle: OpaquePointer?
                var tail: UnsafePointer<CChar>?
                let flags = keep ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
                let code = sqlite3_prepare_v3(database, start, Int32(clamping: source.count), flags, &handle, &tail)
                guard code == SQLITE_OK else { throw failure(code) }
                guard let handle else { return nil }
                let used = tail.map { $0 - start } ?? source.count
                return (SQLiteStatement(handle: handle), String(decoding: utf8.dropFirst(used), as: UTF8.self))
            }
        }
    }

    /// Transactions belong to the store, and readers do not write.
    private func checkAllowed(_ statement: SQLiteStatement, _ text: String) throws {
        let word = text.drop { $0.isWhitespace || $0 == ";" }.prefix { $0.isLetter }.uppercased()
        if ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ATTACH", "DETACH", "VACUUM"].contains(word) {
            throw StoreError.misuse("\(word) is the store's to say")
        }
        guard isWriter || statement.isReadOnly else { throw StoreError.misuse("a statement that writes, inside read") }
    }

    /// True when there is a row.
    private func step(_ statement: SQLiteStatement) throws -> Bool {
        let code = sqlite3_step(statement.handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure(code)
        }
    }

    /// Runs a statement of the store's own, with no check and no values.
    private func control(_ text: String) throws {
        let statement: SQLiteStatement
        if let kept = cache.find(text) {
            statement = kept
        } else {
            guard let (made, _) = try prepare(text, keep: true) else { return }
            cache.keep(made, text)
            statement = made
        }
        defer { statement.reset() }
        _ = try step(statement)
    }

    /// Runs a statement outside any transaction, for settings and copies. Not kept.
    func runOutside(_ text: String, _ values: [SQLValue] = []) throws {
        guard let (statement, _) = try prepare(text, keep: false) else { return }
        let code = statement.bind(values)
        guard code == SQLITE_OK else { throw failure(code) }
        while try step(statement) {}
    }

    /// What SQLite just said, noting whether it ended the transaction on its own (a full disk and I/O errors do).
    private func failure(_ code: Int32) -> StoreError {
        let error = StoreError(sqlite: code, message: String(cString: sqlite3_errmsg(database)))
        if isInTransaction, sqlite3_get_autocommit(database) != 0 { lost = lost ?? error }
        return error
    }

    private func checkTransaction() throws {
        if let lost { throw lost }
        guard isInTransaction else { throw StoreError.misuse("a statement outside a transaction") }
    }
}
