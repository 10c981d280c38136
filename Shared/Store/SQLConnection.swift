/// The store as seen by one `read` or `write` closure. Valid only inside the closure it was handed to.
///
/// Statements are prepared once per connection and kept by their text. Everything throws `StoreError`.
public final class SQLConnection {
    let engine: any EngineConnection
    private var isOpen = false

    init(_ engine: any EngineConnection) {
        self.engine = engine
    }

    public var dialect: SQLDialect { engine.dialect }

    /// Runs a statement and returns the number of rows it inserted, updated or deleted.
    @discardableResult
    public func execute(_ sql: SQL) throws -> Int {
        try check()
        return try engine.execute(sql)
    }

    /// The first row, or nil when there is none. Also for `INSERT … RETURNING`.
    public func first<T>(_ sql: SQL, _ map: (SQLRow) throws -> T) throws -> T? {
        try check()
        var found: T?
        try engine.query(sql) { row in
            found = try map(row)
            return false
        }
        return found
    }

    public func all<T>(_ sql: SQL, _ map: (SQLRow) throws -> T) throws -> [T] {
        try check()
        var rows: [T] = []
        try engine.query(sql) { row in
            rows.append(try map(row))
            return true
        }
        return rows
    }

    /// Hands over row after row without keeping them.
    public func each(_ sql: SQL, _ body: (SQLRow) throws -> Void) throws {
        try check()
        try engine.query(sql) { row in
            try body(row)
            return true
        }
    }

    /// Whether the query has any row.
    public func exists(_ sql: SQL) throws -> Bool {
        try check()
        var any = false
        try engine.query(sql) { _ in
            any = true
            return false
        }
        return any
    }

    /// Runs `body`; when it throws, what it wrote is undone and the error is thrown on. May be nested.
    public func savepoint<T>(_ body: () throws -> T) throws -> T {
        try check()
        try engine.savepoint()
        let value: T
        do {
            value = try body()
        } catch {
            try engine.rollbackToSavepoint()
            throw error
        }
        try engine.releaseSavepoint()
        return value
    }

    private func check() throws {
        guard isOpen else { throw StoreError.misuse("a connection was used outside the closure it was handed to") }
    }

    // MARK: - For the engines

    /// Lends the connection to one closure.
    func lend<T>(_ body: (SQLConnection) throws -> T) rethrows -> T {
        isOpen = true
        defer { isOpen = false }
        return try body(self)
    }

    /// Runs one or more statements without values, as migrations hold them.
    func runScript(_ text: String) throws {
        try check()
        try engine.runScript(text)
    }

    /// Keeps other processes from migrating until the transaction ends.
    func lockMigrations() throws {
        try check()
        try engine.lockMigrations()
    }
}
