import Testing

@testable import SharedStore

/// From which engine to which.
struct Direction: Sendable, CustomTestStringConvertible {
    let from: TestEngine
    let to: TestEngine
    var testDescription: String { "\(from) to \(to)" }

    static let all = TestEngine.running.flatMap { from in TestEngine.running.map { Direction(from: from, to: $0) } }
}

/// A schema with a column of every kind, keys of every kind, and a table whose rows wait for their number on PostgreSQL, as the outbox's do.
let copySchema = [
    Migration(1, "kinds") { dialect in
        [
            """
            CREATE TABLE kinds (
                part TEXT NOT NULL, place BIGINT NOT NULL, words TEXT, count BIGINT, flag INTEGER, ratio \(dialect.doubleType), raw \(dialect.bytesType),
                PRIMARY KEY (part, place)
            )\(dialect.clusteredByKey)
            """,
            "CREATE TABLE counted (id \(dialect.identityColumn), slug TEXT NOT NULL UNIQUE)",
            "CREATE TABLE hashes (hash \(dialect.bytesType) PRIMARY KEY, note TEXT)",
            """
            CREATE TABLE said (
                number \(dialect.isShared ? "BIGINT UNIQUE" : dialect.identityColumn), id TEXT NOT NULL UNIQUE
                \(dialect.isShared ? ", arrived BIGINT NOT NULL DEFAULT 0" : "")
            )
            """,
            "CREATE TABLE here (name TEXT PRIMARY KEY)",
        ]
    }
]

let copyRules = StoreCopyRules(
    leftOut: ["here"], ownColumns: ["said": ["arrived"]], numbered: [.init(table: "said", column: "number", order: ["arrived", "id"])])

/// Two places for stores, and what a copy between them takes.
struct CopyHouse {
    let from: String
    let to: String
    let folders: [TemporaryFolder]
    var migrations: Store.Migrations = [(set: "test", copySchema)]

    init(_ direction: Direction) throws {
        folders = [try TemporaryFolder(direction.from), try TemporaryFolder(direction.to)]
        from = try folders[0].url()
        to = try folders[1].url()
    }

    func open(_ url: String) async throws -> Store { try await Store.open(url, migrations: migrations, logger: quiet) }

    /// Fills the source.
    func fill(_ body: @escaping @Sendable (SQLConnection) throws -> Void) async throws {
        let store = try await open(from)
        try await store.write(body)
        await store.close()
    }

    /// Cut where `fault` throws.
    @discardableResult
    func copy(fault: (@Sendable (StoreCopier.Moment) throws -> Void)? = nil) async throws -> StoreCopyReport {
        let source = try StoreSource(StoreURL(from), isExclusive: true)
        defer { source.close() }
        return try await Store.fill(
            to, from: source, migrations: migrations, rules: copyRules, logger: quiet, isSourceInUse: false, fault: fault)
    }

    /// Does something to the target that no service could while the copy is not finished.
    func tamper(_ body: @escaping @Sendable (SQLConnection) throws -> Void) async throws {
        let store = try await Store.open(to, migrations: [], logger: quiet)
        try await store.write(body)
        await store.close()
    }

    /// Every row of the four tables, as the engine keeps it.
    func content(_ url: String) async throws -> [String] {
        let store = try await open(url)
        let rows = try await store.read { db in
            try ["kinds ORDER BY part, place", "counted ORDER BY id", "hashes ORDER BY hash", "said ORDER BY number, id"].flatMap { table in
                let columns = ["kinds": 7, "counted": 2, "hashes": 2, "said": 2][table.prefix { $0 != " " }.description] ?? 0
                return try db.all("SELECT * FROM \(raw: table)") { row in
                    (0..<columns).map { column in
                        // With its length: texts that only look the same are not.
                        if case .text(let text) = row.value(column) { "\(text) \(text.utf8.count)" } else { "\(row.value(column))" }
                    }.joined(separator: ", ")
                }
            }
        }
        await store.close()
        return rows
    }

    static func fillAll(_ db: SQLConnection) throws {
        let texts: [String?] = [
            nil, "", "a", "B", "ä", "a\u{308}", "a-b", "🙂", "it's \"so\" ? $1 \\ \n\t", String(repeating: "x", count: 70_000),
        ]
        let numbers: [Int64?] = [nil, 0, -1, .max, .min]
        let ratios: [Double?] = [nil, 0, -1.5, 0.1, 1e-300, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
        let raws: [[UInt8]?] = [nil, [], [0], [255, 0, 1], Array(0...255)]
        for (index, text) in texts.enumerated() {
            for place in 0..<30 {
                let number: Int64 = place == 0 ? .min : place == 1 ? .max : Int64(place)
                try db.execute(
                    """
                    INSERT INTO kinds (part, place, words, count, flag, ratio, raw)
                    VALUES (\(texts[(index + 1) % texts.count]?.prefix(900).description ?? "null"), \(number), \(text), \(numbers[place % 5]),
                        \(place % 3 == 0 ? nil : Int64(place % 2)), \(ratios[place % 7]), \(raws[place % 5]))
                    """)
            }
        }
        for index in 0..<700 {
            try db.execute("INSERT INTO counted (slug) VALUES (\("slug \(index)"))")
            if index < 40 { try db.execute("INSERT INTO hashes (hash, note) VALUES (\([UInt8(index), 0, 255]), \("n\(index)"))") }
        }
        try db.execute("DELETE FROM counted WHERE slug = 'slug 3'")
        for index in 1...300 { try db.execute("INSERT INTO said (number, id) VALUES (\(index * 2), \("e\(index)"))") }
        try db.execute("INSERT INTO here (name) VALUES ('this process')")
    }
}

struct Cut: Error {}
