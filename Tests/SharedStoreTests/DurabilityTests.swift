import Dispatch
import FoundationEssentials
import Testing

@testable import SharedStore

@Suite("What was acknowledged stays")
struct DurabilityTests {
    @Test("a write is there after reopening", arguments: TestEngine.running)
    func reopen(engine: TestEngine) async throws {
        let folder = try TemporaryFolder(engine)
        try await withStore(on: engine, in: folder) { (store, _) async throws in
            for index in 0..<20 { try await store.add("n\(index)") }
        }
        try await withStore(on: engine, in: folder) { (store, _) async throws in
            #expect(try await store.slugs() == (0..<20).map { "n\($0)" })
        }
    }

    @Test("the writer waits for the disk at every commit, and the log is a write-ahead log")
    func settings() async throws {
        try await withStore { (store, _) async throws in
            func writer(_ pragma: String) async throws -> String? {
                try await store.write { db in try db.first("PRAGMA \(raw: pragma)") { $0.text(0) } }
            }
            #expect(try await writer("synchronous") == "2")
            #expect(try await writer("journal_mode") == "wal")
            #expect(try await writer("busy_timeout") == "5000")
            #expect(try await writer("foreign_keys") == "0")
            #expect(try await writer("cache_size") == "-16000")
            #expect(try await writer("temp_store") == "2")
            let cache = try await store.read { db in try db.first("PRAGMA cache_size") { $0.int(0) } }
            #expect(cache == -4_000)
        }
    }

