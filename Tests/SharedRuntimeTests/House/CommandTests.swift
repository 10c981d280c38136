import Dispatch
import HTTPTypes
import Hummingbird
import Shared
import SharedStore
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("Writing calls and their Idempotency-Key") struct CommandTests {
    /// `POST /v1/things/:id` counts and answers how often it ran; `{"refuse": true}` is a 422, `{"break": true}` a 500, `{"hold": true}` waits.
    private final class Things: Sendable {
        let entered = DispatchSemaphore(value: 0)
        let hold = DispatchSemaphore(value: 0)

        var definition: ServiceDefinition {
            ServiceDefinition(
                name: .loyalty,
                migrations: [Migration(1, "calls") { ["CREATE TABLE calls (number \($0.identityColumn), thing TEXT NOT NULL)"] }],
                routes: { router, house in
                    let answer: @Sendable (Request, VefaContext) async throws -> Reply = { request, context in
                        try await house.command(request, context, limit: 1_000) { input, change in try self.run(input, change) }
                    }
                    router.post("/v1/things/:id", use: answer)
                    router.put("/v1/things/:id", use: answer)
                    router.delete("/v1/things/:id") { request, context in
                        try await house.command(request, context) { _, _ in .noContent() }
                    }
                })
        }

        private func run(_ input: CommandInput, _ change: Change) throws -> Reply {
            try change.db.execute("INSERT INTO calls (thing) VALUES (\(try input.parameter("id")))")
            try change.emit("thing.done", subject: nil, data: [:])
            if input.body["hold"] == true {
                entered.signal()
                hold.wait()
            }
            if input.body["refuse"] == true { throw Problem.refused("not_now", "no") }
            if input.body["break"] == true { throw Problem.internalError }
            let count = try change.db.first("SELECT COUNT(*) FROM calls") { $0.int(0) } ?? 0
            return .created(["count": .int(count), "body": input.body, "by": .string(input.principal.keyID)])
        }
    }

    private func withThings(_ body: (TestHouse, Things) async throws -> Void) async throws {
        let things = Things()
        let test = try await TestHouse.start(things.definition)
        let result = await outcome { try await body(test, things) }
        await test.stop()
        try result.get()
    }

    private func key(_ text: String) -> HTTPFields { [.idempotencyKey: text] }

    @Test("shoppers who share a storefront's key do not share its Idempotency-Keys")
    func shoppers() async throws {
        try await withThings { test, _ in
            func counted(_ customer: String?) async throws -> JSON? {
                let page = Principal(kind: .publishable, keyID: "key_page", customerID: customer)
                return try await test.request(.post, "/v1/things/1", headers: key("k"), principal: page).json["count"]
            }
            var counts: [JSON?] = []
            // The last two: nobody in particular, and an id that would pass for a scope.
            for customer in ["c1", "c2", "c1", nil, " POST /v1/things/1"] { counts.append(try await counted(customer)) }
            #expect(counts == [1, 2, 1, 3, 4])
        }
    }

    @Test("the same key and body are answered the same, marked, without running again")
    func replay() async throws {
        try await withThings { test, _ in
            let first = try await test.post("/v1/things/1", ["a": 1], headers: key("k"))
            let second = try await test.post("/v1/things/1", ["a": 1], headers: key("k"))
            #expect(first.status == 201 && second.status == 201)
            #expect(first.body == second.body)
            #expect(first.headers[.idempotencyReplayed] == nil)
            #expect(second.headers[.idempotencyReplayed] == "true")
            #expect(second.headers[.contentType] == "application/json")
            #expect(try await test.house.count("calls") == 1)
            #expect(try await test.said().count == 1)
            // Without a key every call counts.
            #expect(try await test.post("/v1/things/1", ["a": 1]).json["count"] == 2)
        }
    }

    @Test("another body is refused; another key, route, method or caller is another call")
    func scope() async throws {
        try await withThings { test, _ in
            _ = try await test.post("/v1/things/1", ["a": 1], headers: key("k"))
            let other = try await test.post("/v1/things/1", ["a": 2], headers: key("k"))
            #expect(other.status == 422 && other.code == "idempotency_mismatch")
            #expect(try await test.post("/v1/things/2", ["a": 2], headers: key("k")).status == 201)
            #expect(try await test.post("/v1/things/1", ["a": 2], headers: key("k2")).status == 201)
            #expect(try await test.put("/v1/things/1", ["a": 2], headers: key("k")).status == 201)
            let someone = Principal(kind: .secret, keyID: "key_other")
            let theirs = try await test.request(
                .post, "/v1/things/1", body: (["a": 2] as JSON).bytes, headers: key("k"), principal: someone)
            #expect(theirs.status == 201 && theirs.json["by"] == "key_other")
            #expect(try await test.house.count("calls") == 5)
        }
    }

    @Test("a refusal is kept and undoes what was written; a failure is not kept")
    func refusals() async throws {
        try await withThings { test, _ in
            for round in 0...1 {
                let answer = try await test.post("/v1/things/1", ["refuse": true], headers: key("k"))
                #expect(answer.status == 422 && answer.code == "not_now")
                #expect(answer.headers[.contentType] == "application/problem+json")
                #expect((answer.headers[.idempotencyReplayed] == "true") == (round == 1))
            }
            for _ in 0...1 {
                let answer = try await test.post("/v1/things/1", ["break": true], headers: key("k2"))
                #expect(answer.status == 500 && answer.headers[.idempotencyReplayed] == nil)
            }
            #expect(try await test.house.count("calls") == 0)
            #expect(try await test.said().count == 0)
        }
    }

    @Test("while the first is being answered the second is 409; then it is replayed")
    func inFlight() async throws {
        try await withThings { test, things in
            async let first = test.post("/v1/things/1", ["hold": true], headers: key("k"))
            try await until("the first is inside") { things.entered.wait(timeout: .now()) == .success }
            let second = try await test.post("/v1/things/1", ["hold": true], headers: key("k"))
            #expect(second.status == 409 && second.code == "idempotency_in_flight")
            things.hold.signal()
            #expect(try await first.status == 201)
            let third = try await test.post("/v1/things/1", ["hold": true], headers: key("k"))
            #expect(third.status == 201 && third.headers[.idempotencyReplayed] == "true")
        }
    }

    @Test("a hundred at once with one key run once")
    func race() async throws {
        try await withThings { test, _ in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 { group.addTask { try await test.post("/v1/things/1", headers: key("k")).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(statuses).isSubset(of: [201, 409]) && statuses.contains(201))
            #expect(try await test.house.count("calls") == 1)
        }
    }

    @Test("answers are forgotten after seven days of machine time")
    func forgotten() async throws {
        try await withThings { test, _ in
            _ = try await test.post("/v1/things/1", ["a": 1], headers: key("k"))
            func age(_ milliseconds: Int64) async throws {
                try await test.house.store.write { db in
                    _ = try db.execute("UPDATE idempotency SET created_at = \(VefaClock.machineNow.adding(milliseconds: -milliseconds))")
                }
            }
            try await age(IdempotencyTicket.lifetimeMilliseconds - 60_000)
            #expect(try await test.post("/v1/things/1", ["a": 1], headers: key("k")).headers[.idempotencyReplayed] == "true")
            try await age(IdempotencyTicket.lifetimeMilliseconds + 1)
            let again = try await test.post("/v1/things/1", ["a": 2], headers: key("k"))
            #expect(again.status == 201 && again.json["count"] == 2)
            #expect(try await test.post("/v1/things/1", ["a": 2], headers: key("k")).headers[.idempotencyReplayed] == "true")
        }
    }

    @Test("an answer without a body is replayed as one")
    func noContent() async throws {
        try await withThings { test, _ in
            _ = try await test.delete("/v1/things/1", headers: key("k"))
            let again = try await test.delete("/v1/things/1", headers: key("k"))
            #expect(again.status == 204 && again.body.isEmpty && again.headers[.idempotencyReplayed] == "true")
            #expect(again.headers[.contentType] == nil)
        }
    }

    @Test("a key may have 255 bytes; an empty one is none")
    func keys() async throws {
        try await withThings { test, _ in
            #expect(try await test.post("/v1/things/1", headers: key(String(repeating: "k", count: 255))).status == 201)
            let long = try await test.post("/v1/things/1", headers: key(String(repeating: "k", count: 256)))
            #expect(long.status == 422 && long.pointers == ["Idempotency-Key"])
            for _ in 0...1 { #expect(try await test.post("/v1/things/1", headers: key("")).headers[.idempotencyReplayed] == nil) }
        }
    }

    @Test("no body reads as {}; what is no JSON is 400, what says so 415, what is too long 413")
    func bodies() async throws {
        try await withThings { test, _ in
            func post(_ body: String, type: String? = nil) async throws -> TestHouse.Answer {
                try await test.request(.post, "/v1/things/1", body: Array(body.utf8), headers: type.map { [.contentType: $0] } ?? [:])
            }
            #expect(try await post("").json["body"] == [:])
            #expect(try await post("", type: "text/plain").status == 201)
            let malformed = try await post("{\"a\":")
            #expect(malformed.status == 400 && malformed.code == "malformed")
            for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=json"] {
                let answer = try await post("{}", type: type)
                #expect(answer.status == 415 && answer.code == "unsupported_media_type", "\(type)")
            }
            for type in ["application/json; charset=utf-8", "application/vnd.api+json", "Application/JSON"] {
                #expect(try await post("{}", type: type).status == 201)
            }
            let long = try await post("\"" + String(repeating: "x", count: 1_000) + "\"")
            #expect(long.status == 413 && long.code == "too_large")
        }
    }
}
