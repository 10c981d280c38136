import Testing

@testable import SharedStore

/// `max_page_count` makes SQLite run out of space where we want it to.
@Suite("A full disk")
struct FullDiskTests {
    private func allow(_ store: Store, pages: Int64) async throws {
        try await store.write { db in
            let now = try db.first("PRAGMA page_count") { $0.int(0) } ?? 0
            _ = try db.first("PRAGMA max_page_count = \(raw: String(now + pages))") { $0.int(0) }
        }
    }

    @Test("who does not fit is told so, everybody acknowledged is kept, and writes go on once there is room")
    func full() async throws {
        try await withStore { (store, folder) async throws in
            try await store.add("first")
            try await allow(store, pages: 40)
            let runs = Shelf(0)
            let body = String(repeating: "x", count: 20_000)
            let results: [Result<String, any Error>] = await store.afterQueueing(30) { group in
                for index in 0..<30 {
                    group.addTask {
                        await catching {
                            try await store.write { db in
                                runs.update { $0 += 1 }
                                try db.execute("INSERT INTO notes (slug, body) VALUES (\("n\(index)"), \(index % 3 == 0 ? "small" : body))")
                                return "n\(index)"
                            }
                        }
                    }
                }
            }
            let acknowledged = results.compactMap { try? $0.get() }
            let refused = results.compactMap(\.storeError)
            #expect(refused.allSatisfy { $0 == .full })
            #expect(!refused.isEmpty)
            #expect(acknowledged.count >= 10, "the small ones fit, whatever their neighbours did")
            #expect(runs.value > 30, "the survivors of a lost transaction ran again")
            #expect(Set(try await store.slugs()) == Set(acknowledged + ["first"]))

            try await allow(store, pages: 100_000)
            try await store.add("later", body: body)
            await store.close()
            try await withStore(in: folder) { (again, _) async throws in
                #expect(Set(try await again.slugs()) == Set(acknowledged + ["first", "later"]))
            }
        }
    }

    @Test("a closure that swallows the error writes nothing outside its lost transaction")
    func swallowed() async throws {
        try await withStore { (store, _) async throws in
            try await store.add("first")
            try await allow(store, pages: 2)
            let result = await catching {
                try await store.write { db in
                    try db.execute("INSERT INTO notes (slug) VALUES (\("before"))")
                    _ = try? db.execute("INSERT INTO notes (slug, body) VALUES (\("big"), \(String(repeating: "x", count: 200_000)))")
                    _ = try? db.execute("INSERT INTO notes (slug) VALUES (\("after"))")
                }
            }
            #expect(result.storeError == .full)
            #expect(try await store.slugs() == ["first"])
        }
    }
}
