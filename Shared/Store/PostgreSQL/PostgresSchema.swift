/// Schemas of a PostgreSQL database, each of which can hold a store: for tests, which need many. Without the trait `Postgres` every call throws
/// `.unknownScheme`. A name is of small letters, digits and `_`.
package enum PostgresSchema {
    /// The URL of the store that lives in the schema.
    package static func url(_ name: String, on server: String) -> String {
        "\(server)\(server.contains("?") ? "&" : "?")options=-csearch_path%3D\(name)"
    }

    /// Makes the schema where it is not there yet. Returns its URL.
    @discardableResult
    package static func make(_ name: String, on server: String) async throws -> String {
        try await run(server, "CREATE SCHEMA IF NOT EXISTS \(checked(name))")
        return url(name, on: server)
    }

    package static func drop(_ names: [String], on server: String) async throws {
        guard !names.isEmpty else { return }
        try await run(server, "DROP SCHEMA IF EXISTS \(names.map(checked).joined(separator: ", ")) CASCADE")
    }

    /// Copies the rows of a schema, as one snapshot has them, into another one that is made for it (anew, where it is there).
    package static func copy(_ name: String, to copy: String, on server: String) async throws {
        let name = try checked(name)
        let copy = try checked(copy)
        let tables = try await tables(of: name, on: server)
        let copies = tables.map { "CREATE TABLE \(copy).\($0) AS TABLE \(name).\($0)" }
        try await run(
            server,
            (["BEGIN ISOLATION LEVEL REPEATABLE READ", "DROP SCHEMA IF EXISTS \(copy) CASCADE", "CREATE SCHEMA \(copy)"] + copies + ["COMMIT"])
                .joined(separator: "; "))
    }

    /// Puts the rows of a copy in the place of the schema's own, and its identity columns on where they were.
    package static func setBack(_ name: String, to copy: String, on server: String) async throws {
        let name = try checked(name)
        let copy = try checked(copy)
        let tables = try await tables(of: copy, on: server)
        guard !tables.isEmpty else { throw StoreError.misuse("there is no copy \(copy)") }
        let identities = try await rows(
            server, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = '\(name)' AND is_identity = 'YES'", 2)
        let inserts = tables.map { "INSERT INTO \(name).\($0) OVERRIDING SYSTEM VALUE SELECT * FROM \(copy).\($0)" }
        let counters = identities.map { row in
            "SELECT setval(pg_get_serial_sequence('\(name).\(row[0])', '\(row[1])'), (SELECT COALESCE(MAX(\(row[1])), 0) + 1 FROM \(name).\(row[0])), false)"
        }
        try await run(
            server,
            (["BEGIN", "TRUNCATE \(tables.map { "\(name).\($0)" }.joined(separator: ", ")) CASCADE"] + inserts + counters + ["COMMIT"])
                .joined(separator: "; "))
    }

    /// Our own tables' names need no quoting.
    private static func tables(of name: String, on server: String) async throws -> [String] {
        try await rows(server, "SELECT tablename FROM pg_tables WHERE schemaname = '\(name)' ORDER BY tablename", 1).map { $0[0] }
    }

    /// The name becomes part of a statement.
    private static func checked(_ name: String) throws -> String {
        let isPlain = name.allSatisfy { ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "_" }
        guard isPlain, (1...63).contains(name.utf8.count), name.first?.isNumber == false else {
            throw StoreError.misuse("a schema's name is of small letters, digits and _")
        }
        return name
    }

    private static func run(_ server: String, _ statements: String) async throws { _ = try await rows(server, statements, 0) }

    /// Runs the statements on a connection of their own and returns the first `columns` columns of what they answer.
    private static func rows(_ server: String, _ statements: String, _ columns: Int) async throws -> [[String]] {
        #if Postgres
            try await WorkerThread.run(name: "store-schema") {
                do {
                    let answer = try PostgresConnection(PostgresAddress(server)).run(statements)
                    guard columns > 0 else { return [] }
                    return (0..<answer.rows).map { row in
                        answer.stand(on: row)
                        return (0..<columns).map { answer.text($0) }
                    }
                } catch let failure as PostgresFailure {
                    throw failure.error
                }
            }
        #else
            throw StoreError.unknownScheme("PostgreSQL is not built into this program (it is the package trait Postgres)")
        #endif
    }
}
