import Crypto
import Shared
import SharedTesting
import Testing

@testable import GatewayService

@Suite("Customers' tokens")
struct CustomerTokenTests {
    private static let secret = "0123456789abcdef0123456789abcdef"
    private static let now = TestHouse.startOfTime
    private static let seconds = now.milliseconds / 1_000
    private static let keys = [SymmetricKey(data: Array("another secret".utf8)), SymmetricKey(data: Array(secret.utf8))]

    private static func payload(_ extra: JSON = [:]) -> JSON {
        var object = JSONObject([.init(name: "sub", value: "c1"), .init(name: "exp", value: .int(seconds + 3_600))])
        for member in extra.object?.members ?? [] { object[member.name] = member.value == .null ? nil : member.value }
        return .object(object)
    }

    private static func read(_ token: String, keys: [SymmetricKey] = keys) throws -> String {
        try CustomerToken.customer(of: token, keys: keys, now: now)
    }

    private static func code(_ token: String, keys: [SymmetricKey] = keys) -> String? {
        do {
            _ = try read(token, keys: keys)
            return nil
        } catch {
            return (error as? Problem)?.code
        }
    }

    @Test("what the store signed names its customer, whatever else it says; every live secret counts")
    func valid() throws {
        #expect(try Self.read(jwt(Self.payload(["iat": 1, "email": "a@b", "aud": ["x"]]), secret: Self.secret)) == "c1")
        #expect(try Self.read(jwt(Self.payload(["sub": "müşteri 7"]), secret: "another secret")) == "müşteri 7")
        #expect(try Self.read(jwt(Self.payload(["exp": .double(Double(Self.seconds) + 0.5)]), secret: Self.secret)) == "c1")
        #expect(try Self.read(jwt(Self.payload(), secret: Self.secret, header: ["alg": "HS256", "kid": "any"])) == "c1")
    }

    @Test("the example of RFC 7515, A.1, has the signature that stands there")
    func standard() {
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
            + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let key = Base64URL.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow") ?? []
        // It fits, and then lacks a sub: a signature that did not fit would say so.
        #expect { try Self.read(token, keys: [SymmetricKey(data: key)]) } throws: { ($0 as? Problem)?.detail?.contains("sub") == true }
    }

    @Test("the times are held to, with a minute for clocks that differ")
    func times() throws {
        func at(_ difference: Int64) -> String? {
            Self.code(jwt(Self.payload(["exp": .int(Self.seconds + difference)]), secret: Self.secret))
        }
        #expect(at(-59) == nil)
        #expect(at(-60) == "expired_customer_token")
        #expect(at(-1_000_000) == "expired_customer_token")
        #expect(at(86_460) == nil)
        #expect(at(86_461) == "invalid_customer_token")
        #expect(Self.code(jwt(Self.payload(["nbf": .int(Self.seconds + 60)]), secret: Self.secret)) == nil)
        #expect(Self.code(jwt(Self.payload(["nbf": .int(Self.seconds + 61)]), secret: Self.secret)) == "invalid_customer_token")
    }

    @Test(
        "what the store did not sign, or not so, is refused",
        arguments: [
            "", ".", "..", "...", "a.b", "a.b.c.d", "sk_not_a_token",
            jwt(payload(), secret: "a guess at the secret"),
            jwt(payload(), secret: secret) + "=", jwt(payload(), secret: secret) + "A", String(jwt(payload(), secret: secret).dropLast()),
            jwt(payload(), secret: secret, header: ["alg": "none"]), jwt(payload(), secret: secret, header: ["alg": "HS512"]),
            jwt(payload(), secret: secret, header: ["alg": "hs256"]), jwt(payload(), secret: secret, header: ["typ": "JWT"]),
            jwt(payload(), secret: secret, header: ["alg": "HS256", "crit": ["b64"], "b64": false]),
            jwt(payload(), secret: secret, header: []),
            Base64URL.encode((["alg": "none"] as JSON).bytes) + "." + Base64URL.encode(payload().bytes) + ".",
            jwt([], secret: secret), jwt(payload(["sub": nil]), secret: secret), jwt(payload(["sub": ""]), secret: secret),
            jwt(payload(["sub": 7]), secret: secret), jwt(payload(["sub": .string(String(repeating: "x", count: 256))]), secret: secret),
            jwt(payload(["sub": "a\0b"]), secret: secret), jwt(payload(["exp": nil]), secret: secret),
            jwt(payload(["exp": "soon"]), secret: secret),
            jwt(payload(["exp": .double(1e300)]), secret: secret), jwt(payload(["exp": .int(.max)]), secret: secret),
            jwt(payload(["nbf": "now"]), secret: secret),
            jwt(payload(["more": .string(String(repeating: "x", count: 5_000))]), secret: secret),
        ])
    func refused(token: String) {
        #expect(Self.code(token) == "invalid_customer_token")
    }

    @Test("no token is valid where no secret is set, not even one signed with nothing")
    func unconfigured() {
        #expect(Self.code(jwt(Self.payload(), secret: ""), keys: []) == "invalid_customer_token")
    }

    @Test("a token with any one character changed is refused")
    func altered() {
        let token = jwt(Self.payload(), secret: Self.secret)
        for index in token.indices {
            for other in "AB.-_0=" where other != token[index] {
                var altered = token
                altered.replaceSubrange(index...index, with: String(other))
                #expect(Self.code(altered) == "invalid_customer_token", "\(altered)")
            }
        }
    }
}
