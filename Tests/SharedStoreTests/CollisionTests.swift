#if Postgres
    import Dispatch
    import Synchronization
    import Testing

    @testable import SharedStore

    /// Two processes that give numbers of their own accord meet in the unique index before either knows of the other.
    @Suite("PostgreSQL: numbers that two processes give at once", .enabled(if: TestEngine.running.contains(.postgres)))
    struct CollisionTests {
        private func withTwo(_ body: ([Store]) async throws -> Void) async throws {
            let place = try TemporaryFolder(.postgres)
            try await withStore(StoreOptions(), on: .postgres, in: place) { (first, _) async throws in
                try await withStore(StoreOptions(), on: .postgres, in: place) { (second, _) async throws in
                    try await body([first, second])
                }
            }
        }

        /// Calls `body` `count` times with each store in turn, eight at a time with each.
        private func crowd<T: Sendable>(
            _ stores: [Store], _ count: Int, _ body: @escaping @Sendable (Store, Int) async throws -> T
        ) async -> [Result<T, any Error>] {
            await withTaskGroup(of: [Result<T, any Error>].self) { group in
                for lane in 0..<16 {
                    group.addTask {
                        var results: [Result<T, any Error>] = []
                        for turn in stride(from: lane, to: count, by: 16) {
                            results.append(await catching { try await body(stores[lane % stores.count], turn) })
                        }
                        return results
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
        }

        /// The next number behind the highest, as a ledger's sequence is given.
        private static func next(_ db: SQLConnection) throws {
            let last = try db.first("SELECT MAX(score) FROM notes") { $0.int(0) } ?? 0
            try db.execute("INSERT INTO notes (slug, score) VALUES (\("number \(last + 1)"), \(last + 1))")
        }

        @Test("every caller gets one, without a gap, and none is told that his is taken", .timeLimit(.minutes(2)))
        func numbers() async throws {
            try await withTwo { stores in
                let results = await crowd(stores, 160) { store, _ in try await store.write { db in try Self.next(db) } }
                #expect(results.compactMap(\.storeError).isEmpty)
                let numbers = try await stores[0].read { db in try db.all("SELECT score FROM notes ORDER BY score") { $0.int(0) } }
                #expect(numbers == Array(1...160), "\(numbers.count) numbers")
            }
        }

        @Test("who catches the collision to note a refusal has none kept: with the other's value in sight he finds it instead")
        func caught() async throws {
            try await withTwo { stores in
                let other = stores[1]
                let runs = Mutex(0)
                let answer = try await stores[0].write { db in
                    let run = runs.withLock { runs in
                        runs += 1
                        return runs
                    }
                    if try db.exists("SELECT 1 FROM notes WHERE slug = 'contested'") { return "found" }
                    if run == 1 {
                        // The other process takes it after this one has looked.
                        let done = DispatchSemaphore(value: 0)
                        Task {
                            defer { done.signal() }
                            try await other.add("contested")
                        }
                        done.wait()
                    }
                    do {
                        try db.savepoint { try db.execute("INSERT INTO notes (slug) VALUES ('contested')") }
                    } catch let error as StoreError where error.isTaken {
                        try db.execute("INSERT INTO notes (slug) VALUES ('refused')")
                        return "refused"
                    }
                    return "made"
                }
                #expect(answer == "found" && runs.withLock { $0 } == 2)
                #expect(try await other.slugs() == ["contested"])
            }
        }

        @Test("a value that really is taken is refused after one more look, and what was noted about it is kept")
        func real() async throws {
            try await withTwo { stores in
                try await stores[0].add("taken")
                let runs = Mutex(0)
                try await stores[1].write { db in
                    runs.withLock { $0 += 1 }
                    do {
                        try db.savepoint { try db.execute("INSERT INTO notes (slug) VALUES ('taken')") }
                    } catch let error as StoreError where error.isTaken {
                        try db.execute("INSERT INTO notes (slug) VALUES ('refused')")
                    }
                }
                #expect(runs.withLock { $0 } == 2)
                #expect(try await stores[0].slugs().sorted() == ["refused", "taken"])
            }
        }
    }

    extension StoreError {
        fileprivate var isTaken: Bool { if case .uniqueViolation = self { true } else { false } }
    }
#endif
