import Logging
import SharedStore
import SharedTesting
import Synchronization
import Testing

@testable import SharedRuntime

@Suite("A start before the database") struct PatientStartTests {
    /// Time that passes only while somebody waits.
    private final class Waits: Sendable {
        let all = Mutex<[Int64]>([])
        var elapsed: Int64 { all.withLock { $0.reduce(0, +) } }
    }

    private func patient(_ waits: Waits, _ lines: Lines, limit: Int64 = 120_000) -> PatientStart {
        PatientStart(
            logger: Logger(label: "test") { _ in lines }, limit: limit,
            wait: { milliseconds in waits.all.withLock { $0.append(milliseconds) } }, elapsed: { waits.elapsed })
    }

    @Test("a server that comes up later is waited for, with longer and longer pauses, and the log says so now and then")
    func comesUp() async throws {
        let waits = Waits()
        let lines = Lines()
        var tries = 0
        let answer = try await patient(waits, lines).open {
            tries += 1
            guard waits.elapsed >= 60_000 else { throw StoreError.unavailable("connection refused") }
            return "open"
        }
        #expect(answer == "open")
        let pauses = waits.all.withLock { $0 }
        #expect(pauses.prefix(6) == [100, 200, 400, 800, 1_600, 2_000] && pauses.allSatisfy { $0 <= 2_000 })
        #expect(tries == pauses.count + 1)
        let said = lines.all.withLock { $0 }
        #expect(said.first == "warning waiting for the database")
        #expect(said.last == "notice the database is there")
        #expect((4...5).contains(said.count { $0.hasPrefix("warning") }), "\(said)")
    }

    @Test("a server that is there at once is not spoken of")
    func thereAtOnce() async throws {
        let lines = Lines()
        let answer = try await patient(Waits(), lines).open { 7 }
        #expect(answer == 7 && lines.all.withLock { $0 }.isEmpty)
    }

    @Test("after two minutes the last reason comes out, so that a fresh start reads its secrets anew")
    func givesUp() async throws {
        let waits = Waits()
        await #expect(throws: StoreError.unavailable("connection refused")) {
            try await patient(waits, Lines()).open { throw StoreError.unavailable("connection refused") }
        }
        #expect((120_000..<122_001).contains(waits.elapsed))
    }

    @Test(
        "what waiting cannot mend is said at once",
        arguments: [
            StoreError.schemaTooNew(set: "house", found: 9, known: 2), .unknownScheme("none"), .misuse("no such column"), .corrupt("torn"),
        ])
    func hopeless(error: StoreError) async throws {
        let waits = Waits()
        await #expect(throws: error) { try await patient(waits, Lines()).open { throw error } }
        #expect(waits.elapsed == 0)
    }

    @Test("a file that cannot be opened is said at once: only servers are waited for")
    func noPatience() async throws {
        let waits = Waits()
        await #expect(throws: StoreError.full) { try await patient(waits, Lines(), limit: 0).open { throw StoreError.full } }
        #expect(waits.elapsed == 0)
    }

    @Test("when the launcher goes, the start is left at once, and what serves is stopped properly")
    func launcherGone() {
        let calls = Mutex<[String]>([])
        let watch = LauncherWatch { calls.withLock { $0.append("leave") } }
        watch.launcherIsGone()
        watch.instead { calls.withLock { $0.append("drain") } }
        watch.launcherIsGone()
        #expect(calls.withLock { $0 } == ["leave", "drain"])
    }
}

/// Keeps what was logged: the level and the words.
private final class Lines: LogHandler, Sendable {
    let all = Mutex<[String]>([])
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        all.withLock { $0.append("\(event.level) \(event.message)") }
    }
}
