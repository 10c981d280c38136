import Crypto
import Shared

/// What a store signs for a shopper who is logged in there: a JWT (RFC 7519) with `sub`, the customer's id, and `exp`, by HMAC-SHA256 and nothing
/// else ([ADR 7](docs/adr/0007-customer-tokens-on-swift-crypto.md)).
enum CustomerToken {
    static let maximumLength = 4_096
    /// A token is for one visit, not for ever.
    static let longestSeconds: Double = 86_400
    /// The store's clock may differ by this much.
    static let leewaySeconds: Double = 60

    /// The customer whom the token names.
    /// - Parameters:
    ///   - keys: every secret that may have signed it; all are tried.
    ///   - now: the machine's time.
    /// - Throws: `Problem` 401, `invalid_customer_token` or `expired_customer_token`.
    static func customer(of token: String, keys: [SymmetricKey], now: Timestamp) throws -> String {
        guard !keys.isEmpty else { throw invalid("No customer_token_secret is set, so no token can be valid: PUT /v1/settings sets it.") }
        let payload = try signedPayload(token, keys)
        let seconds = Double(now.milliseconds) / 1_000
        guard let customer = payload["sub"]?.string, !customer.isEmpty, customer.utf8.count <= CloudEvent.maximumTextLength,
            !customer.utf8.contains(0)
        else { throw invalid("The token's sub must be a customer's id.") }
        guard let expires = payload["exp"]?.double else { throw invalid("The token's exp, in seconds since 1970, is missing.") }
        guard expires > seconds - leewaySeconds else {
            throw Problem.unauthorized("The customer's token has expired; get a new one from the store.", code: "expired_customer_token")
        }
        guard expires <= seconds + longestSeconds + leewaySeconds else { throw invalid("The token's exp is more than 24 hours ahead.") }
        if let begins = payload["nbf"] {
            guard let begins = begins.double, begins <= seconds + leewaySeconds else { throw invalid("The token is not valid yet.") }
        }
        return customer
    }

    /// The payload, once the signature is known to fit: nothing is taken apart before that.
    private static func signedPayload(_ token: String, _ keys: [SymmetricKey]) throws -> JSON {
        guard token.utf8.count <= maximumLength else { throw invalid("The token is too long.") }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ $0.allSatisfy(isBase64URL) }),
            let code = Base64URL.decode(String(decoding: parts[2], as: UTF8.self))
        else { throw invalid("A JWT in its compact form was expected.") }
        let signed = Array(token.utf8.prefix(parts[0].count + 1 + parts[1].count))
        let fits = keys.reduce(false) { HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: $1) || $0 }
        guard fits else { throw invalid("The token's signature does not fit: HS256 with the shop's customer_token_secret was expected.") }
        // Signed, but perhaps for another algorithm or with rules that are not known here (RFC 7515, 4.1.11).
        guard let header = json(parts[0]), header["alg"] == "HS256", header["crit"] == nil else {
            throw invalid("The token's alg must be HS256.")
        }
        guard let payload = json(parts[1]), payload.object != nil else { throw invalid("The token's payload is no JSON object.") }
        return payload
    }

    private static func json(_ part: Substring.UTF8View) -> JSON? {
        Base64URL.decode(String(decoding: part, as: UTF8.self)).flatMap { try? JSONParser.parse($0) }
    }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }

    private static func invalid(_ detail: String) -> Problem { .unauthorized(detail, code: "invalid_customer_token") }
}
