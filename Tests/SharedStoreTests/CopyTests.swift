import FoundationEssentials
import Testing

@testable import SharedStore

@Suite("Copying a store")
struct CopyTests {
    @Test("every kind of value arrives as it was", arguments: Direction.all)
    func values(direction: Direction) async throws {
        let house = try CopyHouse(direction)
        try await house.fill(CopyHouse.fillAll)
        let report = try await house.copy()
        #expect(report.tables == 4)
        #expect(report.rows == 1_339)
        #expect(report.copied == report.rows)
        let (before, after) = (try await house.content(house.from), try await house.content(house.to))
        #expect(before.count == 1_339)
        #expect(after == before)
    }

    @Test("a copy that was cut, wherever, goes on; until it is finished nobody opens the store", arguments: Direction.all)
    func resume(direction: Direction) async throws {
        let house = try CopyHouse(direction)
        try await house.fill(CopyHouse.fillAll)
        var written: Int64 = 0
        var cuts = 0
        while true {
            // Each run is cut a moment later than the one before.
            let seen = Shelf(0)
            let moment = cuts
            do {
                let report = try await house.copy { _ in
                    if seen.value == moment { throw Cut() }
                    seen.update { $0 += 1 }
                }
                written = report.copied
                break
            } catch is Cut {
                cuts += 1
                let error = await catching { try await house.open(house.to) }.storeError
                guard case .unfinishedCopy = error else {
                    Issue.record("a store with a part of a copy was opened: \(String(describing: error))")
                    return
                }
                try #require(cuts < 100)
            }
        }
        #expect(cuts >= 5)
        #expect(written < 1339)
        let (before, after) = (try await house.content(house.from), try await house.content(house.to))
        #expect(after == before)
    }

