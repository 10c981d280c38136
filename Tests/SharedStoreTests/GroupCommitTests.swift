import Testing

@testable import SharedStore

@Suite("Group commit")
struct GroupCommitTests {
    @Test("writes that wait together share one commit", arguments: TestEngine.running)
    func groups(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            let before = store.statistics
            let results = await store.afterQueueing(200) { group in
                for index in 0..<200 {
                    group.addTask { await catching { try await store.add("n\(index)") } }
                }
            }
            #expect(allSucceeded(results))
            #expect(store.statistics.writes - before.writes == 201)
            #expect(store.statistics.commits - before.commits == (engine == .sqlite ? 2 : 14))
            #expect(try await store.count() == 200)
        }
    }

    @Test("a closure that throws undoes itself and none of its neighbours", arguments: TestEngine.running)
    func neighbours(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            let results: [Result<Int, any Error>] = await store.afterQueueing(50) { group in
                for index in 0..<50 {
                    group.addTask {
                        await catching {
                            try await store.write { db in
                                try db.execute("INSERT INTO notes (slug) VALUES (\("n\(index)"))")
                                if index % 5 == 0 { throw Refusal() }
                                return index
                            }
                        }
                    }
                }
            }
            #expect(successes(results) == 40)
            #expect(
                results.allSatisfy { result in
                    if case .failure(let error) = result { error is Refusal } else { true }
                })
            #expect(try await store.count() == 40)
            #expect(try await store.slugs().contains("n0") == false)
        }
    }

    @Test("a limit checked in the closure holds however many ask at once", arguments: TestEngine.running)
    func limit(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            let results: [Result<Void, any Error>] = await store.afterQueueing(30) { group in
                for index in 0..<30 {
                    group.addTask {
                        await catching {
                            try await store.write { db in
                                guard try db.first("SELECT COUNT(*) FROM notes", { $0.int(0) }) ?? 0 < 7 else { throw Refusal() }
                                try db.execute("INSERT INTO notes (slug) VALUES (\("n\(index)"))")
                            }
                        }
                    }
                }
            }
            #expect(successes(results) == 7)
            #expect(try await store.count() == 7)
        }
    }

    @Test("cancelling a caller stops neither its write nor its neighbours'", arguments: TestEngine.running)
    func cancellation(engine: TestEngine) async throws {
        try await withStore(on: engine) { (store, _) async throws in
            let results = await store.afterQueueing(20) { group in
                for index in 0..<20 {
                    group.addTask {
                        let write = Task { try await store.add("n\(index)") }
                        if index % 2 == 0 { write.cancel() }
                        return await write.result
                    }
                }
            }
            #expect(allSucceeded(results))
            #expect(try await store.count() == 20)
        }
    }

    @Test(
        "when a commit fails, everybody in it hears so and nothing is kept", arguments: [(Int32(13), StoreError.full), (Int32(5), .busy)])
    func commitFails(code: Int32, expected: StoreError) async throws {
        let fault = Shelf<Int32?>(nil)
        var options = StoreOptions()
        options.commitFault = { fault.value }
        try await withStore(options) { (store, _) async throws in
            try await store.add("before")
            // The holder's own commit meets the fault too.
            let results: [Result<Void, any Error>] = await store.afterQueueing(10, beforeRelease: { fault.value = code }) { group in
                for index in 0..<10 {
                    group.addTask { await catching { try await store.add("n\(index)") } }
                }
            }
            #expect(results.allSatisfy { $0.storeError == expected })
            #expect(expected.isOutage)
            #expect(try await store.slugs() == ["before"])
            fault.value = nil
            try await store.add("after")
            #expect(try await store.slugs() == ["before", "after"])
        }
    }

    @Test("a constraint that is checked at commit refuses the culprit only", arguments: TestEngine.running)
    func deferredConstraint(engine: TestEngine) async throws {
        try await withStore(StoreOptions(foreignKeys: true, writers: 1), on: engine) { (store, _) async throws in
            try await store.write { db in
                try db.execute(
                    """
                    CREATE TABLE replies (
                        id INTEGER PRIMARY KEY, note BIGINT NOT NULL REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED
                    )
                    """)
            }
            let results: [Result<Void, any Error>] = await store.afterQueueing(9) { group in
                for index in 0..<8 {
                    group.addTask { await catching { try await store.add("n\(index)") } }
                }
                group.addTask {
                    await catching { _ = try await store.write { db in try db.execute("INSERT INTO replies (id, note) VALUES (1, 999)") } }
                }
            }
            #expect(successes(results) == 8)
            guard case .constraint = results.compactMap(\.storeError).first else {
                Issue.record("expected a constraint")
                return
            }
            #expect(try await store.count() == 8)
        }
    }

    @Test("past its limit the queue refuses at once", arguments: TestEngine.running)
    func bounded(engine: TestEngine) async throws {
        try await withStore(StoreOptions(queueLimit: 3, writers: 1), on: engine) { (store, _) async throws in
            let results: [Result<Void, any Error>] = await store.afterQueueing(3) { group in
                for index in 0..<8 {
                    group.addTask { await catching { try await store.add("n\(index)") } }
                }
            }
            #expect(successes(results) >= 3)
            let refused = results.compactMap(\.storeError)
            #expect(refused.allSatisfy({ $0.isOutage }))
            #expect(refused.count + Int(try await store.count()) == 8)
        }
    }
}
