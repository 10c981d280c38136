/// Where a store is: `sqlite:///absolute/path.db`, or `postgres://user@host/database?sslmode=verify-full`.
enum StoreURL: Hashable {
    case sqlite(path: String)
    /// The whole URL, its scheme in lower case: libpq reads the rest.
    case postgres(String)

    /// Where it is, for people: no user, password or option.
    var place: String {
        switch self {
        case .sqlite(let path): return "sqlite://\(path)"
        case .postgres(let url):
            let rest = url.drop { $0 != ":" }.dropFirst("://".count).prefix { $0 != "?" }
            // Behind the last @: a password may hold one.
            let place = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
            return "postgres://\(place)"
        }
    }

    /// Reads a URL. The errors never repeat it: it may hold a password.
    init(_ url: String) throws {
        guard let colon = url.firstIndex(of: ":") else {
            throw StoreError.unknownScheme("a database URL begins with the name of its engine: \(Self.engines)")
        }
        let scheme = url[..<colon].lowercased()
        let rest = url[url.index(after: colon)...]
        switch scheme {
        case "sqlite":
            guard rest.hasPrefix("///"), !rest.contains("?"), !rest.contains("#") else {
                throw StoreError.misuse("an SQLite URL is sqlite:///absolute/path.db: three slashes, an absolute path, no options")
            }
            let path = Self.percentDecoded(rest.dropFirst(2))
            guard path.count > 1, !path.hasSuffix("/"), !path.utf8.contains(0) else {
                throw StoreError.misuse("an SQLite URL names a file: sqlite:///absolute/path.db")
            }
            self = .sqlite(path: path)
        case "postgres", "postgresql":
            #if Postgres
                self = .postgres("\(scheme):\(rest)")
            #else
                throw StoreError.unknownScheme("no PostgreSQL engine: \(Self.engines)")
            #endif
        default:
            throw StoreError.unknownScheme("there is no database engine for this URL's scheme: \(Self.engines)")
        }
    }

    /// The engines there are, for whoever named another.
    private static var engines: String {
        #if Postgres
            "sqlite:///absolute/path.db or postgres://user@host/database"
        #else
            "sqlite:///absolute/path.db (postgres:// is not built into this program; it is the package trait Postgres)"
        #endif
    }

    /// A path as a URL holds it.
    static func percentEncoded(_ path: String) -> String {
        path.utf8.reduce(into: "") { text, byte in
            switch byte {
            // Every other byte of ASCII as it is; what is not ASCII comes in several, which only together are a letter.
            case UInt8(ascii: "%"), UInt8(ascii: "?"), UInt8(ascii: "#"), 0x80...: text += "%" + String(byte, radix: 16, uppercase: true)
            default: text.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
    }

    private static func percentDecoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.first != UInt8(ascii: "+")
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
