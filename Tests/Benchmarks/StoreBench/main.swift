// What the store's facade does by itself, for `make bench`: single-row writes and point reads by many callers at once.
//
//     store-bench prepare URL ROWS                       makes the tables and the rows that are read
//     store-bench writes|reads|counter URL CALLERS SECONDS  prints one line of JSON
//     store-bench watch URL CALLERS SECONDS              says every second what writes and reads met: for making a server's life hard by hand
//
// `writes`: one INSERT in a transaction of its own, answered when it is on disk. `reads`: one SELECT by primary key. `counter`: a row is
// read, one is added, it is written back; all callers in the same four rows.

import Logging
import SharedStore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the tables are called is known to bench.py too: pgbench runs the same statements.
let schema = Migration(1, "bench") { _ in
    [
        "CREATE TABLE bench_writes (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL)",
        "CREATE TABLE bench_reads (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL)",
        "CREATE TABLE bench_counters (id BIGINT NOT NULL PRIMARY KEY, number BIGINT NOT NULL)",
        "INSERT INTO bench_counters (id, number) VALUES (0, 0), (1, 0), (2, 0), (3, 0)",
    ]
}
let body = String(repeating: "0123456789", count: 10)

func fail(_ text: String) -> Never {
    print("{\"error\": \"\(text.filter { $0 != "\"" && $0 != "\\" })\"}")
    exit(1)
}

func open(_ url: String) async throws -> Store {
    let logger = Logger(label: "store-bench") { StreamLogHandler.standardError(label: $0) }
    return try await Store.open(url, migrations: [(set: "bench", [schema])], logger: logger)
}

func prepare(_ store: Store, rows: Int64) async throws {
    let there = try await store.read { db in try db.first("SELECT COUNT(*) FROM bench_reads") { $0.int(0) } ?? 0 }
    for first in stride(from: there + 1, through: rows, by: 250) {
        var insert: SQL = "INSERT INTO bench_reads (id, body) VALUES "
        for id in first..<min(first + 250, rows + 1) { insert.append(id == first ? "(\(id), \(body))" : ", (\(id), \(body))") }
        try await store.write { [insert] db in try db.execute(insert) }
    }
}

final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func add(_ what: String) {
        counts.withLock { $0[what, default: 0] += 1 }
    }

    func take() -> [String: Int] {
        counts.withLock { counts in
            defer { counts = [:] }
            return counts
        }
    }
}

/// Writes and reads go on whatever they meet, and every second it is said what that was.
func watch(_ store: Store, _ callers: Int, seconds: Int) async throws {
    let met = Tally()
    let end = ContinuousClock.now.advanced(by: .seconds(seconds))
    try await withThrowingTaskGroup(of: Void.self) { group in
        for caller in 0..<callers {
            group.addTask {
                while ContinuousClock.now < end {
                    var said = caller.isMultiple(of: 2) ? "writes kept" : "reads answered"
                    do {
                        if caller.isMultiple(of: 2) {
                            let id = Int64.random(in: 1 ... .max)
                            let long = String(repeating: body, count: 50)
                            try await store.write { db in try db.execute("INSERT INTO bench_writes (id, body) VALUES (\(id), \(long))") }
                        } else {
                            _ = try await store.read { db in try db.exists("SELECT 1 FROM bench_reads WHERE id = 1") }
                        }
                    } catch let error as StoreError {
                        said = "\(said.prefix(6)): \(error.isOutage ? "outage" : "NO OUTAGE"): \(error)"
                    }
                    met.add(said)
                    // As a caller who heard 503.
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
        group.addTask {
            for second in 1...max(1, seconds) {
                try await Task.sleep(for: .seconds(1))
                let counts = met.take()
                print(
                    "\(second)s",
                    counts.isEmpty ? "nothing" : counts.sorted { $0.key < $1.key }.map { "\($0.key) ×\($0.value)" }.joined(separator: " | ")
                )
                fflush(nil)
            }
        }
        try await group.waitForAll()
    }
}

/// Milliseconds each call took, of all callers.
func measure(_ callers: Int, _ span: Duration, _ call: @escaping @Sendable () async throws -> Void) async throws -> [Double] {
    let end = ContinuousClock.now.advanced(by: span)
    return try await withThrowingTaskGroup(of: [Double].self) { group in
        for _ in 0..<callers {
            group.addTask {
                var times: [Double] = []
                var now = ContinuousClock.now
                while now < end {
                    try await call()
                    let later = ContinuousClock.now
                    times.append(now.duration(to: later) / .milliseconds(1))
                    now = later
                }
                return times
            }
        }
        return try await group.reduce(into: []) { $0 += $1 }
    }
}

func call(_ kind: String, _ store: Store, rows: Int64) -> (@Sendable () async throws -> Void)? {
    switch kind {
    case "writes":
        return {
            let id = Int64.random(in: 1 ... .max)
            try await store.write { db in try db.execute("INSERT INTO bench_writes (id, body) VALUES (\(id), \(body))") }
        }
    case "reads":
        return {
            let id = Int64.random(in: 1...rows)
            let found = try await store.read { db in try db.first("SELECT body FROM bench_reads WHERE id = \(id)") { $0.text(0) } }
            if found == nil { throw StoreError.misuse("a row is missing") }
        }
    case "counter":
        return {
            let id = Int64.random(in: 0..<4)
            try await store.write { db in
                let number = try db.first("SELECT number FROM bench_counters WHERE id = \(id)") { $0.int(0) } ?? 0
                try db.execute("UPDATE bench_counters SET number = \(number + 1) WHERE id = \(id)")
            }
        }
    default: return nil
    }
}

let arguments = CommandLine.arguments.dropFirst().map { $0 }
guard arguments.count >= 3 else { fail("usage: store-bench prepare URL ROWS | watch|writes|reads|counter URL CALLERS SECONDS") }
do {
    let store = try await open(arguments[1])
    if arguments[0] == "prepare" {
        try await prepare(store, rows: Int64(arguments[2]) ?? 0)
    } else if arguments[0] == "watch", arguments.count == 4, let callers = Int(arguments[2]), let seconds = Int(arguments[3]) {
        try await watch(store, callers, seconds: seconds)
    } else {
        let rows = try await store.read { db in try db.first("SELECT COUNT(*) FROM bench_reads") { $0.int(0) } ?? 0 }
        guard arguments.count == 4, let callers = Int(arguments[2]), let seconds = Double(arguments[3]), rows > 0,
            let call = call(arguments[0], store, rows: rows)
        else { fail("unknown measurement, or nothing was prepared") }
        // The first calls prepare statements and find the size of groups.
        _ = try await measure(callers, .milliseconds(500), call)
        let before = store.statistics
        let times = try await measure(callers, .seconds(seconds), call).sorted()
        let after = store.statistics
        let p99 = times.isEmpty ? 0 : times[min(times.count - 1, times.count * 99 / 100)]
        print(
            "{\"rate\": \(Double(times.count) / seconds), \"p99\": \(p99), \"commits\": \(after.commits - before.commits), "
                + "\"conflicts\": \(after.conflicts - before.conflicts)}")
    }
    await store.close()
} catch {
    fail("\(error)")
}
