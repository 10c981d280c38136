import HTTPTypes
import Hummingbird
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("Calls that are passed on", .serialized)
struct ProxyTests {
    /// Answers with what it was told.
    private static var echo: RouterResponder<VefaContext> {
        let router = Router(context: VefaContext.self)
        for method: HTTPRequest.Method in [.get, .put, .post, .delete] {
            router.on("/v1/**", method: method) { request, _ -> Reply in
                let body = try await request.body.collect(upTo: 1 << 20)
                var headers = JSONObject()
                for field in request.headers { headers[field.name.canonicalName] = .string(field.value) }
                return Reply(
                    .created,
                    [
                        "path": .string(request.uri.string), "method": .string(request.method.rawValue), "headers": .object(headers),
                        "body": .string(String(buffer: body)),
                    ], headers: [.eTag: "\"1\""])
            }
        }
        router.get("/internal/v1/overview/{id}") { _, context -> Reply in
            Reply(.ok, ["profile": try context.parameters.require("id") == "c1" ? ["id": "c1"] : nil, "orders": nil, "loyalty": nil])
        }
        router.get("/readyz") { _, _ in Reply(.ok, [:]) }
        return router.buildResponder()
    }

    @Test("a call arrives signed for its key, without the key and without what a caller made up")
    func signed() async throws {
        try await withServer(Self.echo) { port in
            try await withGateway(["VEFA_LOYALTY_URL": "http://127.0.0.1:\(port)"]) { gateway in
                let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
                let answer = try await gateway.call(
                    .put, "/v1/customers/a%2Fb%20c?x=1", (["email": "x@y"] as JSON).bytes,
                    headers: [
                        .requestID: "request-1234", .traceparent: trace, .idempotencyKey: "k1", .principal: "forged",
                        HTTPField.Name("X-Vefa-Other")!: "forged",
                    ])
                #expect(answer.status == 201)
                #expect(answer.headers[.eTag] == "\"1\"")
                #expect(answer.headers[.requestID] == "request-1234")
                #expect(answer.headers[.rateLimit] != nil)
                #expect(answer.json["path"] == "/v1/customers/a%2Fb%20c?x=1")
                #expect(answer.json["body"] == #"{"email":"x@y"}"#)
                let headers = try #require(answer.json["headers"])
                #expect(headers["authorization"] == nil)
                #expect(headers["x-vefa-other"] == nil)
                #expect(headers["idempotency-key"] == "k1")
                #expect(headers["x-request-id"] == "request-1234")
                #expect(headers["traceparent"]?.string?.contains("0af7651916cd43dd8448eb211c80319c") == true)
                let signed = try #require(headers["x-vefa-principal"]?.string)
                let principal = PrincipalSigner(key: gateway.test.house.configuration.internalKey).verify(signed)
                #expect(principal?.kind == .secret)
                #expect(principal?.scopes == ["*"])
            }
        }
    }

    @Test("a service that is not there is a 503 that says when to come back; the others go on")
    func unavailable() async throws {
        try await withServer(Self.echo) { port in
            try await withGateway(["VEFA_MESSAGING_URL": "http://127.0.0.1:\(port)"]) { gateway in
                let answer = try await gateway.get("/v1/customers/c1")
                #expect(answer.status == 503)
                #expect(answer.code == "upstream_unavailable")
                #expect(answer.headers[.retryAfter] == "1")
                #expect(try await gateway.get("/v1/contacts/c1").status == 201)
            }
        }
    }

    @Test("a key without the scope is stopped here")
    func scope() async throws {
        try await withServer(Self.echo) { port in
            try await withGateway(["VEFA_LOYALTY_URL": "http://127.0.0.1:\(port)"]) { gateway in
                let made = try await gateway.post("/v1/api_keys", ["name": "reader", "scopes": ["customers:read"]])
                let key = try #require(made.json["key"]?.string)
                #expect(try await gateway.get("/v1/customers/c1", key: key).status == 201)
                #expect(try await gateway.call(.delete, "/v1/customers/c1", key: key).status == 403)
                #expect(try await gateway.get("/v1/loyalty/program", key: key).status == 403)
            }
        }
    }

    @Test("the overview asks the services; whom nobody knows is a 404")
    func overview() async throws {
        try await withServer(Self.echo) { port in
            let url = "http://127.0.0.1:\(port)"
            try await withGateway(["VEFA_LOYALTY_URL": url, "VEFA_SURVEY_URL": url, "VEFA_REFERRAL_URL": url]) { gateway in
                let known = try await gateway.get("/v1/customers/c1/overview")
                #expect(known.status == 200)
                #expect(known.json["profile"] == ["id": "c1"])
                #expect(known.json["partial"] == ["messaging"])
                #expect(try await gateway.get("/v1/customers/c2/overview").status == 404)
            }
        }
    }
}
