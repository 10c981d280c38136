/// Where a store is: `sqlite:///absolute/path.db`, or `postgres://user@host/database?sslmode=verify-full`.
enum StoreURL: Hashable {
    case sqlite(path: String)
    /// The whole URL, its scheme in lower case: libpq reads the rest.
    case postgres(String)

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
