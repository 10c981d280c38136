import Dispatch
import Testing

@testable import SharedStore

@Suite("Claims")
struct ClaimTests {
    @Test("a claim is kept, and one that throws is not", arguments: TestEngine.running)
    func kept(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            let changed = try await store.claim { db in try db.execute("INSERT INTO notes (slug) VALUES ('a')") }
            #expect(changed == 1)
            await #expect(throws: Refusal.self) {
                try await store.claim { db in
                    try db.execute("INSERT INTO notes (slug) VALUES ('b')")
                    throw Refusal()
                }
            }
            #expect(try await store.slugs() == ["a"])
        }
    }

    @Test("claims among writes all come through, whatever they wait behind", arguments: TestEngine.running)
    func mixed(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            let results: [Result<Int, any Error>] = await store.afterQueueing(30) { group in
                for index in 0..<30 {
                    group.addTask {
                        await catching {
                            if index % 3 == 0 {
                                return try await store.claim { db in try db.execute("INSERT INTO notes (slug) VALUES (\("n\(index)"))") }
                            }
                            return try await store.write { db in try db.execute("INSERT INTO notes (slug) VALUES (\("n\(index)"))") }
                        }
                    }
                }
            }
            #expect(allSucceeded(results))
            #expect(Set(try await store.slugs()) == Set((0..<30).map { "n\($0)" }))
        }
    }
}

