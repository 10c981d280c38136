/// An http or https address, read strictly: what browsers and servers could understand differently (credentials, backslashes, control characters,
/// hosts outside ASCII) is not one. For redirects, which must never lead where the shop did not mean.
public struct WebAddress: Sendable, Hashable {
    /// The address as it was written.
    public let text: String
    public let isSecure: Bool
    /// Lower-case, without the port.
    public let host: String
    public let port: Int?
    /// From the host's end to the end of the text: path, query and fragment.
    public let rest: String

    public static let maximumLength = 4_096

    /// Nil for anything but `http(s)://host[:port][/path][?query][#fragment]`.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count <= Self.maximumLength, bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != 0x5C && $0 < 0x80 }) else { return nil }
        let lowered = text.prefix(8).lowercased()
        let prefix: Int
        if lowered.hasPrefix("https://") {
            (isSecure, prefix) = (true, 8)
        } else if lowered.hasPrefix("http://") {
            (isSecure, prefix) = (false, 7)
        } else {
            return nil
        }
        let after = text.dropFirst(prefix)
        let end = after.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? after.endIndex
        let authority = after[..<end].split(separator: ":", omittingEmptySubsequences: false)
        guard let host = authority.first?.lowercased(), Self.isHost(host), authority.count <= 2 else { return nil }
        if authority.count == 2 {
            guard let number = UInt16(authority[1]), number > 0 else { return nil }
            port = Int(number)
        } else {
            port = nil
        }
        self.text = text
        self.host = host
        rest = String(after[end...])
    }

    /// A name or an IPv4 address: letters, digits, hyphens and dots, no empty part.
    public static func isHost(_ host: String) -> Bool {
        guard !host.isEmpty, host.utf8.count <= 253 else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        }
    }

    /// `https://shop.example` or `https://shop.example:8443`.
    public var origin: String {
        "\(isSecure ? "https" : "http")://\(host)" + (port.map { ":\($0)" } ?? "")
    }

    /// The same address with one more query parameter, before any fragment. `name` and `value` are escaped.
    public func adding(_ name: String, _ value: String) -> String {
        let hash = text.firstIndex(of: "#") ?? text.endIndex
        let before = text[..<hash]
        let separator = before.contains("?") ? (before.last == "?" || before.last == "&" ? "" : "&") : "?"
        return before + separator + PercentCoding.encode(name) + "=" + PercentCoding.encode(value) + text[hash...]
    }
}

/// RFC 3986.
public enum PercentCoding {
    /// Everything but unreserved characters escaped.
    public static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: output.append(byte)
            default: output.append(contentsOf: [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
