import Crypto
import FoundationEssentials

/// The signature that Shopify (`X-Shopify-Hmac-Sha256`) and WooCommerce (`X-WC-Webhook-Signature`) put beside a webhook:
/// base64(HMAC-SHA256(secret, body)), over the bytes exactly as they came.
enum WebhookSignature {
    /// True when `header` is exactly the standard base64 text that one of the secrets gives for `body`. Several secrets are live during a
    /// rotation.
    ///
    /// Texts are compared, not decoded bytes: another spelling of the same bytes (URL-safe, unpadded, hexadecimal, with white space) is
    /// refused, since no store sends one. Time depends on neither the header's content nor on which secret fits. An empty secret fits
    /// nothing.
    static func isValid(secrets: [String], body: some DataProtocol, header: String) -> Bool {
        var valid = false
        for secret in secrets {
            // No early exit: the answer must not tell which of the secrets is the live one.
            let fits = isValid(secret: secret, body: body, header: header)
            valid = fits || valid
        }
        return valid
    }

    /// True when `header` is exactly what `secret` gives for `body`.
    static func isValid(secret: String, body: some DataProtocol, header: String) -> Bool {
        guard !secret.isEmpty else { return false }
        let code = HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8)))
        return constantTimeEqual(Array(Data(code).base64EncodedString().utf8), Array(header.utf8))
    }

    private static func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for index in a.indices { difference |= a[index] ^ b[index] }
        return difference == 0
    }
}
