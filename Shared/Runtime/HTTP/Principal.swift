import Crypto
public import Shared
import Synchronization

/// On whose behalf a call is made, as the gateway found it. Services trust it because it is signed with the key the five share.
public struct Principal: Sendable, Hashable {
    public enum Kind: String, Sendable {
        /// A store's server.
        case secret
        /// A storefront: what everybody may see in a page's source.
        case publishable
        /// Another of the five.
        case service
        /// A store's webhook, known by its signature.
        case store
        /// Anybody, by a link: what they may do is in the link.
        case visitor
    }

    public var kind: Kind
    public var keyID: String
    /// `*`, or names such as `loyalty:write`.
    public var scopes: [String]
    /// The shopper a storefront call is for, by the store's signed token.
    public var customerID: String?

    public init(kind: Kind, keyID: String, scopes: [String] = ["*"], customerID: String? = nil) {
        self.kind = kind
        self.keyID = keyID
        self.scopes = scopes
        self.customerID = customerID
    }

    /// Whoever follows a link into a mail or a page.
    public static let visitor = Principal(kind: .visitor, keyID: "visitor", scopes: [])

    /// A store's server, or one of the five.
    public var isServer: Bool { kind == .secret || kind == .service }

    public func may(_ scope: String) -> Bool {
        scopes.contains { $0 == "*" || $0 == scope || ($0.hasSuffix(":*") && scope.hasPrefix($0.dropLast())) }
    }
}

/// Writes and reads the header that carries a principal: `v1.<payload>.<HMAC-SHA256>`, base64url, valid for two minutes of machine time.
public final class PrincipalSigner: Sendable {
    private let key: SymmetricKey
    private let verified = Mutex<[String: (principal: Principal, expires: Int64)]>([:])
    private let signed = Mutex<[Principal: (header: String, renewAt: Int64)]>([:])

    private static let lifetime: Int64 = 120_000
    private static let cacheLimit = 4_096

    public init(key: [UInt8]) {
        self.key = SymmetricKey(data: key)
    }

    /// The header for a principal. The same text serves for half its life, which spares both sides the arithmetic.
    public func header(for principal: Principal) -> String {
        let now = VefaClock.machineNow.milliseconds
        if let known = signed.withLock({ $0[principal] }), known.renewAt > now { return known.header }
        let payload: JSON = [
            "k": .string(principal.kind.rawValue), "i": .string(principal.keyID), "s": .from(principal.scopes), "c": .from(principal.customerID),
            "e": .int(now + Self.lifetime),
        ]
        let header = sign(payload)
        signed.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[principal] = (header, now + Self.lifetime / 2)
        }
        return header
    }

    func sign(_ payload: JSON) -> String {
        let body = "v1." + Base64URL.encode(payload.bytes)
        let code = HMAC<SHA256>.authenticationCode(for: Array(body.utf8), using: key)
        return body + "." + Base64URL.encode(Array(code))
    }

    /// Nil when the header was not written with this key, or is too old.
    public func verify(_ header: String) -> Principal? {
        let now = VefaClock.machineNow.milliseconds
        if let known = verified.withLock({ $0[header] }) { return known.expires > now ? known.principal : nil }
        let parts = header.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "v1", let code = Base64URL.decode(String(parts[2])), let payload = Base64URL.decode(String(parts[1])) else {
            return nil
        }
        let body = Array((parts[0] + "." + parts[1]).utf8)
        guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: body, using: key), let json = try? JSONParser.parse(payload),
            let kind = json["k"]?.string.flatMap(Principal.Kind.init), let id = json["i"]?.string, let expires = json["e"]?.int, expires > now
        else { return nil }
        let principal = Principal(
            kind: kind, keyID: id, scopes: json["s"]?.array?.compactMap(\.string) ?? [], customerID: json["c"]?.string)
        verified.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[header] = (principal, expires)
        }
        return principal
    }
}
