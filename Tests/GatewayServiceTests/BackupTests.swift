import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOEmbedded
import Shared
import SharedRuntime
import SharedTesting
import Synchronization
import Testing

@testable import GatewayService

@Suite("POST /v1/backups")
struct BackupTests {
    /// The controller on a gateway's store, with services that answer as told.
    private static func withController(
        patience: Duration = .seconds(60), _ ask: @escaping BackupsController.Ask,
        _ body: (@Sendable (String, [String: String]) async throws -> Reply, @Sendable (String) async throws -> JSON) async throws -> Void
    ) async throws {
        let house = try await TestHouse.start(GatewayService.definition)
        let controller = BackupsController(house: house.house, patience: patience, ask: ask)
        let principal = Principal(kind: .secret, keyID: "key_test")
        @Sendable func context() -> VefaContext {
            var context = VefaContext(source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: house.house.logger))
            context.principal = principal
            return context
        }
        try await body(
            { json, headers in
                var fields = HTTPFields()
                for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
                let head = HTTPRequest(method: .post, scheme: "http", authority: "test", path: "/v1/backups", headerFields: fields)
                let request = Request(head: head, body: .init(buffer: ByteBuffer(string: json)))
                return try await controller.create(request, context())
            },
            { id in
                let backups = try await house.house.read { try BackupStore.all($0) }
                return backups.first { $0.id == id }?.seen(at: VefaClock.machineNow).json ?? .null
            })
        await house.stop()
    }

    private static func done(_ service: ServiceName) -> BackupPart {
        var part = BackupPart(service: service.rawValue, state: .done)
        part.file = "/backups/\(service.rawValue).db"
        part.bytes = 4_096
        part.milliseconds = 5
        return part
    }

    @Test("is 201 when every store was copied, asks long copies again, and is the same answer for the same Idempotency-Key")
    func complete() async throws {
        let asked = Mutex<[ServiceName: Int]>([:])
        try await Self.withController { service, id in
            let count = asked.withLock { asked in
                asked[service, default: 0] += 1
                return asked[service] ?? 0
            }
            return service == .loyalty && count < 3 ? BackupPart(service: service.rawValue, state: .running) : Self.done(service)
        } _: { post, show in
            let reply = try await post("{}", ["Idempotency-Key": "k1"])
            #expect(reply.status == .created)
            let json = try JSONParser.parse(reply.body)
            let id = try #require(json["id"]?.string)
            #expect(TypeID.isValid(id, prefix: "backup"))
            #expect(reply.headers[.location] == "/v1/backups/\(id)")
            #expect(json["state"] == "complete")
            #expect(
                json["services"]?.array?.compactMap { $0["service"]?.string } == ["gateway", "loyalty", "referral", "messaging", "survey"])
            #expect(json.at("services")?.array?.first?["bytes"] == 4_096)
            #expect(asked.withLock { $0 } == [.gateway: 1, .loyalty: 3, .referral: 1, .messaging: 1, .survey: 1])
            let again = try await post("{}", ["Idempotency-Key": "k1"])
            #expect(again.body == reply.body)
            #expect(again.headers[.idempotencyReplayed] == "true")
            #expect(asked.withLock { $0[.gateway] } == 1)
            #expect(try await show(id) == json)
        }
    }

    @Test("names every store that is missing, as an outage that the same call may try again")
    func incomplete() async throws {
        let isUp = Mutex(false)
        try await Self.withController { service, _ in
            service == .messaging && !isUp.withLock { $0 }
                ? .failed("messaging", "upstream_unavailable", "The service did not answer.") : Self.done(service)
        } _: { post, show in
            do {
                _ = try await post("", ["Idempotency-Key": "k2"])
                Issue.record("an incomplete backup was called a success")
            } catch let problem as Problem {
                #expect(problem.status == 503)
                #expect(problem.code == "backup_incomplete")
                #expect(problem.retryAfter != nil)
                #expect(problem.errors.map { "\($0.pointer) \($0.code)" } == ["/services/3 upstream_unavailable"])
                let id = try #require(problem.extensions["backup"]?["id"]?.string)
                #expect(try await show(id)["state"] == "incomplete")
            }
            isUp.withLock { $0 = true }
            #expect(try await post("", ["Idempotency-Key": "k2"]).status == .created)
        }
    }

    @Test("is 202 when it takes longer than a caller waits, goes on, and there is one at a time")
    func long() async throws {
        let mayEnd = Mutex(false)
        try await Self.withController(patience: .milliseconds(50)) { service, _ in
            if mayEnd.withLock({ $0 }) { return Self.done(service) }
            await Task.yield()
            return BackupPart(service: service.rawValue, state: .running)
        } _: { post, show in
            let reply = try await post("{}", [:])
            #expect(reply.status == .accepted)
            let id = try #require(try JSONParser.parse(reply.body)["id"]?.string)
            #expect(try await show(id)["state"] == "running")
            await #expect(throws: Problem.self) { try await post("{}", [:]) }
            mayEnd.withLock { $0 = true }
            try await until("the backup has ended") { try await show(id)["state"] == "complete" }
            let next = try await post("{}", [:]).status
            #expect(next == .created || next == .accepted)
        }
    }

    @Test("one whose gateway died is over after a minute")
    func interrupted() {
        let now = TestHouse.startOfTime
        let backup = Backup.begin([.gateway, .loyalty], at: now)
        #expect(backup.seen(at: now.adding(seconds: 59)).state == .running)
        let later = backup.seen(at: now.adding(seconds: 61))
        #expect(later.state == .incomplete)
        #expect(later.parts.map(\.code) == ["interrupted", "interrupted"])
    }

    @Test("takes no members")
    func members() async throws {
        try await Self.withController { service, _ in
            Self.done(service)
        } _: { post, _ in
            await #expect(throws: Problem.self) { try await post(#"{"folder": "/etc"}"#, [:]) }
        }
    }
}
