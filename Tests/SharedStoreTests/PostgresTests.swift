#if Postgres
    import Dispatch
    import FoundationEssentials
    import Testing

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    @testable import SharedStore

    private let isThere = TestEngine.running.contains(.postgres)

    @Suite("PostgreSQL: what only a server brings", .enabled(if: isThere))
    struct PostgresTests {
        /// The engines' own tests have many writers at work.
        private func withServer<T>(
            _ options: StoreOptions = StoreOptions(), in place: TemporaryFolder? = nil, _ body: (Store, TemporaryFolder) async throws -> T
        ) async throws -> T {
            try await withStore(options, on: .postgres, in: place, body)
        }

        // MARK: - Side by side

        @Test("64 closures that read, check and write keep a limit exactly, in one process and in two", arguments: [1, 2])
        func limit(processes: Int) async throws {
            let place = try TemporaryFolder(.postgres)
            try await withServer(in: place) { (first, _) async throws in
                var stores = [first]
                if processes == 2 { stores.append(try await Store.open(place.url(), migrations: [(set: "test", [notes])], logger: quiet)) }
                try await first.add("stock", score: 0)
                let results = await withTaskGroup(of: Result<Void, any Error>.self) { group in
                    for index in 0..<64 {
                        let store = stores[index % stores.count]
                        group.addTask {
                            await catching {
                                try await store.write { db in
                                    // Once by counting rows and once by a number that is read and written back.
                                    let rows = try db.first("SELECT COUNT(*) FROM notes WHERE body = 'sold'") { $0.int(0) } ?? 0
                                    let sold = try db.first("SELECT score FROM notes WHERE slug = 'stock'") { $0.int(0) } ?? 0
                                    guard rows < 40, sold < 40 else { throw Refusal() }
                                    try db.execute("INSERT INTO notes (slug, body) VALUES (\("n\(index)"), 'sold')")
                                    try db.execute("UPDATE notes SET score = \(sold + 1) WHERE slug = 'stock'")
                                }
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(successes(results) == 40)
                #expect(results.allSatisfy { if case .failure(let error) = $0 { error is Refusal } else { true } })
                let (rows, sold) = try await first.read { db in
                    (
                        try db.first("SELECT COUNT(*) FROM notes WHERE body = 'sold'") { $0.int(0) },
                        try db.first("SELECT score FROM notes WHERE slug = 'stock'") { $0.int(0) }
                    )
                }
                #expect(rows == 40)
                #expect(sold == 40)
                for store in stores.dropFirst() { await store.close() }
            }
        }

        @Test("two that each rely on what the other changes do not both commit: one runs again and sees the other")
        func skew() async throws {
            try await withServer(StoreOptions(writers: 2)) { (store, _) async throws in
                try await store.add("a", score: 1)
                try await store.add("b", score: 1)
                let runs = Shelf(0)
                let both = Shelf(0)
                // At least one of the two has to stay at 1.
                let results = await withTaskGroup(of: Result<Void, any Error>.self) { group in
                    for slug in ["a", "b"] {
                        group.addTask {
                            await catching {
                                try await store.write { db in
                                    runs.update { $0 += 1 }
                                    let sum = try db.first("SELECT CAST(SUM(score) AS BIGINT) FROM notes") { $0.int(0) } ?? 0
                                    both.update { $0 += 1 }
                                    let deadline = ContinuousClock.now.advanced(by: .seconds(5))
                                    while both.value < 2, ContinuousClock.now < deadline { PostgresWriter.sleep(milliseconds: 1) }
                                    guard sum == 2 else { throw Refusal() }
                                    try db.execute("UPDATE notes SET score = 0 WHERE slug = \(slug)")
                                }
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(successes(results) == 1)
                // One of the two, once for each conflict the server found; on a busy machine they may meet once more.
                #expect(store.statistics.conflicts >= 1)
                #expect(runs.value == 2 + store.statistics.conflicts)
                #expect(try await store.read { db in try db.first("SELECT CAST(SUM(score) AS BIGINT) FROM notes") { $0.int(0) } } == 1)
            }
        }

        @Test("a closure that swallows a conflict runs again all the same")
        func swallowed() async throws {
            try await withServer(StoreOptions(writers: 2)) { (store, _) async throws in
                try await store.add("a", score: 0)
                let readers = Shelf(0)
                let results = await withTaskGroup(of: Result<Void, any Error>.self) { group in
                    for _ in 0..<2 {
                        group.addTask {
                            await catching {
                                try await store.write { db in
                                    let score = try db.first("SELECT score FROM notes WHERE slug = 'a'") { $0.int(0) } ?? 0
                                    readers.update { $0 += 1 }
                                    let deadline = ContinuousClock.now.advanced(by: .seconds(5))
                                    while readers.value < 2, ContinuousClock.now < deadline { PostgresWriter.sleep(milliseconds: 1) }
                                    _ = try? db.savepoint { try db.execute("UPDATE notes SET score = \(score + 1) WHERE slug = 'a'") }
                                }
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(allSucceeded(results))
                #expect(try await store.read { db in try db.first("SELECT score FROM notes") { $0.int(0) } } == 2)
            }
        }

        @Test("a deadlock is somebody's turn to run again, and both get through")
        func deadlock() async throws {
            try await withServer(StoreOptions(writers: 2)) { (store, _) async throws in
                try await store.add("a", score: 0)
                try await store.add("b", score: 0)
                let holders = Shelf(0)
                let results = await withTaskGroup(of: Result<Void, any Error>.self) { group in
                    for (first, second) in [("a", "b"), ("b", "a")] {
                        group.addTask {
                            await catching {
                                try await store.write { db in
                                    try db.execute("UPDATE notes SET score = score + 1 WHERE slug = \(first)")
                                    holders.update { $0 += 1 }
                                    let deadline = ContinuousClock.now.advanced(by: .seconds(5))
                                    while holders.value < 2, ContinuousClock.now < deadline { PostgresWriter.sleep(milliseconds: 1) }
                                    try db.execute("UPDATE notes SET score = score + 1 WHERE slug = \(second)")
                                }
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(allSucceeded(results))
                #expect(try await store.read { db in try db.all("SELECT score FROM notes") { $0.int(0) } } == [2, 2])
            }
        }

        @Test("who starts at the same time migrates once")
        func migrations() async throws {
            let url = try TemporaryFolder(.postgres).url()
            let slow = Migration(2, "slow") { _ in
                ["CREATE TABLE other (id TEXT PRIMARY KEY)", "SELECT pg_sleep(0.1)", "INSERT INTO other VALUES ('a')"]
            }
            let results = await withTaskGroup(of: Result<Store, any Error>.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        await catching { try await Store.open(url, migrations: [(set: "test", [notes, slow])], logger: quiet) }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(allSucceeded(results), "\(results)")
            for result in results {
                guard let store = try? result.get() else { continue }
                #expect(try await store.read { db in try db.first("SELECT COUNT(*) FROM other") { $0.int(0) } } == 1)
                await store.close()
            }
        }

        // MARK: - A connection that breaks

        @Test(
            "a commit whose answer was lost is kept once, and one that was never sent too",
            arguments: [ConnectionMoment.afterCommit, .beforeCommit],
            [1, 10])
        func lostCommit(moment: ConnectionMoment, count: Int) async throws {
            let faults = Shelf(0)
            var options = StoreOptions(writers: 1)
            options.connectionFault = { at in
                guard at == moment else { return false }
                var isDue = false
                faults.update {
                    isDue = $0 > 0
                    $0 -= isDue ? 1 : 0
                }
                return isDue
            }
            try await withServer(options) { (store, _) async throws in
                try await store.write { db in try db.execute("CREATE TABLE said (what TEXT)") }
                // Not before their own transaction: the holder's meets no fault.
                let isArmed = Shelf(false)
                let results: [Result<Int, any Error>] = await store.afterQueueing(count) { group in
                    for index in 0..<count {
                        group.addTask {
                            await catching {
                                try await store.write { db in
                                    isArmed.update {
                                        if !$0 { faults.value = 3 }
                                        $0 = true
                                    }
                                    return try db.execute("INSERT INTO said VALUES (\("n\(index)"))")
                                }
                            }
                        }
                    }
                }
                #expect(allSucceeded(results))
                // A commit that was kept is not made again; one that was never sent is, as often as it breaks.
                #expect(faults.value == (moment == .afterCommit ? 2 : 0))
                let said = try await store.read { db in try db.all("SELECT what FROM said") { $0.text(0) } }
                #expect(said.sorted() == (0..<count).map { "n\($0)" })
            }
        }

        @Test("a commit that arrives after its fate was looked up is refused")
        func lateCommit() async throws {
            let place = try TemporaryFolder(.postgres)
            try await withServer(in: place) { (store, _) async throws in
                let address = try PostgresAddress(place.url())
                let session = PostgresSession(address, isWriter: true, statementLimit: 8)
                // Once, so that its row is there.
                try session.begin()
                #expect(try session.execute("INSERT INTO notes (slug) VALUES ('early')") == 1)
                guard case .kept = session.commit(at: 1) else {
                    Issue.record("the first commit was not kept")
                    return
                }
                try session.begin()
                #expect(try session.execute("INSERT INTO notes (slug) VALUES ('late')") == 1)
                // The same look-up as after a broken connection, while the old transaction still lives.
                let answer = try PostgresConnection(address).run(PostgresSession.lookUp(session.mark, 1))
                #expect(answer.int(0) == 1)
                guard case .refused(let failure) = session.commit(at: 2) else {
                    Issue.record("the late commit was kept")
                    return
                }
                #expect(failure.consequence == .conflict)
                session.shutDown()
                #expect(try await store.slugs() == ["early"])
            }
        }

        @Test("a server that crashes under load loses no acknowledged write and keeps none twice")
        func restart() async throws {
            let environment = ProcessInfo.processInfo.environment
            // A server of its own: a crash takes everybody's connections.
            guard let command = environment["VEFA_TEST_POSTGRES_RESTART"], let server = environment["VEFA_TEST_POSTGRES_CRASH_URL"] else {
                return
            }
            let url = try TestEngine.postgres.schema("t" + String(UInt64.random(in: .min ... .max), radix: 36), on: server)
            let store = try await Store.open(url, migrations: [(set: "test", [notes])], logger: quiet)
            do {
                try await store.write { db in try db.execute("CREATE TABLE said (what TEXT NOT NULL)") }
                let isOver = Shelf(false)
                let kept = Shelf<[String]>([])
                let refused = Shelf<[StoreError]>([])
                await withTaskGroup(of: Void.self) { group in
                    for writer in 0..<16 {
                        group.addTask {
                            var index = 0
                            while !isOver.value {
                                let what = "w\(writer)n\(index)"
                                index += 1
                                let result = await catching {
                                    try await store.write { db in
                                        _ = try db.first("SELECT COUNT(*) FROM notes WHERE slug = \(what)") { $0.int(0) }
                                        return try db.execute("INSERT INTO said (what) VALUES (\(what))")
                                    }
                                }
                                switch result {
                                case .success: kept.update { $0.append(what) }
                                case .failure(let error): refused.update { $0.append(error as? StoreError ?? .misuse("\(error)")) }
                                }
                            }
                        }
                    }
                    group.addTask {
                        for round in 1...3 {
                            let before = kept.value.count
                            await until { kept.value.count > before + 200 }
                            #expect(await Self.shell(command) == 0, "restart \(round)")
                        }
                        let before = kept.value.count
                        await until { kept.value.count > before + 200 }
                        isOver.value = true
                    }
                }
                let said = try await store.read { db in try db.all("SELECT what FROM said") { $0.text(0) } }
                #expect(Set(said).count == said.count, "none twice")
                #expect(Set(kept.value).subtracting(said).isEmpty, "all acknowledged")
                #expect(Set(said).subtracting(kept.value).isEmpty, "what was refused is not there")
                #expect(refused.value.allSatisfy { $0.isOutage }, "\(refused.value.prefix(3))")
                #expect(store.statistics.reconnections >= 3)
            }
            await store.close()
        }

        /// Runs a program without arguments, on a thread of its own.
        private static func shell(_ path: String) async -> Int32 {
            await withCheckedContinuation { continuation in
                WorkerThread.detach(name: "restart") {
                    var process = pid_t()
                    var arguments = [strdup(path), nil]
                    defer { free(arguments[0]) }
                    guard posix_spawn(&process, path, nil, nil, &arguments, nil) == 0 else { return continuation.resume(returning: -1) }
                    var status: Int32 = 0
                    while waitpid(process, &status, 0) < 0, errno == EINTR {}
                    continuation.resume(returning: status)
                }
            }
        }

        @Test("a server that is not there is an outage, said without the password")
        func nobody() async throws {
            for url in ["postgres://vefa:hunter2@127.0.0.1:1/vefa", "postgresql://hunter2@127.0.0.1:1/hunter2?connect_timeout=1"] {
                let error = await catching { try await Store.open(url, migrations: [], logger: quiet) }.storeError
                #expect(error?.isOutage == true)
                if url.contains(":hunter2@") { #expect(!"\(error as Any)".contains("hunter2")) }
            }
            for url in ["postgres://db/a?hunter2=1", "postgres://[hunter2/a"] {
                let error = await catching { try await Store.open(url, migrations: [], logger: quiet) }.storeError
                guard case .misuse(let text) = error else {
                    Issue.record("expected .misuse, got \(String(describing: error))")
                    continue
                }
                #expect(!text.contains("hunter2"))
            }
        }

        @Test("a database that only reads is an outage for who writes, is read from, and heals by itself")
        func onlyReads() async throws {
            let server = try #require(TestEngine.serverURL)
            let name = "r" + String(UInt32.random(in: .min ... .max), radix: 36)
            let admin = try PostgresConnection(PostgresAddress(server))
            _ = try admin.run("CREATE DATABASE \(name)")
            let url = server.replacing("/postgres?", with: "/\(name)?")
            func say(_ onlyReads: String) throws {
                _ = try admin.run("ALTER DATABASE \(name) SET default_transaction_read_only = \(onlyReads)")
                // Sessions learn of it when they are made: as after a failover.
                _ = try admin.run(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)' AND pid <> pg_backend_pid()")
            }
            try await withServerStore(url) { store in
                try await store.add("before")
                try say("on")
                let began = ContinuousClock.now
                let error = await catching { try await store.add("refused") }.storeError
                guard case .unavailable(let text) = error else {
                    Issue.record("expected .unavailable, got \(String(describing: error))")
                    return
                }
                #expect(text.contains("only reads"))
                #expect(began.duration(to: .now) < .seconds(15))
                #expect(try await store.slugs() == ["before"])
                // A fresh start on it is an outage too, not a mistake.
                let start = await catching { try await Store.open(url, migrations: [(set: "test", [notes])], logger: quiet) }.storeError
                #expect(start?.isOutage == true)
                try say("off")
                var result = await catching { try await store.add("after") }
                while !result.isSuccess, began.duration(to: .now) < .seconds(60) {
                    result = await catching { try await store.add("after") }
                }
                #expect(try await store.slugs() == ["before", "after"])
            }
            _ = try admin.run("DROP DATABASE \(name) WITH (FORCE)")
        }

        private func withServerStore(_ url: String, _ body: (Store) async throws -> Void) async throws {
            let store = try await Store.open(url, migrations: [(set: "test", [notes])], logger: quiet)
            do {
                try await body(store)
                await store.close()
            } catch {
                await store.close()
                throw error
            }
        }

        @Test("a read of one statement that goes on after all sees one snapshot, and one that fails leaves the next one alone")
        func reads() async throws {
            try await withServer(StoreOptions(readers: 1)) { (store, _) async throws in
                try await store.add("a")
                let runs = Shelf(0)
                func count(_ again: Bool) async throws -> [Int64] {
                    try await store.read { db in
                        runs.update { $0 += 1 }
                        var counts = [try db.first("SELECT COUNT(*) FROM notes") { $0.int(0) } ?? -1]
                        if again { counts.append(try db.first("SELECT COUNT(*) + 0 FROM notes") { $0.int(0) } ?? -1) }
                        return counts
                    }
                }
                for _ in 0..<3 { #expect(try await count(false) == [1]) }
                #expect(runs.value == 3)
                // By now the reader ends such a read with its first statement: found out, and run again once.
                #expect(try await count(true) == [1, 1])
                #expect(runs.value == 5)
                #expect(try await count(true) == [1, 1])
                #expect(runs.value == 6)
                // Somebody writes between the two statements of a read.
                let isAdded = Shelf(false)
                let seen = try await store.read { db in
                    let before = try db.first("SELECT COUNT(*) FROM notes") { $0.int(0) } ?? -1
                    if !isAdded.value {
                        let done = DispatchSemaphore(value: 0)
                        Task {
                            try await store.add("b")
                            isAdded.value = true
                            done.signal()
                        }
                        done.wait()
                    }
                    return [before, try db.first("SELECT COUNT(*) + 0 FROM notes") { $0.int(0) } ?? -1]
                }
                #expect(seen == [1, 1])
                let error = await catching { try await store.read { db in try db.exists("SELECT 1 / (COUNT(*) - 2) FROM notes") } }
                    .storeError
                #expect(error != nil)
                #expect(try await count(false) == [2])
                // Savepoints of reads: what fails in one does not end the read.
                let values = try await store.read { (db) throws in
                    let before = try db.first("SELECT COUNT(*) FROM notes") { $0.int(0) } ?? -1
                    let failed = Result { try db.savepoint { try db.exists("SELECT 1 / (COUNT(*) - 2) FROM notes") } }
                    #expect(!failed.isSuccess)
                    return [before, try db.first("SELECT COUNT(*) + 0 FROM notes") { $0.int(0) } ?? -1]
                }
                #expect(values == [2, 2])
            }
        }

        @Test("a statement without end is ended and says so")
        func endless() async throws {
            let place = try TemporaryFolder(.postgres)
            let url = try place.url() + "%20-cstatement_timeout%3D200"
            let store = try await Store.open(url, migrations: [(set: "test", [notes])], logger: quiet)
            let error = await catching { try await store.write { db in try db.exists("SELECT pg_sleep(30)") } }.storeError
            #expect(error?.isOutage == true)
            try await store.add("still works")
            await store.close()
        }

        @Test("a database that would sort texts in its own way is refused")
        func unfit() async throws {
            let server = try #require(TestEngine.serverURL)
            let connection = try PostgresConnection(PostgresAddress(server))
            let name = "icu" + String(UInt32.random(in: .min ... .max), radix: 36)
            _ = try connection.run(
                "CREATE DATABASE \(name) TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C' ENCODING 'UTF8'")
            let error = await catching {
                try await Store.open(server.replacing("/postgres?", with: "/\(name)?"), migrations: [], logger: quiet)
            }.storeError
            guard case .misuse(let text) = error else {
                Issue.record("expected .misuse, got \(String(describing: error))")
                return
            }
            #expect(text.contains("LC_COLLATE 'C'"))
        }

        // MARK: - Statements

        @Test("a failed statement leaves nothing to go on with, but behind a savepoint")
        func spoiled() async throws {
            try await withServer { (store, _) async throws in
                try await store.add("a")
                let error = await catching {
                    try await store.write { db in
                        try db.execute("INSERT INTO notes (slug) VALUES ('b')")
                        _ = try? db.execute("INSERT INTO notes (slug) VALUES ('a')")
                        _ = try? db.execute("INSERT INTO notes (slug) VALUES ('c')")
                    }
                }.storeError
                #expect(error == .uniqueViolation("notes.slug"))
                #expect(try await store.slugs() == ["a"])
                try await store.write { db in
                    try db.execute("INSERT INTO notes (slug) VALUES ('b')")
                    // Caught inside: the savepoint cannot be kept, and says so outside.
                    #expect(throws: StoreError.uniqueViolation("notes.slug")) {
                        try db.savepoint { _ = try? db.execute("INSERT INTO notes (slug) VALUES ('a')") }
                    }
                    try db.execute("INSERT INTO notes (slug) VALUES ('c')")
                }
                #expect(try await store.slugs() == ["a", "b", "c"])
            }
        }

        @Test("NULL first and a value later: the same statement takes both, of whatever type")
        func nullFirst() async throws {
            try await withServer(StoreOptions(writers: 1)) { (store, _) async throws in
                try await store.write { db in
                    func add(_ slug: String, _ body: String?, _ score: Int64?) throws {
                        try db.execute("INSERT INTO notes (slug, body, score) VALUES (\(slug), \(body), \(score))")
                    }
                    try add("a", nil, nil)
                    try add("b", nil, .max)
                    try add("c", "x", nil)
                    try add("d", "y", .min)
                    try add("e", nil, nil)
                    #expect(try db.all("SELECT score FROM notes ORDER BY id") { $0.intOrNil(0) } == [nil, .max, nil, .min, nil])
                    #expect(try db.all("SELECT body FROM notes ORDER BY id") { $0.textOrNil(0) } == [nil, nil, "x", "y", nil])
                }
            }
        }

        @Test("what is no text is read as SQLite reads it")
        func conversions() async throws {
            try await withServer { (store, _) async throws in
                try await store.read { (db) throws in
                    #expect(try db.first("SELECT 1 = 1, 1 > 2, EXISTS (SELECT 1)") { [$0.int(0), $0.int(1), $0.int(2)] } == [1, 0, 1])
                    #expect(try db.first("SELECT 1 = 1") { $0.text(0) } == "1")
                    #expect(try db.first("SELECT SUM(x) FROM (VALUES (9223372036854775806), (1)) AS t (x)") { $0.int(0) } == .max)
                    #expect(try db.first("SELECT AVG(x) FROM (VALUES (1), (2)) AS t (x)") { $0.double(0) } == 1.5)
                    #expect(try db.first("SELECT AVG(x) FROM (VALUES (1), (2)) AS t (x)") { $0.int(0) } == 1)
                    #expect(
                        try db.first("SELECT \("12 apples"), \("-7"), \("x"), \("99999999999999999999")") { row in
                            (0..<4).map { row.int($0) }
                        } == [12, -7, 0, .max])
                    #expect(try db.first("SELECT \(0.1), \(1e300), \(-1e300)") { row in [row.double(0), row.double(1)] } == [0.1, 1e300])
                    #expect(try db.first("SELECT \(1e300), \(-1e300)") { row in [row.int(0), row.int(1)] } == [.max, .min])
                    #expect(try db.first("SELECT 1") { $0.isNull(7) && $0.int(-1) == 0 } == true)
                }
            }
        }

        @Test("U+0000 in a text is refused before anything is sent")
        func nul() async throws {
            try await withServer { (store, _) async throws in
                try await store.write { db in
                    #expect(throws: StoreError.self) { try db.execute("INSERT INTO notes (slug) VALUES (\("a\0b"))") }
                    try db.execute("INSERT INTO notes (slug) VALUES (\("after"))")
                }
                #expect(try await store.slugs() == ["after"])
            }
        }

        @Test("a statement that was prepared before the schema changed is prepared anew")
        func schemaChange() async throws {
            try await withServer(StoreOptions(readers: 1, writers: 1)) { (store, _) async throws in
                try await store.add("a")
                func columns() async throws -> String? {
                    try await store.read { db in try db.first("SELECT * FROM notes") { $0.text(4) } }
                }
                #expect(try await columns() == "")
                try await store.write { db in try db.execute("ALTER TABLE notes ADD COLUMN more TEXT DEFAULT 'x'") }
                #expect(try await columns() == "x")
                let changed = try await store.write { db in try db.first("UPDATE notes SET score = 1 RETURNING *") { $0.text(4) } }
                #expect(changed == "x")
            }
        }

        @Test("places for values are those outside of strings, names and comments")
        func places() {
            let text = #"SELECT ?, '?''?', "a?" -- ? it's"# + "\n" + "/* ? /* ? */ ? */ FROM t WHERE a = ?"
            let translated = PostgresText.translated(text)
            #expect(translated.places == 2)
            #expect(translated.text == text.replacing("SELECT ?", with: "SELECT $1").replacing("a = ?", with: "a = $2"))
            #expect(PostgresText.statements("A 'x;y'; ;\nB -- ;\n;") == ["A 'x;y'", "\nB -- ;\n"])
        }
    }
#endif
