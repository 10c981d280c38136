import Crypto
public import Shared

/// Signs what goes out in links (unsubscribing, tracking, personal surveys) and reads what comes back: `<payload>.<HMAC-SHA256, 128 bits>`,
/// base64url. Each purpose has a key of its own, derived from `VEFA_LINK_KEY`: a token of one purpose is worth nothing to another. The payload can be
/// read by whoever has the link; it must name nothing that they may not know.
public struct LinkSigner: Sendable {
    private let key: SymmetricKey

    /// Characters; longer tokens are forged.
    public static let maximumLength = 8_192
    private static let codeLength = 16

    public init(key: [UInt8]) {
        self.key = SymmetricKey(data: key)
    }

    public enum Reading: Sendable, Equatable {
        case valid(JSON)
        /// Made here, and past its time.
        case expired(JSON)
        case forged
    }

    /// A token for `payload`. `expires` is by the machine's time; nil: never.
    public func token(_ purpose: String, _ payload: JSON, expires: Timestamp? = nil) -> String {
        let envelope: JSON = expires.map { ["p": payload, "e": .int($0.milliseconds / 1_000)] } ?? ["p": payload]
        let bytes = envelope.bytes
        return Base64URL.encode(bytes) + "." + Base64URL.encode(code(purpose, bytes))
    }

    public func read(_ token: String, _ purpose: String, now: Timestamp = VefaClock.machineNow) -> Reading {
        guard token.utf8.count <= Self.maximumLength else { return .forged }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let bytes = Base64URL.decode(String(parts[0])), let given = Base64URL.decode(String(parts[1])),
            Self.equal(given, code(purpose, bytes)), let envelope = try? JSONParser.parse(bytes), let payload = envelope["p"]
        else { return .forged }
        if let expires = envelope["e"]?.int, now.milliseconds >= expires * 1_000 { return .expired(payload) }
        return .valid(payload)
    }

    private func code(_ purpose: String, _ bytes: [UInt8]) -> [UInt8] {
        let derived = HMAC<SHA256>.authenticationCode(for: Array("vefa link \(purpose)".utf8), using: key)
        return Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: derived)).prefix(Self.codeLength))
    }

    /// In constant time.
    private static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
