import Crypto
import Shared

/// What a caller shows to be let in. The key itself is shown once, when it is made; what is kept is its hash.
struct APIKey: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable {
        /// For servers: may call every route that its scopes allow.
        case secret
        /// For storefronts, where everybody can read it: only the routes that are marked for it.
        case publishable

        var keyPrefix: String { self == .secret ? "sk_" : "pk_" }
    }

    let id: String
    let kind: Kind
    var name: String
    /// The first characters of the key, by which people tell keys apart.
    let shown: String
    /// `*`, a family such as `loyalty:*`, or a scope such as `loyalty:read`.
    var scopes: [String]
    /// Origins (`https://shop.example`) whose pages may use a publishable key; empty: any.
    var allowedOrigins: [String]
    let createdAt: Timestamp
    var revokedAt: Timestamp?

    var json: JSON {
        [
            "id": .string(id), "kind": .string(kind.rawValue), "name": .string(name), "prefix": .string(shown), "scopes": .from(scopes),
            "allowed_origins": .from(allowedOrigins), "created_at": .string(createdAt.rfc3339), "revoked_at": .from(revokedAt),
        ]
    }
}

extension APIKey {
    /// A new key: `sk_` or `pk_` and 40 characters of 0–9, A–Z, a–z, 238 bits.
    static func makeKey(_ kind: Kind) -> String {
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var generator = SystemRandomNumberGenerator()
        var text = Array(kind.keyPrefix.utf8)
        for _ in 0..<40 { text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// What is stored of a key. Plain SHA-256 is enough: unlike a password, a key is random and too long to be guessed.
    static func hash(_ key: some StringProtocol) -> [UInt8] {
        Array(SHA256.hash(data: Array(key.utf8)))
    }

    /// `sk_1a2B3c…`: enough to tell keys apart, useless to a thief.
    static func shown(_ key: String) -> String { String(key.prefix(9)) + "…" }

    /// The kind that a key's own text claims.
    static func kind(of key: some StringProtocol) -> Kind? { Kind.allCases.first { key.hasPrefix($0.keyPrefix) } }
}

/// What a key's scopes allow.
enum Scopes {
    static let everything = "*"

    static func allow(_ scopes: [String], _ wanted: String) -> Bool {
        for scope in scopes {
            if scope == everything || scope == wanted { return true }
            if scope.hasSuffix(":*"), wanted.hasPrefix(scope.dropLast()) { return true }
        }
        return false
    }

    /// Whether a scope means anything: one of the route table's, a family of them, or `*`.
    static func isKnown(_ scope: String) -> Bool {
        if scope == everything || RouteTable.scopes.contains(scope) { return true }
        return scope.hasSuffix(":*") && RouteTable.scopes.contains { $0.hasPrefix(scope.dropLast()) }
    }
}