#if Postgres
    @Suite("Claims and unique values of two processes", .enabled(if: TestEngine.running.contains(.postgres)))
    struct SharedClaimTests {
        /// Two stores on one database, as two replicas have them.
        private func withTwo(
            _ options: StoreOptions = StoreOptions(), _ body: (Store, Store) async throws -> Void
        ) async throws {
            let place = try TemporaryFolder(.postgres)
            try await withStore(options, on: .postgres, in: place) { (first, _) async throws in
                try await withStore(options, on: .postgres, in: place) { (second, _) async throws in try await body(first, second) }
            }
        }

        @Test("what one holds the other passes over, without waiting")
        func passedOver() async throws {
            try await withTwo { (first, second) async throws in
                for slug in ["a", "b", "c"] { try await first.add(slug) }
                let holds = DispatchSemaphore(value: 0)
                let letGo = DispatchSemaphore(value: 0)
                @Sendable func take(_ db: SQLConnection, _ limit: Int64) throws -> [String] {
                    try db.all("SELECT slug FROM notes ORDER BY id LIMIT \(limit) \(raw: db.dialect.skipLocked)") { $0.text(0) }
                }
                let holder = Task {
                    try await first.claim { db in
                        let taken = try take(db, 2)
                        holds.signal()
                        letGo.wait()
                        return taken
                    }
                }
                await until { holds.wait(timeout: .now()) == .success }
                #expect(try await second.claim { db in try take(db, 9) } == ["c"])
                letGo.signal()
                #expect(try await holder.value == ["a", "b"])
                #expect(try await second.claim { db in try take(db, 9) } == ["a", "b", "c"])
            }
        }

        @Test("a claim's statements see what was committed meanwhile; a write's do not")
        func meanwhile() async throws {
            try await withTwo { (first, second) async throws in
                for isClaim in [true, false] {
                    try await first.write { db in try db.execute("DELETE FROM notes") }
                    let looked = DispatchSemaphore(value: 0)
                    let added = DispatchSemaphore(value: 0)
                    let look: @Sendable (SQLConnection) throws -> [Int64] = { db in
                        let before = try db.first("SELECT COUNT(*) FROM notes") { $0.int(0) } ?? -1
                        looked.signal()
                        added.wait()
                        return [before, try db.first("SELECT COUNT(*) FROM notes") { $0.int(0) } ?? -1]
                    }
                    let looker = Task { isClaim ? try await first.claim(look) : try await first.write(look) }
                    await until { looked.wait(timeout: .now()) == .success }
                    try await second.add("meanwhile")
                    added.signal()
                    #expect(try await looker.value == (isClaim ? [0, 1] : [0, 0]))
                }
            }
        }

        @Test("a claim whose commit was not heard of runs again")
        func lostCommit() async throws {
            let faults = Shelf(0)
            var options = StoreOptions(writers: 1)
            options.connectionFault = { moment in
                guard moment == .afterCommit, faults.value > 0 else { return false }
                faults.update { $0 -= 1 }
                return true
            }
            try await withStore(options, on: .postgres) { (store, _) async throws in
                try await store.add("a", score: 0)
                let runs = Shelf(0)
                faults.value = 1
                try await store.claim { db in
                    runs.update { $0 += 1 }
                    try db.execute("UPDATE notes SET score = score + 1 WHERE slug = 'a'")
                }
                #expect(runs.value == 2)
                // The first one was kept, which is why a claim says in its WHERE what it is about.
                #expect(try await store.read { db in try db.first("SELECT score FROM notes") { $0.int(0) } } == 2)
            }
        }

        /// Looks for the value, and inserts it where it is not: what a closure with a business key does.
        private static func once(
            _ slug: String, _ runs: Shelf<Int>, between: @escaping @Sendable () -> Void = {}
        )
            -> @Sendable (
                SQLConnection
            ) throws -> String
        {
            { db in
                runs.update { $0 += 1 }
                if try db.exists("SELECT 1 FROM notes WHERE slug = \(slug)") { return "found" }
                between()
                try db.execute("INSERT INTO notes (slug) VALUES (\(slug))")
                return "made"
            }
        }

        @Test("two that make the same value: one makes it, the other finds it")
        func sameValue() async throws {
            try await withTwo { (first, second) async throws in
                let runs = [Shelf(0), Shelf(0)]
                let both = Shelf(0)
                // Both have looked before either writes.
                let between: @Sendable () -> Void = {
                    both.update { $0 += 1 }
                    let deadline = ContinuousClock.now.advanced(by: .seconds(5))
                    while both.value < 2, ContinuousClock.now < deadline { PostgresWriter.sleep(milliseconds: 1) }
                }
                async let one = first.write(Self.once("a", runs[0], between: between))
                async let other = second.write(Self.once("a", runs[1], between: between))
                let answers = try await [one, other].sorted()
                #expect(answers == ["found", "made"])
                #expect(runs[0].value + runs[1].value == 3)
                #expect(try await first.slugs() == ["a"])
            }
        }

        @Test("a violation that is real reaches the caller after one repeat, and its neighbours are kept", arguments: [1, 12])
        func real(count: Int) async throws {
            try await withStore(on: .postgres) { (store, _) async throws in
                try await store.add("taken")
                let runs = Shelf(0)
                let results: [Result<String, any Error>] = await store.afterQueueing(count) { group in
                    for index in 0..<count {
                        group.addTask {
                            await catching {
                                try await store.write { db in
                                    if index == 0 { runs.update { $0 += 1 } }
                                    let slug = index == 0 ? "taken" : "n\(index)"
                                    try db.execute("INSERT INTO notes (slug) VALUES (\(slug))")
                                    return slug
                                }
                            }
                        }
                    }
                }
                #expect(results.compactMap(\.storeError) == [.uniqueViolation("notes.slug")])
                #expect(runs.value == 2)
                #expect(Set(try await store.slugs()) == Set(["taken"] + (1..<count).map { "n\($0)" }))
            }
        }

        @Test("in a group, who comes too late with a value finds it on the second look")
        func group() async throws {
            try await withTwo(StoreOptions(writers: 1)) { (first, second) async throws in
                let runs = Shelf(0)
                let isTaken = Shelf(false)
                let results: [Result<String, any Error>] = await first.afterQueueing(8) { group in
                    for index in 0..<8 {
                        group.addTask {
                            await catching {
                                try await first.write(
                                    Self.once(index == 3 ? "contested" : "n\(index)", index == 3 ? runs : Shelf(0)) {
                                        // The other process takes the value after this one looked for it.
                                        guard index == 3, !isTaken.value else { return }
                                        let done = DispatchSemaphore(value: 0)
                                        Task {
                                            try await second.add("contested")
                                            isTaken.value = true
                                            done.signal()
                                        }
                                        done.wait()
                                    })
                            }
                        }
                    }
                }
                let answers = results.compactMap { try? $0.get() }.sorted()
                #expect(answers == ["found"] + Array(repeating: "made", count: 7))
                #expect(runs.value == 2)
                #expect(try await first.count() == 8)
            }
        }
    }
#endif
