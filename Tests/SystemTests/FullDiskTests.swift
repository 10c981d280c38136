import Foundation
import Shared
import SharedRuntime
import SharedTesting
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension FiveTogether {
    @Suite("The disk is full", .enabled(if: TestStores.engine == .sqlite, "PostgreSQL has a disk of its own"))
    struct FullDiskTests {
        /// Skips the test where nothing can be mounted.
        private func smallDisk() throws -> SmallDisk {
            do { return try SmallDisk(megabytes: 8) } catch { try Test.cancel("no small disk can be mounted here: \(error)") }
        }

        @Test("of loyalty: what it cannot take waits, nothing else suffers, and once there is room it counts once")
        func loyalty() async throws {
            let disk = try smallDisk()
            defer { disk.remove() }
            try await withSuite(["VEFA_LOYALTY_DATABASE_URL": "sqlite://\(disk.path)/loyalty.db"]) { suite in
                try disk.addBallast()
                let shop = Shop("loyalty-disk")
                // More than what the store's log may have left of its room.
                let name = String(repeating: "tea ", count: 1_000)
                let orders = (0..<300).map { Shop.Order(id: "F-\($0)", customer: "c-full", subtotal: 1_000, product: name) }
                for start in stride(from: 0, to: orders.count, by: 100) {
                    try await suite.send(orders[start..<start + 100].map { shop.paid($0) })
                }
                let last = shop.paid(orders[orders.count - 1])
                try await until("the others go on") { await suite.states(of: last)["messaging"] == "done" }
                #expect(await suite.states(of: last)["loyalty"] == "waiting")
                #expect(try await suite.get("/v1/loyalty/program").status == 200)
                try disk.removeBallast()
                try await suite.untilDone(last, within: 30)
                #expect(try await suite.balance("c-full") == 3_000)
                try await suite.verifyLedger()
            }
        }

        @Test("of the gateway: ingest says 503 and keeps all it acknowledged; once there is room it goes on")
        func gateway() async throws {
            let disk = try smallDisk()
            defer { disk.remove() }
            try disk.addBallast(megabytes: 4)
            let shop = Shop("disk")
            try await withSuite(["VEFA_GATEWAY_DATABASE_URL": "sqlite://\(disk.path)/gateway.db"]) { suite in
                var kept: [CloudEvent] = []
                var refusal: SharedTesting.Suite.Answer?
                for index in 0..<2_000 where refusal == nil {
                    let event = shop.custom("full-\(index)", padding: 20_000)
                    let answer = try await suite.post("/v1/events", event.json)
                    if answer.status == 202 { kept.append(event) } else { refusal = answer }
                }
                let answer = try #require(refusal, "the disk never filled up")
                #expect(answer.status == 503, "\(answer.text)")
                #expect(["storage_full", "storage_unavailable"].contains(answer.code ?? ""))
                #expect(answer.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
                #expect(kept.count > 20)
                // A store that is full can still be read. Three megabytes would not even fit if its log were empty.
                #expect(try await suite.get("/v1/events/full-0").status == 200)
                let batch = JSON.array((0..<150).map { shop.custom("batch-\($0)", padding: 20_000).json })
                let whole = try await suite.request(
                    "POST", "/v1/events", body: batch.bytes, headers: ["Content-Type": "application/cloudevents-batch+json"], key: suite.key
                )
                #expect(whole.status == 503)

                try disk.removeBallast()
                let after = shop.custom("after", padding: 20_000)
                try await until("there is room again", within: 20) { try await suite.post("/v1/events", after.json).status == 202 }
                kept.append(after)
                try await inParallel(kept) { try await suite.untilDone($0, within: 60) }

                try await suite.crash(.gateway)
                try await suite.waitUntilReady()
                try await inParallel(kept) { event in
                    let answer = try await suite.get("/v1/events/\(event.id)")
                    #expect(answer.status == 200, "\(event.id)")
                }
            }
        }
    }
}

/// A file system in memory, small enough to fill.
private final class SmallDisk: Sendable {
    struct Failure: Error, CustomStringConvertible { let description: String }

    let path: String
    private var ballast: String { path + "/ballast" }

    init(megabytes: Int) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("vefa-disk-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            let reason = String(cString: strerror(errno))
            try? FileManager.default.removeItem(atPath: path)
            throw Failure(description: reason)
        }
    }

    func addBallast(megabytes: Int) throws { try Data(count: megabytes << 20).write(to: URL(fileURLWithPath: ballast)) }

    /// Fills it to the last byte.
    func addBallast() throws {
        _ = FileManager.default.createFile(atPath: ballast, contents: nil)
        let file = open(ballast, O_WRONLY | O_APPEND)
        guard file >= 0 else { throw Failure(description: "no ballast") }
        defer { close(file) }
        let piece = [UInt8](repeating: 0, count: 4_096)
        while write(file, piece, piece.count) > 0 {}
    }

    func removeBallast() throws { try FileManager.default.removeItem(atPath: ballast) }

    func remove() {
        umount2(path, Int32(MNT_DETACH))
        try? FileManager.default.removeItem(atPath: path)
    }
}
