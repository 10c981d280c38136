import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("Keys, scopes and limits", .serialized)
struct KeyTests {
    @Test("without a known key there is a 401 that says how", arguments: [nil, "", "sk_wrong", "pk_wrong"])
    func unknown(key: String?) async throws {
        try await withGateway { gateway in
            let answer = try await gateway.get("/v1/events/x", key: key)
            #expect(answer.status == 401)
            #expect(answer.headers[.wwwAuthenticate] == "Bearer")
            #expect(answer.headers[.requestID] != nil)
            #expect(answer.headers[.contentType] == "application/problem+json")
        }
    }

    @Test("a principal that a caller signs or makes up opens nothing")
    func forgedPrincipal() async throws {
        try await withGateway { gateway in
            let answer = try await gateway.call(.get, "/v1/events/x", headers: [.principal: "v1.x.y"], key: nil)
            #expect(answer.status == 401)
            #expect(try await gateway.call(.get, "/internal/v1/clock").status == 401)
        }
    }

    @Test("a key is shown once, works at once, and is nowhere in the store")
    func create() async throws {
        try await withGateway { gateway in
            let made = try await gateway.post("/v1/api_keys", ["name": "checkout"])
            #expect(made.status == 201)
            let key = try #require(made.json["key"]?.string)
            #expect(key.hasPrefix("sk_") && key.count == 43)
            #expect(made.json["scopes"] == ["*"])
            let id = try #require(made.json["id"]?.string)
            let shown = try await gateway.get("/v1/api_keys/\(id)", key: key)
            #expect(shown.status == 200)
            #expect(shown.json["key"] == nil)
            #expect(shown.json["prefix"] == .string(String(key.prefix(9)) + "…"))
            let stored = try await gateway.test.house.read { db in
                try db.all("SELECT hash, name, shown, scopes FROM api_keys") { [$0.text(0), $0.text(1), $0.text(2), $0.text(3)].joined() }
            }
            #expect(!stored.joined().contains(key))
            let list = try await gateway.get("/v1/api_keys?limit=1")
            #expect(list.json["data"]?.array?.count == 1)
            #expect(list.json["next_cursor"]?.string != nil)
        }
    }

    @Test("the repeated answer of an Idempotency-Key makes no second key and does not show the first again")
    func createIdempotently() async throws {
        try await withGateway { gateway in
            let headers: HTTPFields = [.idempotencyKey: "k"]
            let first = try await gateway.post("/v1/api_keys", ["name": "a"], headers: headers)
            let second = try await gateway.post("/v1/api_keys", ["name": "a"], headers: headers)
            #expect(first.json["key"]?.string != nil)
            #expect(second.status == 201)
            #expect(second.headers[.idempotencyReplayed] == "true")
            #expect(second.json["id"] == first.json["id"])
            #expect(second.json["key"] == nil)
            let kept = try await gateway.test.house.read { db in try db.first("SELECT body FROM idempotency") { $0.text(0) } }
            #expect(kept?.contains("sk_") == true, "only the prefix")
            #expect(kept?.contains(first.json["key"]?.string ?? "?") == false)
        }
    }

    @Test("a revoked key is refused at once, and the last administrator's key stays")
    func revoke() async throws {
        try await withGateway { gateway in
            let made = try await gateway.post("/v1/api_keys", ["name": "old"])
            let key = try #require(made.json["key"]?.string)
            let id = try #require(made.json["id"]?.string)
            #expect(try await gateway.get("/v1/api_keys", key: key).status == 200)
            #expect(try await gateway.call(.delete, "/v1/api_keys/\(id)").status == 204)
            #expect(try await gateway.get("/v1/api_keys", key: key).code == "invalid_key")
            #expect(try await gateway.get("/v1/api_keys/\(id)").json["revoked_at"]?.string != nil)
            let all = try await gateway.get("/v1/api_keys").json["data"]?.array ?? []
            let first = try #require(all.first { $0["name"] == "bootstrap" }?["id"]?.string)
            #expect(try await gateway.call(.delete, "/v1/api_keys/\(first)").code == "last_key")
            #expect(try await gateway.get("/v1/api_keys").status == 200)
        }
    }

    @Test("a scope opens its routes and no others")
    func scopes() async throws {
        try await withGateway { gateway in
            let made = try await gateway.post("/v1/api_keys", ["name": "import", "scopes": ["events:*"]])
            let key = try #require(made.json["key"]?.string)
            #expect(try await gateway.post("/v1/events", event("a"), key: key).status == 202)
            #expect(try await gateway.get("/v1/events/a", key: key).status == 200)
            let refused = try await gateway.get("/v1/api_keys", key: key)
            #expect(refused.status == 403)
            #expect(refused.code == "missing_scope")
            let id = try #require(made.json["id"]?.string)
            let changed = try await gateway.call(
                .patch, "/v1/api_keys/\(id)", (["scopes": ["events:read"], "name": "reader"] as JSON).bytes)
            #expect(changed.json["name"] == "reader")
            #expect(try await gateway.post("/v1/events", event("b"), key: key).status == 403)
        }
    }

