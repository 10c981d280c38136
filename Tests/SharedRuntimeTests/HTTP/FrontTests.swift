import HTTPTypes
import Hummingbird
import Shared
import SharedStore
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("What every answer has") struct FrontTests {
    private enum Failure: String, CaseIterable, Sendable {
        case full, busy, io, unavailable, unique, corrupt, misuse, problem, cancelled, unknown, unreachable, answered, tooLarge

        var error: any Error {
            switch self {
            case .full: StoreError.full
            case .busy: StoreError.busy
            case .io: StoreError.io("/secret/path")
            case .unavailable: StoreError.unavailable("closed")
            case .unique: StoreError.uniqueViolation("customers.email")
            case .corrupt: StoreError.corrupt("page 7")
            case .misuse: StoreError.misuse("SELECT secret")
            case .problem: Problem(429, "slow_down", "Slower", retryAfter: 7)
            case .cancelled: CancellationError()
            case .unknown: Broken()
            case .unreachable: ServiceCallError(service: .survey, reason: .unreachable)
            case .answered: ServiceCallError(service: .survey, reason: .answered(.conflict("taken", "is taken")))
            case .tooLarge: HTTPError(.contentTooLarge)
            }
        }
    }

    private func withHouse(_ body: (TestHouse) async throws -> Void) async throws {
        let definition = plain(.loyalty) { router, _ in
            router.get("/v1/fail/:how") { _, context -> Reply in
                throw Failure(rawValue: try context.parameter("how"))?.error ?? Broken()
            }
            router.get("/v1/trace") { _, context in Reply(.ok, ["trace": .from(Trace.current?.traceID), "id": .string(context.requestID)]) }
            router.get("/v1/query") { request, _ in Reply(.ok, ["q": .from(request.query("q"))]) }
        }
        let test = try await TestHouse.start(definition)
        let result = await outcome { try await body(test) }
        await test.stop()
        try result.get()
    }

    @Test(
        "every error is a problem with its code, and says nothing of the inside",
        arguments: [
            ("full", 503, "storage_full", "10"), ("busy", 503, "storage_unavailable", "1"), ("io", 503, "storage_unavailable", "1"),
            ("unavailable", 503, "storage_unavailable", "1"), ("unique", 409, "conflict", nil), ("corrupt", 500, "internal", nil),
            ("misuse", 500, "internal", nil), ("problem", 429, "slow_down", "7"), ("cancelled", 503, "cancelled", "1"),
            ("unknown", 500, "internal", nil),
            ("unreachable", 503, "upstream_unavailable", "1"), ("answered", 409, "taken", nil), ("tooLarge", 413, "too_large", nil),
        ] as [(String, Int, String, String?)])
    func errors(how: String, status: Int, code: String, retryAfter: String?) async throws {
        try await withHouse { test in
            let answer = try await test.get("/v1/fail/\(how)")
            #expect(answer.status == status && answer.code == code)
            #expect(answer.headers[.retryAfter] == retryAfter)
            #expect(answer.headers[.contentType] == "application/problem+json")
            #expect(answer.json["status"] == .int(Int64(status)))
            #expect(answer.json["instance"] == .string("/v1/fail/\(how)"))
            #expect(answer.json["title"]?.string?.isEmpty == false)
            for inside in ["secret", "customers.email", "page 7", "Broken", "SELECT"] { #expect(!answer.text.contains(inside)) }
            #expect((answer.headers[.connection] == "close") == (status == 413))
            #expect(answer.headers[.requestID]?.isEmpty == false)
        }
    }

    @Test("a route that is not there is a 404 problem, as is a method that is not")
    func notFound() async throws {
        try await withHouse { test in
            for answer in [try await test.get("/v1/nowhere"), try await test.delete("/v1/trace")] {
                #expect(answer.status == 404 && answer.code == "not_found")
                #expect(answer.headers[.contentType] == "application/problem+json")
                #expect(answer.headers[.requestID] != nil && answer.headers[.traceparent] != nil)
            }
        }
    }

    @Test("a decent request id is kept, any other is made here")
    func requestIDs() async throws {
        try await withHouse { test in
            let given = try await test.get("/v1/trace", headers: [.requestID: "caller-0001"])
            #expect(given.headers[.requestID] == "caller-0001" && given.json["id"] == "caller-0001")
            for wrong in [nil, "short", "with space in it", "quote\"quote", "back\\slash", String(repeating: "x", count: 129)] {
                let answer = try await test.get("/v1/trace", headers: wrong.map { [.requestID: $0] } ?? [:])
                #expect(TypeID.isValid(answer.headers[.requestID] ?? "", prefix: "req"), "\(wrong ?? "none")")
            }
        }
    }

    @Test("a trace is continued, or begun")
    func traces() async throws {
        try await withHouse { test in
            let id = "0af7651916cd43dd8448eb211c80319c"
            let given = try await test.get("/v1/trace", headers: [.traceparent: "00-\(id)-b7ad6b7169203331-01"])
            #expect(given.json["trace"] == .string(id))
            let parts = try #require(given.headers[.traceparent]).split(separator: "-")
            #expect(parts[1] == id && parts[2] != "b7ad6b7169203331" && parts[3] == "01")
            let begun = try await test.get("/v1/trace")
            #expect(begun.headers[.traceparent]?.contains(begun.json["trace"]?.string ?? "-") == true)
        }
    }

    @Test(
        "query parameters are decoded once, a plus is a space, the first of a name counts",
        arguments: [
            ("q=a%20b", "a b"), ("q=a+b", "a b"), ("q=a%2Bb", "a+b"), ("q=%C5%9Feyma%40x.com", "şeyma@x.com"), ("q=%2525", "%25"),
            ("q=", ""), ("q", ""),
            ("x=1&q=2&q=3", "2"), ("q=a=b", "a=b"), ("%71=z", "z"), ("q=%zz%+1%", "%zz% 1%"), ("x=1", nil), ("", nil), ("&&q=1&", "1"),
        ] as [(String, String?)])
    func query(text: String, value: String?) async throws {
        try await withHouse { test in
            let answer = try await test.get("/v1/query?\(text)")
            #expect(answer.json["q"] == .from(value))
        }
    }

    @Test("answers are counted by their class")
    func counted() async throws {
        try await withHouse { test in
            _ = try await test.get("/v1/trace")
            _ = try await test.get("/v1/nowhere")
            _ = try await test.get("/v1/fail/full")
            let text = test.house.metrics.text
            for line in ["{status=\"2xx\"} 1", "{status=\"4xx\"} 1", "{status=\"5xx\"} 1"] {
                #expect(text.contains("vefa_http_requests_total\(line)\n"))
            }
            #expect(text.contains("vefa_http_unavailable_total 1\n"))
            #expect(text.contains("vefa_http_request_seconds_count 3\n"))
        }
    }

    @Test("a log names the path of a call without the tokens and addresses in it")
    func loggedPaths() {
        let token = LinkSigner(key: [1]).token("unsubscribe", ["m": "msg_01m80w1bx6e70s69jks4jggvw4"])
        #expect(FrontMiddleware.loggedPath("/u/\(token)") == "/u/…")
        #expect(FrontMiddleware.loggedPath("/v1/customers/ada%40example.com/overview") == "/v1/customers/…/overview")
        #expect(FrontMiddleware.loggedPath("/v1/customers/ada@example.com") == "/v1/customers/…")
        #expect(FrontMiddleware.loggedPath("/v1/messages/msg_01m80w1bx6e70s69jks4jggvw4") == "/v1/messages/msg_01m80w1bx6e70s69jks4jggvw4")
        #expect(FrontMiddleware.loggedPath("/") == "/")
    }
}
