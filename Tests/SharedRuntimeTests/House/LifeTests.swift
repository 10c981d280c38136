import Foundation
import Shared
import SharedStore
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("A service's life") struct LifeTests {
    @Test("a server that cannot listen ends the whole service instead of leaving it half alive", .timeLimit(.minutes(1)))
    func portTaken() async throws {
        try await withFolder { folder in
            let first = try await RunningHouse.start(plain(.loyalty), folder: folder.appendingPathComponent("a"))
            await #expect(throws: (any Error).self) {
                // Relays and the timer worker have begun by then; they must not keep it.
                let second = try await RunningHouse.start(plain(.loyalty), port: first.port, folder: folder.appendingPathComponent("b"))
                try await second.stop()
            }
            try await first.stop()
        }
    }

    @Test(
        "a service whose engine is not built in, or whose server is not there, does not start, and says so without the URL",
        arguments: ["postgres://vefa:hunter2@127.0.0.1:1/vefa", "mysql://vefa:hunter2@127.0.0.1:1/vefa"])
    func storeMissing(url: String) async throws {
        do {
            let test = try await TestHouse.start(plain(.loyalty), environment: ["VEFA_LOYALTY_DATABASE_URL": url])
            Issue.record("it started")
            await test.stop()
        } catch let error as StoreError {
            #expect(!"\(error)".contains("hunter2"))
            switch error {
            // Ends a service with 78, since no restart helps.
            case .unknownScheme(let text): #expect(text.contains("sqlite://"))
            case .unavailable: #expect(url.hasPrefix("postgres:"))
            default: Issue.record("\(error)")
            }
        }
    }

    @Test("stops soon while relays wait for subscribers that are not there", .timeLimit(.minutes(1)))
    func stopsWhileRetrying() async throws {
        try await withFolder { folder in
            let running = try await RunningHouse.start(plain(.gateway), folder: folder)
            try await running.house.say("order.paid", 3, prefix: "a")
            let start = ContinuousClock.now
            try await running.stop()
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }

    @Test("tells alive, ready and why not")
    func health() async throws {
        let reasons = Shelf<[String]>([])
        let definition = ServiceDefinition(name: .loyalty, migrations: [], routes: { _, _ in }, unready: { _ in reasons.value })
        let test = try await TestHouse.start(definition)
        let alive = try await test.request(.get, "/healthz", principal: nil)
        #expect(alive.status == 200 && alive.json["status"] == "ok")
        let ready = try await test.request(.get, "/readyz", principal: nil)
        #expect(ready.status == 200 && ready.json["reasons"] == [])
        reasons.value = ["warming_up"]
        let warming = try await test.request(.get, "/readyz", principal: nil)
        #expect(warming.status == 503 && warming.json["reasons"] == ["warming_up"])
        reasons.value = []
        await test.house.store.close()
        let closed = try await test.request(.get, "/readyz", principal: nil)
        #expect(closed.status == 503 && closed.json["reasons"] == ["store"])
        let stillAlive = try await test.request(.get, "/healthz", principal: nil)
        #expect(stillAlive.status == 200)
        await test.stop()
    }

    @Test("the metrics are for anybody to read")
    func metrics() async throws {
        let test = try await TestHouse.start(plain(.loyalty))
        _ = try await test.request(.get, "/healthz", principal: nil)
        let answer = try await test.request(.get, "/metrics", principal: nil)
        #expect(answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.text.contains("vefa_http_requests_total{status=\"2xx\"} 1\n"))
        await test.stop()
    }

    @Test("what is said and scheduled in a write that throws is neither said nor scheduled")
    func undone() async throws {
        let test = try await TestHouse.start(plain(.loyalty))
        await #expect(throws: Broken.self) {
            try await test.house.write { change in
                try change.emit("a.b", subject: nil, data: [:])
                try change.schedule("t", key: "k", at: change.now)
                throw Broken()
            }
        }
        #expect(try await test.said().isEmpty)
        #expect(try await test.house.count("timers") == 0)
        await test.stop()
    }
}
