import Dispatch
import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import SharedStore

/// A place for stores, of one test and one engine: a folder that is gone when the test ends; for PostgreSQL, schemas of its own besides.
final class TemporaryFolder: Sendable {
    let path: String
    private let engine: TestEngine
    private let name: String

    init(_ engine: TestEngine = .sqlite) throws {
        self.engine = engine
        name = "t" + String(UInt64.random(in: .min ... .max), radix: 36)
        path = FileManager.default.temporaryDirectory.path + "/vefa-store-" + String(UInt64.random(in: .min ... .max), radix: 36)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Where a store can be opened: for the same name always the same.
    func url(_ store: String = "store.db") throws -> String {
        switch engine {
        case .sqlite: "sqlite://\(path)/\(store)"
        case .postgres: try engine.schema(name + store.filter(\.isLetter))
        }
    }
}

/// The schema most tests use: notes whose slug is unique.
let notes = Migration(1, "notes") { dialect in
    [
        "CREATE TABLE notes (id \(dialect.identityColumn), slug TEXT NOT NULL UNIQUE, body TEXT, score BIGINT)",
        "CREATE INDEX notes_score ON notes (score)",
    ]
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Opens a fresh store with the notes table, closes it after the test. One writer, unless the test wants more: many tests hold it up to see
/// what others do meanwhile.
func withStore<T>(
    _ options: StoreOptions = StoreOptions(writers: 1), on engine: TestEngine = .sqlite, in folder: TemporaryFolder? = nil,
    _ body: (Store, TemporaryFolder) async throws -> T
) async throws -> T {
    let folder = try folder ?? TemporaryFolder(engine)
    let store = try await Store.open(folder.url(), migrations: [(set: "test", [notes])], logger: quiet, options: options)
    do {
        let result = try await body(store, folder)
        await store.close()
        return result
    } catch {
        await store.close()
        throw error
    }
}

extension Store {
    func add(_ slug: String, body: String? = nil, score: Int64? = nil) async throws {
        try await write { db in
            try db.execute("INSERT INTO notes (slug, body, score) VALUES (\(slug), \(body), \(score))")
        }
    }

    func slugs() async throws -> [String] {
        try await read { db in try db.all("SELECT slug FROM notes ORDER BY id") { $0.text(0) } }
    }

    func count() async throws -> Int64 {
        try await read { db in try db.first("SELECT COUNT(*) FROM notes") { $0.int(0) } ?? -1 }
    }

    /// Holds the writer inside a transaction, lets `queue` ask for `expected` more writes, and lets go once all of them wait: they form one
    /// group.
    func afterQueueing<T: Sendable>(
        _ expected: Int, beforeRelease: () -> Void = {}, _ queue: (inout TaskGroup<Result<T, any Error>>) -> Void
    ) async -> [Result<T, any Error>] {
        let entered = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        let isReleased = Shelf(false)
        let holder = Task {
            try await write { _ in
                // It may run again.
                if isReleased.value { return }
                entered.signal()
                gate.wait()
            }
        }
        await until { entered.wait(timeout: .now()) == .success }
        let results = await withTaskGroup(of: Result<T, any Error>.self) { group in
            queue(&group)
            await until { statistics.waitingWrites == expected }
            beforeRelease()
            isReleased.value = true
            gate.signal()
            var results: [Result<T, any Error>] = []
            for await result in group { results.append(result) }
            return results
        }
        _ = await holder.result
        return results
    }
}

/// Gives way to other tasks until something holds.
func until(_ condition: () -> Bool) async {
    while !condition() { await Task.yield() }
}

func catching<T>(_ body: () async throws -> T) async -> Result<T, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}

extension Result {
    var isSuccess: Bool { if case .success = self { true } else { false } }
    var storeError: StoreError? { if case .failure(let error) = self { error as? StoreError } else { nil } }
}

func successes<T>(_ results: [Result<T, any Error>]) -> Int { results.count { $0.isSuccess } }
func allSucceeded<T>(_ results: [Result<T, any Error>]) -> Bool { successes(results) == results.count }

/// A number that tasks and engine threads share.
final class Shelf<Value: Sendable>: Sendable {
    private let content: Mutex<Value>

    init(_ value: Value) { content = Mutex(value) }

    var value: Value {
        get { content.withLock { $0 } }
        set { content.withLock { $0 = newValue } }
    }

    func update(_ change: (inout Value) -> Void) { content.withLock { change(&$0) } }
}

struct Refusal: Error, Equatable {}
