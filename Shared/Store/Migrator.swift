import Logging
import Shared

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Brings a store's schema up to what the program knows, and refuses a store that knows more.
struct Migrator {
    let store: Store
    let logger: Logger

    struct Applied: Sendable {
        var set: String
        var number: Int
        var name: String
    }

    /// Stands in the list of migrations while a copy into the store is not finished: no program knows it, so none serves.
    static let copySet = "copy"

    /// - Parameters:
    ///   - levels: up to which number of each set; all of them when nil.
    ///   - isCopy: true for the copy that is filling the store.
    func run(_ sets: [(set: String, [Migration])], upTo levels: [String: Int]? = nil, isCopy: Bool = false) async throws {
        guard !sets.isEmpty else { return }
        try checkProgram(sets)
        try await createTable()
        let applied = try await store.read(Self.applied)
        try Self.checkStore(applied, sets, isCopy: isCopy)
        for (set, migrations) in sets {
            let done = applied.count { $0.set == set }
            for migration in migrations.prefix(levels?[set] ?? migrations.count).dropFirst(done) {
                try await apply(migration, of: set)
            }
        }
    }

    func checkProgram(_ sets: [(set: String, [Migration])]) throws {
        guard Set(sets.map(\.set)).count == sets.count else { throw StoreError.misuse("a migration set is given twice") }
        for (set, migrations) in sets {
            for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
                throw StoreError.misuse("migrations of '\(set)' are numbered 1, 2, 3, …; found \(migration.number) in place \(index + 1)")
            }
        }
    }

    /// Throws when the program does not know what the store holds.
    static func checkStore(_ applied: [Applied], _ sets: [(set: String, [Migration])], isCopy: Bool = false) throws {
        if !isCopy, let copy = applied.first(where: { $0.set == copySet }) { throw StoreError.unfinishedCopy(copy.name) }
        let known = Dictionary(uniqueKeysWithValues: sets.map { ($0.set, $0.1) })
        var last: [String: Int] = [:]
        for row in applied where row.set != copySet {
            let migrations = known[row.set] ?? []
            guard row.number <= migrations.count else {
                let found = applied.lazy.filter { $0.set == row.set }.map(\.number).max() ?? row.number
                throw StoreError.schemaTooNew(set: row.set, found: found, known: migrations.count)
            }
            guard row.number == last[row.set, default: 0] + 1 else {
                throw StoreError.misuse("the store has a gap in the migrations of '\(row.set)' before number \(row.number)")
            }
            let name = migrations[row.number - 1].name
            guard name == row.name else {
                throw StoreError.misuse(
                    "migration \(row.number) of '\(row.set)' is '\(row.name)' in the store and '\(name)' in the program")
            }
            last[row.set] = row.number
        }
    }

    func createTable() async throws {
        try await store.write { db in
            try db.lockMigrations()
            try db.runScript(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    migration_set TEXT NOT NULL,
                    number INTEGER NOT NULL,
                    name TEXT NOT NULL,
                    applied_at BIGINT NOT NULL,
                    PRIMARY KEY (migration_set, number)
                )
                """)
        }
    }

    static func applied(_ db: SQLConnection) throws -> [Applied] {
        try db.all("SELECT migration_set, number, name FROM schema_migrations ORDER BY migration_set, number") { row in
            Applied(set: row.text(0), number: Int(row.int(1)), name: row.text(2))
        }
    }

    private func apply(_ migration: Migration, of set: String) async throws {
        let now = Self.wallClock()
        let applied = try await store.write { db in
            try db.lockMigrations()
            // Another replica may have been faster.
            if try db.exists("SELECT 1 FROM schema_migrations WHERE migration_set = \(set) AND number = \(migration.number)") {
                return false
            }
            for statement in migration.statements(db.dialect) { try db.runScript(statement) }
            try db.execute(
                """
                INSERT INTO schema_migrations (migration_set, number, name, applied_at)
                VALUES (\(set), \(migration.number), \(migration.name), \(now))
                """)
            return true
        }
        if applied {
            logger.info("schema migrated", metadata: ["set": "\(set)", "number": "\(migration.number)", "name": "\(migration.name)"])
        }
    }

    /// The real time, not the sandbox's: it tells an operator when the upgrade happened.
    static func wallClock() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
