import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("Calls from a storefront's page", .serialized)
struct ShopperTests {
    private static let secret = "what the shop signs with"
    private static let exp = JSON.int(VefaClock.machineNow.milliseconds / 1_000 + 600)

    private static func token(_ customer: String, secret: String = secret, exp: JSON = exp) -> String {
        jwt(["sub": .string(customer), "exp": exp], secret: secret)
    }

    @Test("the store's token says which customer a page calls for, and does not travel on")
    func customer() async throws {
        try await StorefrontHouse.with(["VEFA_CUSTOMER_TOKEN_SECRET": Self.secret]) { house in
            let anonymous = try await house.call(key: house.page)
            #expect(anonymous.status == 200)
            #expect(house.principal(anonymous)?.kind == .publishable)
            #expect(house.principal(anonymous)?.customerID == nil)
            for customer in ["c1", "c2", "c1"] {
                let answer = try await house.call(.get, "/v1/probe/1", [.customerToken: Self.token(customer)], key: house.page)
                #expect(house.principal(answer)?.customerID == customer)
                #expect(house.principal(answer)?.kind == .publishable)
                #expect(answer.json.at("headers", "x-customer-token") == nil)
            }
            #expect(house.principal(try await house.call(key: house.page))?.customerID == nil, "the key itself is nobody's")
        }
    }

    @Test("a token that is no good is a 401 and reaches nobody")
    func refused() async throws {
        try await StorefrontHouse.with { house in
            let none = try await house.call(.get, "/v1/probe/1", [.customerToken: Self.token("c1")], key: house.page)
            #expect(none.status == 401)
            #expect(none.code == "invalid_customer_token")
            #expect(none.json["detail"]?.string?.contains("PUT /v1/settings") == true)
            _ = try await house.gateway.put("/v1/settings", ["customer_token_secret": .string(Self.secret)])
            #expect(try await house.call(.get, "/v1/probe/1", [.customerToken: Self.token("c1")], key: house.page).status == 200)
            let forged = try await house.call(.get, "/v1/probe/1", [.customerToken: Self.token("c1", secret: "a guess")], key: house.page)
            #expect(forged.code == "invalid_customer_token")
            let old = try await house.call(.get, "/v1/probe/1", [.customerToken: Self.token("c1", exp: 1_700_000_000)], key: house.page)
            #expect(old.status == 401)
            #expect(old.code == "expired_customer_token")
        }
    }

    @Test("a replaced secret is still good, one that was taken back is not")
    func rotation() async throws {
        try await StorefrontHouse.with { house in
            func status() async throws -> Int {
                try await house.call(.get, "/v1/probe/1", [.customerToken: Self.token("c1")], key: house.page).status
            }
            _ = try await house.gateway.put("/v1/settings", ["customer_token_secret": .string(Self.secret)])
            _ = try await house.gateway.put("/v1/settings", ["customer_token_secret": "the one that comes after it"])
            #expect(try await status() == 200)
            _ = try await house.gateway.put("/v1/settings", ["customer_token_secret": nil])
            #expect(try await status() == 401)
        }
    }

    @Test("beside a secret key a token means nothing, and does not travel on either")
    func secretKey() async throws {
        try await StorefrontHouse.with { house in
            let answer = try await house.call(.get, "/v1/probe/1", [.customerToken: "anything"], key: GatewayHouse.key)
            #expect(answer.status == 200)
            #expect(house.principal(answer)?.kind == .secret)
            #expect(house.principal(answer)?.customerID == nil)
            #expect(answer.json.at("headers", "x-customer-token") == nil)
            #expect(answer.json.at("headers", "x-vefa-client-address") == nil, "a server's address is no shopper's")
        }
    }

    @Test("a publishable key calls what is marked for it, within its scopes")
    func marked() async throws {
        try await StorefrontHouse.with { house in
            #expect(try await house.call(.post, "/v1/probe/1", key: house.page).status == 200)
            #expect(try await house.call(.put, "/v1/probe/1", key: house.page).code == "secret_key_required")
            #expect(try await house.call(.get, "/v1/behind", key: house.page).code == "secret_key_required")
            let reader = try await StorefrontHouse.key(house.gateway, scopes: ["loyalty:read"])
            #expect(try await house.call(.get, "/v1/probe/1", key: reader).status == 200)
            #expect(try await house.call(.post, "/v1/probe/1", key: reader).code == "missing_scope")
        }
    }

    @Test("guessing tokens is slowed like guessing keys")
    func guessing() async throws {
        try await StorefrontHouse.with(["VEFA_CUSTOMER_TOKEN_SECRET": Self.secret]) { house in
            var statuses: Set<Int> = []
            for _ in 0..<1_000 where !statuses.contains(429) {
                statuses.insert(try await house.call(.get, "/v1/probe/1", [.customerToken: "a.b.c"], key: house.page).status)
            }
            #expect(statuses == [401, 429])
            #expect(try await house.call(.get, "/v1/probe/1", [.customerToken: Self.token("c1")], key: house.page).status == 200)
        }
    }
}
