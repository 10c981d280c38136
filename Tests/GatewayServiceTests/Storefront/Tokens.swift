import Crypto
import Shared

/// Signs as a store's server would.
func jwt(
    _ payload: JSON, secret: String, header: JSON = ["alg": "HS256", "typ": "JWT"]
) -> String {
    let signed = Base64URL.encode(header.bytes) + "." + Base64URL.encode(payload.bytes)
    let code = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: SymmetricKey(data: Array(secret.utf8)))
    return signed + "." + Base64URL.encode(Array(code))
}