    @Test("a publishable key opens only what is marked for it, from its own pages")
    func publishable() async throws {
        try await withGateway { gateway in
            let made = try await gateway.post(
                "/v1/api_keys", ["name": "shop", "kind": "publishable", "allowed_origins": ["https://shop.example"]])
            let key = try #require(made.json["key"]?.string)
            #expect(key.hasPrefix("pk_"))
            #expect(try await gateway.get("/v1/api_keys", key: key).code == "secret_key_required")
            #expect(try await gateway.post("/v1/events", event("a"), key: key).status == 403)
        }
    }

    @Test(
        "a key with nonsense in it is not made",
        arguments: [
            ([:], "/name", "missing"), (["name": "a", "kind": "root"], "/kind", "invalid"),
            (["name": "a", "scopes": ["fly"]], "/scopes/0", "unknown_scope"),
            (["name": "a", "scopes": []], "/scopes", "empty"),
            (["name": "a", "allowed_origins": ["shop.example/x"]], "/allowed_origins/0", "invalid"),
            (["name": "a", "color": "red"], "/color", "unknown_field"),
        ] as [(JSON, String, String)])
    func wrong(body: JSON, pointer: String, code: String) async throws {
        try await withGateway { gateway in
            let answer = try await gateway.post("/v1/api_keys", body)
            #expect(answer.status == 422)
            #expect(answer.pointers == [pointer])
            #expect(answer.json.at("errors", "0", "code") == .string(code))
        }
    }

    @Test("each key has its own calls a second; past them there is a 429 that says when")
    func rateLimit() async throws {
        try await withGateway(["VEFA_RATE_LIMIT": "1"]) { gateway in
            let first = try await gateway.get("/v1/events/x")
            #expect(first.status == 404)
            #expect(first.headers[.rateLimitPolicy] == "\"default\";q=1;w=1")
            #expect(first.headers[.rateLimit] == "\"default\";r=1;t=1")
            _ = try await gateway.get("/v1/events/x")
            var last = first
            for _ in 0..<3 where last.status != 429 { last = try await gateway.get("/v1/events/x") }
            #expect(last.status == 429)
            #expect(last.code == "rate_limited")
            #expect(last.headers[.retryAfter] == "1")
            #expect(last.headers[.rateLimit] == "\"default\";r=0;t=1")
        }
    }

    @Test("limits can be off")
    func noLimit() async throws {
        try await withGateway(["VEFA_RATE_LIMIT": "off"]) { gateway in
            let answer = try await gateway.get("/v1/events/x")
            #expect(answer.headers[.rateLimit] == nil)
        }
    }

    @Test("a bucket gives its burst at once and then its rate")
    func bucket() {
        let second: UInt64 = 1_000_000_000
        let bucket = TokenBucket(RateLimit(rate: 10), now: 0)
        #expect((0..<20).allSatisfy { _ in bucket.take(now: 0).isAllowed })
        #expect(bucket.take(now: 0) == .init(isAllowed: false, remaining: 0, retryAfter: 1))
        #expect((0..<10).allSatisfy { _ in bucket.take(now: second).isAllowed })
        #expect(!bucket.take(now: second).isAllowed)
        #expect(bucket.isFull(now: 4 * second))
    }

    @Test("guessers are slowed down by address")
    func guessers() throws {
        let limiter = AddressLimiter(AddressLimiter.guesses, detail: "too many")
        let guesser = IPAddress("1.2.3.4")
        #expect((0..<100).allSatisfy { _ in limiter.count(guesser, now: 0)?.isAllowed == true })
        #expect(limiter.count(guesser, now: 0)?.isAllowed == false)
        #expect(limiter.count(IPAddress("5.6.7.8"), now: 0)?.isAllowed == true)
        #expect(AddressLimiter(nil, detail: "").count(guesser, now: 0) == nil)
    }

    @Test("unknown paths are 404, known ones with another method 405 with Allow")
    func routes() async throws {
        try await withGateway { gateway in
            let missing = try await gateway.get("/v1/nothing")
            #expect(missing.status == 404)
            #expect(missing.code == "not_found")
            let method = try await gateway.call(.delete, "/v1/events")
            #expect(method.status == 405)
            #expect(method.headers[.allow] == "POST")
            let several = try await gateway.post("/v1/api_keys/key_1", [:])
            #expect(several.status == 405)
            #expect(several.headers[.allow] == "GET, PATCH, DELETE")
            #expect(several.json["detail"]?.string?.contains("POST") == true)
            let presets = try await gateway.post("/v1/flows/presets", [:])
            #expect(presets.status == 405 && presets.headers[.allow] == "GET", "the presets are no flow")
            let decision = try await gateway.get("/v1/surveys/decide")
            #expect(decision.status == 405 && decision.headers[.allow] == "POST")
            #expect(try await gateway.get("/v1/sandbox/clock").status == 404, "outside the sandbox")
        }
    }

    @Test(
        "a wrong limit or bootstrap key stops the start", arguments: [["VEFA_RATE_LIMIT": "fast"], ["VEFA_BOOTSTRAP_SECRET_KEY": "secret"]])
    func configuration(environment: [String: String]) async throws {
        await #expect(throws: (any Error).self) { try await withGateway(environment) { _ in } }
    }
}
