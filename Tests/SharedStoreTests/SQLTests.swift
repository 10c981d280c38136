import Shared
import Testing

@testable import SharedStore

@Suite("Statements and values")
struct SQLTests {
    @Test(
        "an interpolated value becomes a bind and never text", arguments: TestEngine.running,
        ["'; DROP TABLE notes; --", "\" OR 1=1", "?", "x'00'", "%_", ""])
    func binds(engine: TestEngine, value: String) async throws {
        let statement: SQL = "SELECT \(value), \(raw: "1") WHERE 1 = \(1)"
        #expect(statement.text == "SELECT ?, 1 WHERE 1 = ?")
        #expect(statement.values == [.text(value), .int(1)])
        try await withStore(on: engine) { (store, _) async throws in
            try await store.add(value)
            #expect(try await store.slugs() == [value])
            let same = try await store.read { db in try db.exists("SELECT 1 FROM notes WHERE slug = \(value)") }
            #expect(same)
        }
    }

    @Test("every type comes back as it went in", arguments: TestEngine.running)
    func types(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            let moment = Timestamp(milliseconds: 1_772_355_600_123)
            let json: JSON = ["a": [1, 2.5, "ü", nil], "b": true]
            try await store.write { db in
                let type = db.dialect
                try db.execute(
                    """
                    CREATE TABLE kinds (i BIGINT, d \(raw: type.doubleType), t TEXT, b INTEGER, m BIGINT, x \(raw: type.bytesType), j TEXT)
                    """)
                try db.execute(
                    """
                    INSERT INTO kinds (i, d, t, b, m, x, j)
                    VALUES (\(Int64.min), \(0.1), \("😀"), \(true), \(moment), \([0, 255, 0] as [UInt8]), \(json))
                    """)
                let none: String? = nil
                try db.execute(
                    """
                    INSERT INTO kinds (i, d, t, b, m, x, j)
                    VALUES (\(nil as Int64?), \(nil as Double?), \(none), \(nil as Bool?), \(nil as Timestamp?), \(nil as [UInt8]?),
                        \(nil as JSON?))
                    """)
            }
            try await store.read { (db) throws in
                let full = try db.first("SELECT i, d, t, b, m, x, j FROM kinds WHERE i IS NOT NULL") { row in
                    #expect(row.int(0) == .min && row.intOrNil(0) == .min)
                    #expect(row.double(1) == 0.1)
                    #expect(row.text(2) == "😀")
                    #expect(row.bool(3))
                    #expect(row.time(4).rfc3339 == "2026-03-01T09:00:00.123Z")
                    #expect(row.bytes(5) == [0, 255, 0])
                    #expect(row.json(6) == json)
                    return true
                }
                #expect(full == true)
                let empty = try db.first("SELECT i, d, t, b, m, x, j FROM kinds WHERE i IS NULL") { row in
                    #expect(row.intOrNil(0) == nil && row.doubleOrNil(1) == nil && row.textOrNil(2) == nil && row.boolOrNil(3) == nil)
                    #expect(row.timeOrNil(4) == nil && row.bytesOrNil(5) == nil && row.json(6) == .null)
                    #expect(row.text(2) == "" && row.int(0) == 0)
                    return true
                }
                #expect(empty == true)
                #expect(try db.first("SELECT \("{broken")") { $0.json(0) } == .null)
            }
        }
    }

    @Test("empty texts and arrays are not NULL; a text may hold U+0000 and be large", arguments: TestEngine.running)
    func texts(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            // PostgreSQL's texts cannot hold it.
            let nul = engine == .sqlite ? "a\0b'\"\n" : "ab'\"\n"
            let large = String(repeating: "añ😀", count: 300_000)
            try await store.add("", body: nul)
            try await store.add(nul, body: large)
            try await store.read { (db) throws in
                #expect(try db.first("SELECT body FROM notes WHERE slug = \("")") { $0.textOrNil(0) } == .some(nul))
                #expect(try db.first("SELECT body FROM notes WHERE slug = \(nul)") { $0.text(0) == large } == true)
                #expect(try db.first("SELECT \([] as [UInt8])") { $0.bytesOrNil(0) } == .some([]))
                #expect(try db.first("SELECT \("")") { $0.textOrNil(0) } == .some(""))
            }
        }
    }

    @Test("lists: IN finds exactly its items, an empty one nothing", arguments: TestEngine.running, [0, 1, 2, 3, 5, 64, 500])
    func lists(engine: TestEngine, count: Int) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            try await store.write { db in
                for index in 0..<600 { try db.execute("INSERT INTO notes (slug, score) VALUES (\("n\(index)"), \(index))") }
            }
            let slugs = (0..<count).map { "n\($0)" }
            let scores = (0..<count).map(Int64.init)
            try await store.read { (db) throws in
                #expect(try db.all("SELECT slug FROM notes WHERE slug IN \(list: slugs)") { $0.text(0) }.count == count)
                #expect(try db.all("SELECT slug FROM notes WHERE score IN \(list: scores)") { $0.text(0) }.count == count)
                #expect(try db.all("SELECT slug FROM notes WHERE score NOT IN \(list: scores)") { $0.text(0) }.count == 600 - count)
            }
        }
    }

    @Test("fragments carry their values along", arguments: TestEngine.running)
    func fragments(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            for index in 0..<10 { try await store.add("n\(index)", score: Int64(index)) }
            var condition: SQL = "score >= \(3)"
            condition.append(" AND score < \(6)")
            let found = try await store.read { [condition] db in
                try db.all("SELECT slug FROM notes WHERE \(condition) AND slug <> \("n4") ORDER BY id" + " LIMIT \(5)") { $0.text(0) }
            }
            #expect(found == ["n3", "n5"])
        }
    }

    @Test("execute counts the rows it changed, and those only", arguments: TestEngine.running)
    func changes(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            try await store.write { (db) throws in
                #expect(try db.execute("INSERT INTO notes (slug) VALUES ('a'), ('b'), ('c')") == 3)
                #expect(try db.execute("SELECT 1") == 0)
                #expect(try db.execute("CREATE TABLE other (id TEXT)") == 0)
                #expect(try db.execute("UPDATE notes SET score = 1 WHERE slug <> 'a'") == 2)
                #expect(try db.execute("INSERT INTO notes (slug) VALUES ('a') ON CONFLICT (slug) DO NOTHING") == 0)
                #expect(try db.execute("INSERT INTO notes (slug) VALUES ('a') ON CONFLICT (slug) DO UPDATE SET score = 9") == 1)
                #expect(try db.execute("DELETE FROM notes WHERE slug = 'nobody'") == 0)
                #expect(try db.execute("DELETE FROM notes") == 3)
                #expect(try db.first("INSERT INTO notes (slug) VALUES ('x'), ('y') RETURNING slug") { $0.text(0) } == "x")
                #expect(try db.first("SELECT COUNT(*) FROM notes") { $0.int(0) } == 2)
            }
        }
    }

    @Test("a query inside the same query has its own rows", arguments: TestEngine.running)
    func nestedQueries(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            for index in 0..<3 { try await store.add("n\(index)") }
            let pairs = try await store.read { db in
                try db.all("SELECT slug FROM notes ORDER BY id") { outer in
                    outer.text(0) + ":" + (try db.all("SELECT slug FROM notes ORDER BY id") { $0.text(0) }).joined() + ":" + outer.text(0)
                }
            }
            #expect(pairs == ["n0:n0n1n2:n0", "n1:n0n1n2:n1", "n2:n0n1n2:n2"])
        }
    }

    @Test("only a bounded number of statements stays prepared", arguments: TestEngine.running)
    func cache(engine: TestEngine) async throws {
        try await withStore(StoreOptions(statementLimit: 32, writers: 1), on: engine) { (store, _) async throws in
            let kept = try await store.write { db in
                for index in 0..<500 { _ = try db.exists("SELECT \(raw: String(index))") }
                #expect(try db.exists("SELECT 3"))
                return TestEngine.preparedStatements(db)
            }
            #expect(kept <= 32)
            #expect(kept > 16)
        }
    }
}