    @Test("a read that begins after a write returned sees it", arguments: TestEngine.running)
    func readYourWrites(engine: TestEngine) async throws {
        try await withStore(StoreOptions(), on: engine) { (store, _) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for index in 0..<25 {
                            let slug = "t\(task)n\(index)"
                            try await store.add(slug)
                            let found = try await store.read { db in try db.exists("SELECT 1 FROM notes WHERE slug = \(slug)") }
                            #expect(found, "\(slug)")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("a read stays on its snapshot while writes commit", arguments: TestEngine.running)
    func snapshot(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            try await store.add("one")
            let looked = DispatchSemaphore(value: 0)
            let gate = DispatchSemaphore(value: 0)
            let read = Task {
                try await store.read { db in
                    let before = try db.first("SELECT COUNT(*) FROM notes") { $0.int(0) }
                    looked.signal()
                    gate.wait()
                    return (before, try db.first("SELECT COUNT(*) FROM notes") { $0.int(0) })
                }
            }
            await until { looked.wait(timeout: .now()) == .success }
            try await store.add("two")
            #expect(try await store.count() == 2)
            gate.signal()
            let (before, after) = try await read.value
            #expect(before == 1)
            #expect(after == 1)
        }
    }

    @Test("a second owner is refused while the first lives, and let in afterwards")
    func lock() async throws {
        try await withStore { (store, folder) async throws in
            let second = await catching { try await Store.open(folder.url(), migrations: [], logger: quiet) }
            guard case .locked(let text) = second.storeError else {
                Issue.record("expected .locked")
                return
            }
            #expect(text.contains("in use by"))
            await store.close()
            let third = try await Store.open(folder.url(), migrations: [], logger: quiet)
            await third.close()
        }
    }

    @Test("an opening that was refused closes its own file only, once")
    func refusedOpenings() async throws {
        try await withStore { (_, folder) async throws in
            // A file closed twice would be somebody else's the second time: a store that is being opened here and now.
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        for _ in 0..<20 {
                            #expect(await catching { try await Store.open(folder.url(), migrations: [], logger: quiet) }.storeError != nil)
                        }
                    }
                    group.addTask {
                        let result = await catching {
                            let other = try await Store.open(
                                folder.url("o\(index).db"), migrations: [(set: "test", [notes])], logger: quiet)
                            try await other.add("kept")
                            #expect(try await other.slugs() == ["kept"])
                            await other.close()
                        }
                        #expect(result.isSuccess, "\(result)")
                    }
                }
            }
        }
    }

    @Test("closing finishes what was asked for; what comes later is refused", arguments: TestEngine.running)
    func closing(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, folder) async throws in
            let results: [Result<Void, any Error>] = await store.afterQueueing(20) { group in
                for index in 0..<20 {
                    group.addTask { await catching { try await store.add("n\(index)") } }
                }
            }
            #expect(allSucceeded(results))
            await store.close()
            await store.close()
            #expect(await catching { try await store.add("late") }.storeError?.isOutage == true)
            #expect(await catching { try await store.count() }.storeError?.isOutage == true)
            guard engine == .sqlite else { return }
            #expect(await catching { try await store.backup(to: folder.path + "/copy.db") }.storeError?.isOutage == true)
        }
    }

    @Test("a store that was dropped gives back its lock")
    func dropped() async throws {
        let folder = try TemporaryFolder()
        do {
            let store = try await Store.open(folder.url(), migrations: [(set: "test", [notes])], logger: quiet)
            try await store.add("kept")
        }
        var reopened: Store?
        while reopened == nil {
            reopened = try? await Store.open(folder.url(), migrations: [], logger: quiet)
            await Task.yield()
        }
        #expect(try await reopened?.slugs() == ["kept"])
        await reopened?.close()
    }

    @Test("folder and files are for their owner only")
    func permissions() async throws {
        let outer = try TemporaryFolder()
        let store = try await Store.open("sqlite://\(outer.path)/a/b/store.db", migrations: [(set: "test", [notes])], logger: quiet)
        func mode(_ name: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: outer.path + name)[.posixPermissions] as? Int
        }
        #expect(try mode("/a") == 0o700)
        #expect(try mode("/a/b") == 0o700)
        for name in ["store.db", "store.db-wal", "store.db.lock"] { #expect(try mode("/a/b/" + name) == 0o600, "\(name)") }
        try await store.backup(to: outer.path + "/copy.db")
        #expect(try mode("/copy.db") == 0o600)
        await store.close()
    }

    @Test("a backup taken while writing is a whole store with whole transactions")
    func backup() async throws {
        try await withStore { (store, folder) async throws in
            try await store.write { db in try db.execute("CREATE TABLE pairs (id INTEGER PRIMARY KEY, note BIGINT NOT NULL)") }
            let writing = Task {
                var index = 0
                while !Task.isCancelled {
                    let number = index
                    try await store.write { db in
                        let id = try db.first("INSERT INTO notes (slug) VALUES (\("n\(number)")) RETURNING id") { $0.int(0) }
                        try db.execute("INSERT INTO pairs (note) VALUES (\(id))")
                    }
                    index += 1
                }
                return index
            }
            await until { store.statistics.writes > 50 }
            let before = try await store.count()
            try await store.backup(to: folder.path + "/copy.db")
            writing.cancel()
            let written = try await writing.value

            let copy = try await Store.open(folder.url("copy.db"), migrations: [(set: "test", [notes])], logger: quiet)
            let (notes, pairs, verdict) = try await copy.read { db in
                (
                    try db.first("SELECT COUNT(*) FROM notes") { $0.int(0) } ?? -1,
                    try db.first("SELECT COUNT(*) FROM pairs") { $0.int(0) } ?? -1,
                    try db.first("PRAGMA integrity_check") { $0.text(0) }
                )
            }
            #expect(verdict == "ok")
            #expect(notes == pairs)
            #expect(notes >= before)
            #expect(notes <= written)
            await copy.close()
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/copy.db.partial"))
        }
    }

    @Test("a backup that cannot be written says so and leaves nothing")
    func backupFails() async throws {
        try await withStore { (store, folder) async throws in
            let error = await catching { try await store.backup(to: folder.path + "/nowhere/copy.db") }.storeError
            #expect(error?.isOutage == true)
            try await store.backup(to: folder.path + "/copy.db")
            try await store.add("later")
            try await store.backup(to: folder.path + "/copy.db")
            let copy = try await Store.open(folder.url("copy.db"), migrations: [], logger: quiet)
            #expect(try await copy.slugs() == ["later"])
            await copy.close()
        }
    }

    @Test("the log is moved into the file as it grows, readers or not")
    func checkpoints() async throws {
        try await withStore { (store, folder) async throws in
            for index in 0..<60 {
                // Another text each time: pages that stay the same are not written.
                let body = String(repeating: "\(index % 10)", count: 1_000_000)
                try await store.write { db in
                    try db.execute(
                        """
                        INSERT INTO notes (slug, body) VALUES (\("n\(index % 8)"), \(body)) ON CONFLICT (slug) DO UPDATE SET body = \(body)
                        """
                    )
                }
                #expect(try await store.count() == min(index + 1, 8))
            }
            let log = try FileManager.default.attributesOfItem(atPath: folder.path + "/store.db-wal")[.size] as? Int
            #expect(try #require(log) < 30_000_000)
        }
    }
}
