import FoundationEssentials
import Testing

@testable import SharedStore

@Suite("What the store promises and refuses")
struct StoreContractTests {
    @Test("a savepoint undoes what is in it, nested or not", arguments: TestEngine.running)
    func savepoints(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            try await store.write { db in
                func add(_ slug: String) throws { try db.execute("INSERT INTO notes (slug) VALUES (\(slug))") }
                try add("a")
                try db.savepoint {
                    try add("b")
                    #expect(throws: Refusal.self) {
                        try db.savepoint {
                            try add("c")
                            try db.savepoint { try add("d") }
                            throw Refusal()
                        }
                    }
                    try add("e")
                }
                #expect(throws: StoreError.self) { try db.savepoint { try add("a") } }
                try add("f")
            }
            #expect(try await store.slugs() == ["a", "b", "e", "f"])
        }
    }

    @Test("a savepoint whose error is caught works inside a group too", arguments: TestEngine.running)
    func savepointsInGroup(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            let results: [Result<Void, any Error>] = await store.afterQueueing(10) { group in
                for index in 0..<10 {
                    group.addTask {
                        await catching {
                            try await store.write { db in
                                _ = try? db.savepoint {
                                    try db.execute("INSERT INTO notes (slug) VALUES (\("gone\(index)"))")
                                    throw Refusal()
                                }
                                try db.execute("INSERT INTO notes (slug) VALUES (\("n\(index)"))")
                            }
                        }
                    }
                }
            }
            #expect(allSucceeded(results))
            #expect(try await store.slugs().allSatisfy { $0.hasPrefix("n") })
            #expect(try await store.count() == 10)
        }
    }

    @Test("constraints are told apart and name no value", arguments: TestEngine.running)
    func constraints(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            try await store.write { db in
                try db.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, amount BIGINT NOT NULL CHECK (amount >= 0))")
                try db.execute("INSERT INTO ids VALUES ('secret', 1)")
            }
            try await store.add("secret")
            func failure(_ sql: SQL) async -> StoreError? {
                await catching { try await store.write { db in try db.execute(sql) } }.storeError
            }
            #expect(await failure("INSERT INTO notes (slug) VALUES (\("secret"))") == .uniqueViolation("notes.slug"))
            #expect(await failure("INSERT INTO ids VALUES (\("secret"), 1)") == .uniqueViolation("ids.id"))
            for sql: SQL in ["INSERT INTO ids VALUES (\("secret2"), -1)", "INSERT INTO ids (id) VALUES (\("secret3"))"] {
                let error = await failure(sql)
                guard case .constraint(let text) = error else {
                    Issue.record("expected .constraint, got \(String(describing: error))")
                    continue
                }
                #expect(!text.contains("secret"))
            }
        }
    }

    @Test(
        "wrong programs are told so",
        arguments: TestEngine.running,
        [
            "BEGIN", "  commit", "ROLLBACK", "END", "SAVEPOINT x", "VACUUM", "ATTACH 'x' AS y", "", "SELECT 1; SELECT 2",
            "SELECT nothing FROM nowhere",
            "SELECT ?", "SELEC",
        ])
    func misuse(engine: TestEngine, text: String) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            let result = await catching { try await store.write { db in try db.execute(SQL(raw: text)) } }
            guard case .misuse = result.storeError else {
                Issue.record("expected .misuse, got \(result)")
                return
            }
            try await store.add("still works")
        }
    }

    @Test("a write inside read is refused, and so is a connection outside its closure", arguments: TestEngine.running)
    func misplaced(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            for sql: SQL in ["INSERT INTO notes (slug) VALUES ('a')", "DROP TABLE notes"] {
                let result = await catching { try await store.read { db in try db.execute(sql) } }
                guard case .misuse = result.storeError else {
                    Issue.record("expected .misuse")
                    continue
                }
            }
            let kept = try await store.write { db in Kept(db) }
            guard case .misuse = await catching({ try kept.connection.execute("SELECT 1") }).storeError else {
                Issue.record("expected .misuse")
                return
            }
            #expect(try await store.count() == 0)
        }
    }

    private final class Kept: @unchecked Sendable {
        let connection: SQLConnection
        init(_ connection: SQLConnection) { self.connection = connection }
    }

    @Test("an error of the closure's own comes out as it was", arguments: TestEngine.running)
    func ownErrors(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            await #expect(throws: Refusal()) { try await store.write { _ in throw Refusal() } }
            await #expect(throws: Refusal()) { try await store.read { _ in throw Refusal() } }
        }
    }

    @Test(
        "a URL is read strictly, and no message repeats it",
        arguments: [
            "mysql://root:hunter2@db/vefa", "hunter2", "sqlite://hunter2.db",
            "sqlite:///hunter2?mode=memory",
            "sqlite::memory:", "sqlite:///hunter2/", "sqlite:///",
        ])
    func urls(url: String) async throws {
        let error = await catching { try await Store.open(url, migrations: [], logger: quiet) }.storeError
        #expect(error != nil)
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("sqlite://"))
        #expect(!text.contains("hunter2"))
    }

    #if !Postgres
        @Test("postgres:// is refused by name where it is not built in")
        func withoutPostgres() async throws {
            let error = await catching { try await Store.open("postgres://vefa:hunter2@db/vefa", migrations: [], logger: quiet) }.storeError
            guard case .unknownScheme(let text) = error else {
                Issue.record("expected .unknownScheme, got \(String(describing: error))")
                return
            }
            #expect(text.contains("sqlite://"))
            #expect(!text.contains("hunter2"))
        }
    #endif

    @Test("a percent-encoded path names the file it stands for")
    func encodedPath() throws {
        #expect(try StoreURL("sqlite:///var/my%20data/a%2Fb%zz.db") == .sqlite(path: "/var/my data/a/b%zz.db"))
    }

    @Test("a file that is no store is refused as such")
    func noStore() async throws {
        let folder = try TemporaryFolder()
        try await withStore(in: folder) { _, _ in }
        let garbage = try TemporaryFolder()
        try "This is a letter, and a long one at that. \(String(repeating: "Dear Ada. ", count: 500))"
            .write(toFile: garbage.path + "/store.db", atomically: true, encoding: .utf8)
        let error = await catching { try await Store.open(garbage.url(), migrations: [], logger: quiet) }.storeError
        guard case .corrupt = error else {
            Issue.record("expected .corrupt, got \(String(describing: error))")
            return
        }
    }
}
