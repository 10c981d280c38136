import SharedStore
import Testing

@Suite("Migrations")
struct MigrationTests {
    private let second = Migration(2, "tags") { _ in
        ["CREATE TABLE tags (id TEXT PRIMARY KEY); CREATE INDEX tags_id ON tags (id);", "INSERT INTO tags VALUES ('a')"]
    }

    private func open(_ folder: TemporaryFolder, _ sets: [(set: String, [Migration])]) async -> Result<Store, any Error> {
        await catching { try await Store.open(folder.url(), migrations: sets, logger: quiet) }
    }

    @Test("each is applied once, later ones on top", arguments: TestEngine.running)
    func once(engine: TestEngine) async throws {
        let folder = try TemporaryFolder(engine)
        for migrations in [[notes], [notes, second], [notes, second]] {
            let store = try await open(folder, [(set: "test", migrations)]).get()
            await store.close()
        }
        let store = try await open(folder, [(set: "test", [notes, second])]).get()
        let rows = try await store.read { db in
            try db.all("SELECT migration_set, number, name, applied_at FROM schema_migrations ORDER BY number") {
                "\($0.text(0)) \($0.int(1)) \($0.text(2)) \($0.time(3).milliseconds > 1_700_000_000_000)"
            }
        }
        #expect(rows == ["test 1 notes true", "test 2 tags true"])
        #expect(try await store.read { db in try db.first("SELECT COUNT(*) FROM tags") { $0.int(0) } } == 1)
        await store.close()
    }

    @Test("sets are numbered apart", arguments: TestEngine.running)
    func sets(engine: TestEngine) async throws {
        let folder = try TemporaryFolder(engine)
        let other = Migration(1, "outbox") { _ in ["CREATE TABLE outbox (id TEXT PRIMARY KEY)"] }
        let store = try await open(folder, [(set: "house", [other]), (set: "test", [notes, second])]).get()
        #expect(try await store.read { db in try db.first("SELECT COUNT(*) FROM schema_migrations") { $0.int(0) } } == 3)
        await store.close()
    }

    @Test("a store of a newer program is refused in words a person understands, and left as it is", arguments: TestEngine.running)
    func newer(engine: TestEngine) async throws {
        let folder = try TemporaryFolder(engine)
        await (try open(folder, [(set: "test", [notes, second])]).get()).close()
        let error = await open(folder, [(set: "test", [notes])]).storeError
        #expect(error == .schemaTooNew(set: "test", found: 2, known: 1))
        #expect(error.map { "\($0)".contains("newer version") } == true)
        #expect(await open(folder, [(set: "other", [])]).storeError == .schemaTooNew(set: "test", found: 2, known: 0))
        await (try open(folder, [(set: "test", [notes, second])]).get()).close()
    }

    @Test("a gap is refused, in the program and in the store", arguments: TestEngine.running)
    func gaps(engine: TestEngine) async throws {
        let folder = try TemporaryFolder(engine)
        let third = Migration(3, "third") { _ in [] }
        guard case .misuse = await open(folder, [(set: "test", [notes, third])]).storeError else {
            Issue.record("expected .misuse for the program's gap")
            return
        }
        let store = try await open(folder, [(set: "test", [notes, second, third])]).get()
        try await store.write { db in try db.execute("DELETE FROM schema_migrations WHERE number = 2") }
        await store.close()
        guard case .misuse = await open(folder, [(set: "test", [notes, second, third])]).storeError else {
            Issue.record("expected .misuse for the store's gap")
            return
        }
    }

    @Test("one that was renamed after it was applied is refused", arguments: TestEngine.running)
    func edited(engine: TestEngine) async throws {
        let folder = try TemporaryFolder(engine)
        await (try open(folder, [(set: "test", [notes])]).get()).close()
        let error = await open(folder, [(set: "test", [Migration(1, "other") { _ in [] }])]).storeError
        guard case .misuse = error else {
            Issue.record("expected .misuse, got \(String(describing: error))")
            return
        }
    }

    @Test("one that fails leaves nothing behind", arguments: TestEngine.running)
    func failing(engine: TestEngine) async throws {
        let folder = try TemporaryFolder(engine)
        let broken = Migration(2, "broken") { _ in ["CREATE TABLE half (id TEXT)", "CREATE TABEL other (id TEXT)"] }
        #expect(await open(folder, [(set: "test", [notes, broken])]).storeError != nil)
        let store = try await open(folder, [(set: "test", [notes])]).get()
        #expect(await catching { try await store.read { db in try db.exists("SELECT 1 FROM half") } }.storeError != nil)
        await store.close()
    }
}
