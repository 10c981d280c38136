import Foundation
import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("Copies of the five stores")
    struct BackupTests {
        @Test(
            "a backup taken under load and restored into a fresh suite: nothing that was acknowledged before is lost, and nothing counts twice"
        )
        func backupAndRestore() async throws {
            let load = Load(events: 4_000, customers: 200, recent: 0, batch: 50, seed: UInt64.random(in: 1...999_999))
            let before = Array(load.batches.prefix(load.batches.count / 2))
            let settings: JSON = ["store_name": "Before the backup"]
            let backup = try await withSuite { suite -> Backup in
                #expect(try await suite.put("/v1/settings", settings).status == 200)
                try await inParallel(before, width: 4) { try await suite.send($0, within: 120) }
                async let rest: Void = inParallel(Array(load.batches.dropFirst(before.count)), width: 2) {
                    try await suite.send($0, within: 120)
                }
                let answer = try await suite.request(
                    "POST", "/v1/backups", body: Array("{}".utf8), headers: ["Idempotency-Key": "one"], key: suite.key)
                try await rest
                #expect(answer.status == 201, "\(answer.text)")
                let again = try await suite.request(
                    "POST", "/v1/backups", body: Array("{}".utf8), headers: ["Idempotency-Key": "one"], key: suite.key)
                #expect(again.text == answer.text)
                let id = try #require(answer.json["id"]?.string)
                #expect(try await suite.get("/v1/backups/\(id)").json["state"] == "complete")
                #expect(try await suite.get("/v1/backups/backup_").status == 404)
                #expect(try await suite.request("POST", "/v1/backups", body: [], key: nil).status == 401)
                return try Backup(answer.json)
            }
            defer { backup.remove() }
            try await Self.restored(backup) { suite in
                // All of it is there before anybody says anything again.
                // Refunds may wait for an order that was said after the backup.
                let sure = before.compactMap { $0.last { $0.type != "order.refunded" } }
                try await inParallel(sure) { try await suite.untilDone($0, within: 90) }
                try await inParallel(before.flatMap { $0 }, width: 8) { event in
                    let answer = try await suite.get("/v1/events/\(event.id)?source=\(event.source)")
                    #expect(answer.status == 200, "\(event.id)")
                }
                #expect(try await suite.get("/v1/settings").json["store_name"] == "Before the backup")
                try await suite.verifyLedger()
                // Shops say again what they are not sure of.
                try await inParallel(load.batches, width: 4) { try await suite.send($0, within: 120) }
                try await inParallel(load.batches.compactMap(\.last) + load.refunds) { try await suite.untilDone($0, within: 90) }
                try await inParallel(load.balances.map { ($0.key, $0.value) }) { customer, expected in
                    let balance = try await suite.balance(customer)
                    #expect(balance == expected, "\(customer)")
                }
                try await suite.verifyLedger()
            }
        }

        @Test("a backup without one of the five is a 503 that names it; a store in use is not restored over")
        func incomplete() async throws {
            try await withSuite { suite in
                try await suite.kill(.survey)
                let answer = try await suite.post("/v1/backups", [:])
                #expect(answer.status == 503)
                #expect(answer.code == "backup_incomplete")
                #expect(answer.json["errors"]?.array?.compactMap { $0["pointer"]?.string } == ["/services/4"])
                let parts = answer.json["backup"]?["services"]?.array ?? []
                #expect(parts.compactMap { $0["state"]?.string } == ["done", "done", "done", "done", "failed"])
                let file = try #require(parts.first?["file"]?.string)
                guard !TestStores.isShared else { return }
                let (code, said) = try await run(.gateway, ["restore", file, "sqlite://\(suite.folder.path)/gateway.db"])
                #expect(code == 69)
                #expect(said.contains("in use"))
            }
        }

        @Test(
            "the five move to PostgreSQL and go on: points, positions, what was answered under an Idempotency-Key",
            .enabled(if: TestStores.isShared, "VEFA_TEST_ENGINE=postgres"))
        func move() async throws {
            let load = Load(events: 1_000, customers: 50, recent: 0, batch: 50, seed: UInt64.random(in: 1...999_999))
            let first = Array(load.batches.prefix(10))
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vefa-move-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            func variable(_ service: ServiceName) -> String { "VEFA_\(service.rawValue.uppercased())_DATABASE_URL" }
            let files = Dictionary(
                uniqueKeysWithValues: ServiceName.allCases.map { (variable($0), "sqlite://\(folder.path)/\($0.rawValue).db") })
            let targets = try await TestStores.environment(folder: folder)
            let batch: JSON = ["name": "Moving", "code": "MOVING10", "discount": ["type": "percent", "percent": 10]]
            var answers: [String] = []
            let old = try await SharedTesting.Suite.start(files, folder: folder)
            do {
                try await inParallel(first, width: 4) { try await old.send($0) }
                try await inParallel(first.compactMap(\.last)) { try await old.untilDone($0, within: 60) }
                answers.append(try await old.post("/v1/coupon_batches", batch, headers: ["Idempotency-Key": "move"]).text)
                for path in Self.looks { answers.append(try await old.get(path).text) }
            } catch {
                await old.stop()
                throw error
            }
            await old.stop(keep: true)
            for service in ServiceName.allCases {
                let (from, to) = (try #require(files[variable(service)]), try #require(targets[variable(service)]))
                let (code, said) = try await run(service, ["migrate", from, to])
                #expect(code == 0, "\(said)")
            }
            let new = try await SharedTesting.Suite.start(targets, folder: folder)
            do {
                var after = [try await new.post("/v1/coupon_batches", batch, headers: ["Idempotency-Key": "move"]).text]
                for path in Self.looks { after.append(try await new.get(path).text) }
                #expect(after == answers)
                try await inParallel(load.batches, width: 4) { try await new.send($0, within: 120) }
                try await inParallel(load.batches.compactMap(\.last) + load.refunds) { try await new.untilDone($0, within: 90) }
                try await inParallel(load.balances.map { ($0.key, $0.value) }) { customer, expected in
                    let balance = try await new.balance(customer)
                    #expect(balance == expected, "\(customer)")
                }
                try await new.verifyLedger()
                for service in ServiceName.allCases { #expect(!new.logTail(of: service, lines: 500).contains("set back"), "\(service)") }
            } catch {
                await new.stop()
                throw error
            }
            await new.stop()
        }

        private static let looks = [
            "/v1/loyalty/members/load-1", "/v1/loyalty/members/load-2", "/v1/customers/load-1/timeline", "/v1/loyalty/ledger/verify",
            "/v1/settings",
        ]

        // MARK: -

        /// The files of a backup, which outlive the suite that made them.
        struct Backup: Sendable {
            let folder: URL
            var files: [ServiceName: String] = [:]

            init(_ answer: JSON) throws {
                folder = FileManager.default.temporaryDirectory.appendingPathComponent("vefa-backup-\(UUID().uuidString)")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                for part in answer["services"]?.array ?? [] {
                    guard let service = part["service"]?.string.flatMap(ServiceName.init), let file = part["file"]?.string else { continue }
                    let kept = folder.appendingPathComponent("\(service.rawValue).db").path
                    try FileManager.default.copyItem(atPath: file, toPath: kept)
                    files[service] = kept
                }
            }

            func remove() { try? FileManager.default.removeItem(at: folder) }
        }

        /// Restores into a fresh folder and starts a suite on it.
        private static func restored(_ backup: Backup, _ body: (SharedTesting.Suite) async throws -> Void) async throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vefa-suite-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let urls = try await TestStores.environment(folder: folder)
            for service in ServiceName.allCases {
                let url = urls["VEFA_\(service.rawValue.uppercased())_DATABASE_URL"] ?? "sqlite://\(folder.path)/\(service.rawValue).db"
                let (code, said) = try await run(service, ["restore", try #require(backup.files[service]), url])
                #expect(code == 0, "\(said)")
            }
            let suite = try await SharedTesting.Suite.start(folder: folder)
            do {
                try await body(suite)
                await suite.stop()
            } catch {
                let logs = ServiceName.allCases.map { "── \($0.rawValue)\n\(suite.logTail(of: $0, lines: 8))" }.joined(separator: "\n")
                await suite.stop()
                Issue.record("\(error)\n\(logs)")
                throw error
            }
        }
    }
}

/// Runs one of the executables to its end; what it said is its standard error.
private func run(_ service: ServiceName, _ arguments: [String]) async throws -> (code: Int32, said: String) {
    let process = Process()
    process.executableURL = SharedTesting.Suite.executable(of: service)
    process.arguments = arguments
    process.environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
    let log = FileManager.default.temporaryDirectory.appendingPathComponent("vefa-said-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: log) }
    process.standardError = try FileHandle(forWritingTo: log)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    try await until("\(service.rawValue) \(arguments.first ?? "") has ended", within: 120) { !process.isRunning }
    return (process.terminationStatus, try String(contentsOf: log, encoding: .utf8))
}