    @Test("what was changed, added or lost in the copy is found, by table and key", arguments: Direction.all)
    func tampered(direction: Direction) async throws {
        let harms: [(table: String, key: String, harm: @Sendable (SQLConnection) throws -> Void)] = [
            ("counted", "7", { _ = try $0.execute("UPDATE counted SET slug = 'SLUG 6' WHERE id = 7") }),
            // The same to the eye, and to Swift's ==.
            ("kinds", "\"null\", 2", { _ = try $0.execute("UPDATE kinds SET words = 'é' WHERE part = 'null' AND place = 2") }),
            ("hashes", "3 bytes", { _ = try $0.execute("UPDATE hashes SET note = NULL WHERE note = 'n20'") }),
            ("counted", "", { _ = try $0.execute("DELETE FROM counted WHERE id = 9") }),
            ("said", "", { _ = try $0.execute("INSERT INTO said (number, id) VALUES (5, 'nobody said so')") }),
        ]
        for (table, key, harm) in harms {
            let house = try CopyHouse(direction)
            try await house.fill { db in
                try CopyHouse.fillAll(db)
                try db.execute("UPDATE kinds SET words = \("e\u{301}") WHERE part = 'null' AND place = 2")
            }
            // Cut when all is written and nothing compared.
            await #expect(throws: Cut.self) {
                try await house.copy { if $0.table == "said", $0.rows == 300 { throw Cut() } }
            }
            try await house.tamper(harm)
            do {
                try await house.copy()
                Issue.record("not found: \(table) \(key)")
            } catch StoreCopyError.differs(let found, let place, _) {
                #expect(found == table)
                #expect(place == key)
            }
            await #expect(throws: StoreError.self) { try await house.open(house.to) }
        }
    }

    @Test("a store that holds data takes no copy, nor one where another copy was begun", arguments: Direction.all)
    func occupied(direction: Direction) async throws {
        let house = try CopyHouse(direction)
        try await house.fill(CopyHouse.fillAll)
        let store = try await house.open(house.to)
        try await store.write { _ = try $0.execute("INSERT INTO counted (slug) VALUES ('mine')") }
        await store.close()
        do {
            try await house.copy()
            Issue.record("copied over data")
        } catch StoreCopyError.occupied(let text) {
            #expect(text.contains("counted"))
        }
        #expect(try await house.content(house.to).count == 1)
    }

    @Test("a copy that another source began is not gone on with")
    func otherSource() async throws {
        let house = try CopyHouse(Direction(from: .sqlite, to: .sqlite))
        try await house.fill(CopyHouse.fillAll)
        await #expect(throws: Cut.self) { try await house.copy { _ in throw Cut() } }
        let other = try CopyHouse(Direction(from: .sqlite, to: .sqlite))
        try await other.fill(CopyHouse.fillAll)
        do {
            _ = try await Store.copy(from: other.from, to: house.to, migrations: house.migrations, rules: copyRules, logger: quiet)
            Issue.record("went on with another source")
        } catch StoreCopyError.occupied(let text) {
            #expect(text.contains("another copy"))
        }
    }

    @Test("a source that is in use, of another service, newer, or unfinished is refused")
    func sources() async throws {
        let house = try CopyHouse(Direction(from: .sqlite, to: .sqlite))
        let store = try await house.open(house.from)
        guard case .locked? = await catching({ try await house.copy() }).storeError else {
            Issue.record("a store in use was copied")
            return
        }
        await store.close()

        func refusal(_ migrations: Store.Migrations) async -> (any Error)? {
            do {
                _ = try await Store.copy(from: house.from, to: house.to, migrations: migrations, rules: copyRules, logger: quiet)
                return nil
            } catch {
                return error
            }
        }
        guard case StoreCopyError.foreign? = await refusal([(set: "other", copySchema)]) else {
            Issue.record("another service's store was taken")
            return
        }
        let newer = Migration(2, "newer") { _ in ["CREATE TABLE newer (id TEXT PRIMARY KEY)"] }
        await (try await Store.open(house.from, migrations: [(set: "test", copySchema + [newer])], logger: quiet)).close()
        #expect(await refusal(house.migrations) as? StoreError == .schemaTooNew(set: "test", found: 2, known: 1))
        // None of this touched the target.
        #expect(!FileManager.default.fileExists(atPath: String(house.to.dropFirst(9))))
    }

    @Test("an older source is copied in its schema and brought up to date afterwards", arguments: Direction.all)
    func older(direction: Direction) async throws {
        var house = try CopyHouse(direction)
        try await house.fill(CopyHouse.fillAll)
        house.migrations = [
            (
                set: "test",
                copySchema + [
                    Migration(2, "more") { _ in
                        [
                            "ALTER TABLE counted ADD COLUMN size BIGINT NOT NULL DEFAULT 0",
                            "UPDATE counted SET size = 7 WHERE slug = 'slug 9'",
                        ]
                    }
                ]
            )
        ]
        try await house.copy()
        let store = try await house.open(house.to)
        #expect(try await store.read { try $0.first("SELECT SUM(size) FROM counted") { $0.int(0) } } == 7)
        await store.close()
        // The source is as it was.
        let source = try await Store.open(house.from, migrations: [(set: "test", copySchema)], logger: quiet)
        #expect(try await source.read { try $0.first("SELECT COUNT(*) FROM counted") { $0.int(0) } } == 699)
        await source.close()
    }

    @Test("counters go on above what was copied", arguments: Direction.all)
    func counters(direction: Direction) async throws {
        let house = try CopyHouse(direction)
        try await house.fill { _ = try $0.execute("INSERT INTO counted (id, slug) VALUES (5000, 'high')") }
        try await house.copy()
        let store = try await house.open(house.to)
        let next = try await store.write { try $0.first("INSERT INTO counted (slug) VALUES ('next') RETURNING id") { $0.int(0) } }
        #expect(next == 5001)
        await store.close()
    }

    @Test("rows that wait for their number get the next ones, in their order", arguments: Direction.all.filter { $0.from == .postgres })
    func waiting(direction: Direction) async throws {
        let house = try CopyHouse(direction)
        try await house.fill { db in
            for index in 0..<30 { try db.execute("INSERT INTO said (number, id) VALUES (\(index + 1), \("a\(index)"))") }
            for index in 0..<900 { try db.execute("INSERT INTO said (id, arrived) VALUES (\("b\(index)"), \(10_000 - index))") }
        }
        let seen = Shelf(0)
        await #expect(throws: Cut.self) {
            try await house.copy { moment in
                seen.update { $0 += 1 }
                if moment.table == "said", moment.rows > 200 { throw Cut() }
            }
        }
        try await house.copy()
        let store = try await house.open(house.to)
        let ids = try await store.read { try $0.all("SELECT id FROM said WHERE number IS NOT NULL ORDER BY number") { $0.text(0) } }
        #expect(ids == (0..<30).map { "a\($0)" } + (0..<900).reversed().map { "b\($0)" })
        #expect(try await store.read { try $0.first("SELECT MAX(number) FROM said") { $0.int(0) } } == 930)
        await store.close()
    }

    @Test(
        "a value that the target cannot keep ends the copy, with table, key and column",
        arguments: Direction.all.filter { $0.from == .sqlite })
    func unfit(direction: Direction) async throws {
        let house = try CopyHouse(direction)
        try await house.fill { _ = try $0.execute("INSERT INTO kinds (part, place, words) VALUES ('p', 1, \("a\0b"))") }
        if direction.to == .postgres {
            do {
                try await house.copy()
                Issue.record("U+0000 was copied")
            } catch StoreCopyError.unfit(let table, let key, let column, let reason) {
                #expect((table, key, column) == ("kinds", "\"p\", 1", "words"))
                #expect(reason.contains("U+0000"))
            }
            // Mended in the source as docs/operations.md says, the copy goes on. (SQLite's replace() does not find U+0000.)
            try await house.fill { db in
                try db.execute(
                    """
                    UPDATE kinds SET words = CAST(substr(CAST(words AS BLOB), 1, instr(CAST(words AS BLOB), x'00') - 1)
                        || substr(CAST(words AS BLOB), instr(CAST(words AS BLOB), x'00') + 1) AS TEXT)
                    WHERE instr(CAST(words AS BLOB), x'00') > 0
                    """)
            }
        }
        try await house.copy()
        if direction.to == .postgres { #expect(try await house.content(house.to).contains { $0.contains("ab 2") }) }
        let loose = try CopyHouse(direction)
        try await loose.fill { _ = try $0.execute("INSERT INTO kinds (part, place, count) VALUES ('p', 1, 'twelve')") }
        do {
            try await loose.copy()
            Issue.record("a text was copied as a number")
        } catch StoreCopyError.unfit(_, _, let column, _) {
            #expect(column == "count")
        }
    }

    @Test("what the service's own check finds keeps the copy unfinished")
    func check() async throws {
        let house = try CopyHouse(Direction(from: .sqlite, to: .sqlite))
        try await house.fill(CopyHouse.fillAll)
        await #expect(throws: StoreCopyError.wrong("odd")) {
            _ = try await Store.copy(
                from: house.from, to: house.to, migrations: house.migrations, rules: copyRules, logger: quiet, check: { _ in "odd" })
        }
        await #expect(throws: StoreError.self) { try await house.open(house.to) }
    }

    @Test("where a store is can be said without user, password and options")
    func place() throws {
        #expect(try StoreURL("sqlite:///a/b.db").place == "sqlite:///a/b.db")
        #if Postgres
            #expect(try StoreURL("postgres://me:p@ss@db.example:5433/vefa?password=secret").place == "postgres://db.example:5433/vefa")
            #expect(try StoreURL("postgres:///vefa?host=/run").place == "postgres:///vefa")
        #endif
    }
}
