import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("What browsers hear of other origins", .serialized)
struct CrossOriginTests {
    private static let shop = "https://shop.example"
    private static let foreign = "https://evil.example"

    private static func from(_ origin: String) -> HTTPFields { [.origin: origin] }

    @Test("a browser's question is answered for the paths that take publishable keys, with their methods")
    func preflight() async throws {
        try await StorefrontHouse.with { house in
            let answer = try await house.call(
                .options, "/v1/probe/1",
                [.origin: Self.shop, .accessControlRequestMethod: "POST", .accessControlRequestHeaders: "authorization"], key: nil)
            #expect(answer.status == 204)
            #expect(answer.headers[.accessControlAllowOrigin] == Self.shop)
            #expect(answer.headers[.vary] == "Origin")
            #expect(answer.headers[.accessControlAllowMethods] == "GET, POST")
            #expect(answer.headers[.accessControlAllowHeaders] == "Authorization, Content-Type, Idempotency-Key, X-Customer-Token")
            #expect(answer.headers[.accessControlMaxAge] == "7200")
            #expect(answer.headers[.accessControlAllowCredentials] == nil)
            let secretOnly = try await house.call(.options, "/v1/behind", Self.from(Self.shop), key: nil)
            #expect(secretOnly.status == 404, "not even a path of the table")
            #expect(secretOnly.headers[.accessControlAllowOrigin] == nil)
            #expect(try await house.call(.options, "/v1/settings", Self.from(Self.shop), key: nil).status == 405)
        }
    }

    @Test("a key without origins in a shop without origins may be used by any page, and the page may read every answer")
    func anywhere() async throws {
        try await StorefrontHouse.with { house in
            let answer = try await house.call(.get, "/v1/probe/1", Self.from(Self.foreign), key: house.page)
            #expect(answer.status == 200)
            #expect(answer.headers[.accessControlAllowOrigin] == Self.foreign)
            #expect(answer.headers[.vary] == "Origin")
            #expect(answer.headers[.accessControlExposeHeaders]?.contains("Retry-After") == true)
            let unknown = try await house.call(.get, "/v1/probe/1", Self.from(Self.foreign), key: "pk_unknown")
            #expect(unknown.status == 401)
            #expect(unknown.headers[.accessControlAllowOrigin] == Self.foreign, "so that the page can tell what is wrong")
            #expect(try await house.call(.get, "/v1/probe/1", key: house.page).headers[.accessControlAllowOrigin] == nil, "no browser")
        }
    }

    @Test("a key's origins and the shop's may call, others are refused and may not read why")
    func limited() async throws {
        try await StorefrontHouse.with { house in
            let key = try await StorefrontHouse.key(house.gateway, origins: [Self.shop])
            func status(_ origin: String, _ key: String) async throws -> Int {
                try await house.call(.get, "/v1/probe/1", Self.from(origin), key: key).status
            }
            #expect(try await status(Self.shop, key) == 200)
            let refused = try await house.call(.get, "/v1/probe/1", Self.from(Self.foreign), key: key)
            #expect(refused.status == 403)
            #expect(refused.code == "origin_not_allowed")
            #expect(refused.headers[.accessControlAllowOrigin] == nil)
            #expect(refused.headers[.vary] == "Origin")
            #expect(try await status("https://shop.example.evil.example", key) == 403)
            #expect(try await status("http://shop.example", key) == 403)
            #expect(try await status("null", key) == 403)
            #expect(try await house.call(.get, "/v1/probe/1", key: key).status == 200, "no browser, no origin")
            // The shop's own list opens every key to its pages, and closes the keys without a list to others.
            _ = try await house.gateway.put("/v1/settings", ["allowed_origins": ["https://blog.example"]])
            #expect(try await status("https://blog.example", key) == 200)
            #expect(try await status(Self.shop, key) == 200)
            #expect(try await status("https://blog.example", house.page) == 200)
            #expect(try await status(Self.shop, house.page) == 403)
        }
    }

    @Test("failures can be read too: of the service, of the limit, of a scope")
    func failures() async throws {
        try await withGateway(routes: Storefront.routes) { gateway in
            let house = StorefrontHouse(gateway: gateway, page: try await StorefrontHouse.key(gateway, scopes: ["loyalty:read"]))
            let down = try await house.call(.get, "/v1/probe/1", Self.from(Self.shop), key: house.page)
            #expect(down.status == 503)
            #expect(down.code == "upstream_unavailable")
            #expect(down.headers[.retryAfter] == "1")
            #expect(down.headers[.accessControlAllowOrigin] == Self.shop)
            #expect(down.headers[.rateLimit] != nil)
            let scope = try await house.call(.post, "/v1/probe/1", Self.from(Self.shop), key: house.page)
            #expect(scope.status == 403)
            #expect(scope.headers[.accessControlAllowOrigin] == Self.shop)
        }
        try await withGateway(["VEFA_RATE_LIMIT": "1"], routes: Storefront.routes) { gateway in
            let house = StorefrontHouse(gateway: gateway, page: try await StorefrontHouse.key(gateway))
            var answer = try await house.call(.get, "/v1/probe/1", Self.from(Self.shop), key: house.page)
            for _ in 0..<5 where answer.status != 429 {
                answer = try await house.call(.get, "/v1/probe/1", Self.from(Self.shop), key: house.page)
            }
            #expect(answer.status == 429)
            #expect(answer.headers[.accessControlAllowOrigin] == Self.shop)
        }
    }

    @Test("no browser is helped to use a secret key, nor to call what takes only those")
    func secretKeys() async throws {
        try await StorefrontHouse.with { house in
            let shared = try await house.call(.get, "/v1/probe/1", Self.from(Self.shop), key: GatewayHouse.key)
            #expect(shared.status == 200)
            #expect(shared.headers[.accessControlAllowOrigin] == nil)
            let behind = try await house.call(.get, "/v1/behind", Self.from(Self.shop), key: GatewayHouse.key)
            #expect(behind.status == 200)
            #expect(behind.headers[.accessControlAllowOrigin] == nil)
            #expect(behind.headers[.vary] == nil)
        }
    }
}
