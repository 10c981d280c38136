/// What is wrong with the mail configuration. Says which part, and never quotes it: any part may hold a mistyped password.
public enum MailConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    case scheme
    case credentials
    case host
    case port
    case path
    case query
    /// The file that `ca` names cannot be read.
    case certificateFile(String)

    public var description: String {
        switch self {
        case .scheme: "The SMTP URL has to begin with smtp://, smtp+starttls:// or smtps://."
        case .credentials:
            "The SMTP URL's user and password have to read user:password@, with every character but letters and digits percent-encoded if in doubt."
        case .host: "The SMTP URL's host is missing or is not a host name or address."
        case .port: "The SMTP URL's port is not a number from 1 to 65535. (A / ? # or @ in the password has to be percent-encoded.)"
        case .path: "The SMTP URL has to end after the host and port, or go on with ?ca=FILE or ?verify=on|off."
        case .query: "The SMTP URL's query may hold ca=FILE and verify=on or verify=off, each once, and no others."
        case .certificateFile(let path): "The SMTP URL's ca file \(path) cannot be read."
        }
    }
}

/// Where mails are handed over, read from `VEFA_SMTP_URL`:
///
///     smtp://host[:25]            STARTTLS where the server offers it
///     smtp+starttls://host[:587]  STARTTLS demanded: nothing is sent without it
///     smtps://host[:465]          TLS from the start
///
/// `user:password@` before the host authenticates (percent-decoded). Two options may follow: `?ca=/path/file` trusts that CA's certificates
/// instead of the system's, `?verify=off` takes any certificate (private relays), `?verify=on` checks it.
///
/// Certificates are checked with the two schemes that demand TLS. `smtp://` is opportunistic (RFC 7435): whoever could forge a certificate could as
/// well remove the offer of STARTTLS, so without `ca` or `verify=on` it takes any. Over networks that are not one's own, use the other two.
struct SMTPServer: Sendable, Equatable, CustomStringConvertible {
    enum Security: String, Sendable {
        case startTLSWhereOffered = "smtp"
        case startTLS = "smtp+starttls"
        case tls = "smtps"

        var defaultPort: UInt16 {
            switch self {
            case .startTLSWhereOffered: 25
            case .startTLS: 587
            case .tls: 465
            }
        }
    }

    /// A text that stays out of logs: printing or dumping it shows dots.
    struct Password: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
        let exposed: String
        var description: String { "••••" }
        var debugDescription: String { description }
        var customMirror: Mirror { Mirror(self, children: []) }
    }

    let security: Security
    /// A name, an IPv4 address, or an IPv6 address in its brackets.
    let host: String
    let port: UInt16
    let user: String?
    let password: Password?
    let certificateFile: String?
    let verifies: Bool

    /// The server without its password.
    var description: String {
        "\(security.rawValue)://\(host):\(port)\(user == nil ? "" : " with login")"
    }

    init(url: String) throws(MailConfigurationError) {
        guard let colon = url.firstRange(of: "://"), let security = Security(rawValue: url[..<colon.lowerBound].lowercased()) else {
            throw .scheme
        }
        let rest = url[colon.upperBound...]
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        var login: (user: String, password: String)?
        if let at = authority.lastIndex(of: "@") {
            login = try Self.login(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        (host, port) = try Self.hostAndPort(authority, default: security.defaultPort)
        let query = try Self.query(rest[authorityEnd...])
        self.security = security
        user = login?.user
        password = (login?.password).map(Password.init)
        certificateFile = query.certificateFile
        verifies = query.verifies ?? (query.certificateFile != nil || security != .startTLSWhereOffered)
    }
}

extension SMTPServer {
    private static func login(_ text: Substring) throws(MailConfigurationError) -> (user: String, password: String) {
        guard let colon = text.firstIndex(of: ":"), let user = percentDecoded(text[..<colon]), !user.isEmpty,
            let password = percentDecoded(text[text.index(after: colon)...])
        else { throw .credentials }
        return (user, password)
    }

    private static func hostAndPort(_ text: Substring, default defaultPort: UInt16) throws(MailConfigurationError) -> (String, UInt16) {
        var host = text
        var port = defaultPort
        let afterBracket = text.hasPrefix("[") ? text.firstIndex(of: "]").map { text.index(after: $0) } : text.startIndex
        guard let searchStart = afterBracket else { throw .host }
        if let colon = text[searchStart...].firstIndex(of: ":") {
            let digits = text[text.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits), number > 0 else { throw .port }
            port = number
            host = text[..<colon]
        } else {
            guard searchStart == text.startIndex || searchStart == text.endIndex else { throw .host }
        }
        let isAddress = host.hasPrefix("[")
        let inner = isAddress ? host.dropFirst().dropLast() : host
        guard !inner.isEmpty,
            inner.utf8.allSatisfy({ HeaderRules.isLetterOrDigit($0) || (isAddress ? ":.%" : ".-_").utf8.contains($0) })
        else { throw .host }
        return (String(host), port)
    }

    /// What follows the authority: nothing, "/", or the options.
    private static func query(_ text: Substring) throws(MailConfigurationError) -> (certificateFile: String?, verifies: Bool?) {
        var rest = text
        if rest.first == "/" { rest = rest.dropFirst() }
        if rest.isEmpty { return (nil, nil) }
        guard rest.first == "?" else { throw .path }
        var file: String?
        var verifies: Bool?
        for pair in rest.dropFirst().split(separator: "&", omittingEmptySubsequences: false) {
            if pair.hasPrefix("ca="), file == nil, let path = percentDecoded(pair.dropFirst(3)), !path.isEmpty {
                file = path
            } else if pair == "verify=on" || pair == "verify=off", verifies == nil {
                verifies = pair == "verify=on"
            } else {
                throw .query
            }
        }
        return (file, verifies)
    }

    /// Nil where an escape is broken, or where the result is not UTF-8 or holds control characters (NUL would cut a C string short).
    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else { return nil }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte)
            }
        }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
