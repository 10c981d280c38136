import HTTPTypes
import Hummingbird
import Shared
import SharedStore
import SharedTesting
import Synchronization
import Testing

@testable import SharedRuntime

@Suite("Commands that ask another service first") struct PreparedCommandTests {
    /// Counts how often it was asked, and refuses or is away when told so.
    private final class Desk: Sendable {
        let asked = Mutex(0)
        let fault = Mutex<Problem?>(nil)

        var definition: ServiceDefinition {
            ServiceDefinition(
                name: .referral,
                migrations: [Migration(1, "claims") { ["CREATE TABLE claims (number \($0.identityColumn), code TEXT NOT NULL)"] }],
                routes: { router, house in
                    router.post("/v1/claims") { request, context in
                        try await house.command(request, context, preparing: { _ in try self.ask() }) { _, code, change in
                            try change.db.execute("INSERT INTO claims (code) VALUES (\(code))")
                            return .created(["code": .string(code)])
                        }
                    }
                })
        }

        private func ask() throws -> String {
            if let fault = fault.withLock({ $0 }) { throw fault }
            return asked.withLock { count in
                count += 1
                return "CODE\(count)"
            }
        }
    }

    private func withDesk(_ body: (TestHouse, Desk) async throws -> Void) async throws {
        let desk = Desk()
        let test = try await TestHouse.start(desk.definition)
        let result = await outcome { try await body(test, desk) }
        await test.stop()
        try result.get()
    }

    private let key: HTTPFields = [.idempotencyKey: "k"]

    @Test("with a key the other service is asked once and the answer replayed; without one every call asks")
    func replay() async throws {
        try await withDesk { test, desk in
            let first = try await test.post("/v1/claims", headers: key)
            let second = try await test.post("/v1/claims", headers: key)
            #expect(first.status == 201 && second.status == 201 && first.body == second.body)
            #expect(second.headers[.idempotencyReplayed] == "true")
            #expect(desk.asked.withLock { $0 } == 1)
            #expect(try await test.post("/v1/claims").json["code"] == "CODE2")
            #expect(try await test.house.count("claims") == 2)
        }
    }

    @Test("a refusal is kept for the key; an outage is not, and leaves nothing")
    func faults() async throws {
        try await withDesk { test, desk in
            desk.fault.withLock { $0 = .unavailable("away") }
            #expect(try await test.post("/v1/claims", headers: key).status == 503)
            #expect(try await test.house.count("claims") == 0)
            desk.fault.withLock { $0 = .refused("no_such_code", "no") }
            #expect(try await test.post("/v1/claims", headers: key).code == "no_such_code")
            desk.fault.withLock { $0 = nil }
            let third = try await test.post("/v1/claims", headers: key)
            #expect(third.code == "no_such_code" && third.headers[.idempotencyReplayed] == "true")
            #expect(try await test.post("/v1/claims").status == 201)
        }
    }
}
