public import NIOCore

/// Where a service, or one replica of it, listens: `http://host:port`. A name may stand for several replicas, see ``ReplicaDirectory``.
public struct ServiceAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an IP address; an IPv6 address stands here without its brackets.
    public let host: String
    /// 1 to 65535.
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `http://host:port`, `host:port` or `http://host` (port 80).
    ///
    /// A path, a query, credentials and any scheme but `http` are refused: a replica is a socket, the path is the request's.
    /// - Throws: ``InvalidServiceAddress``.
    public init(parsing text: String) throws(InvalidServiceAddress) {
        func refuse(_ reason: String) -> InvalidServiceAddress { InvalidServiceAddress(text: text, reason: reason) }

        var rest = Substring(text)
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else { throw refuse("only http:// is supported") }
            rest = rest[scheme.upperBound...]
        }
        if rest.hasSuffix("/") { rest.removeLast() }
        guard !rest.isEmpty else { throw refuse("the host is missing") }
        guard !rest.contains(where: { "/?#@".contains($0) || $0.isWhitespace }) else {
            throw refuse("expected http://host:port and nothing after it")
        }

        var port: Substring?
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { throw refuse("the bracket of the IPv6 address is not closed") }
            let after = rest[rest.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { throw refuse("expected a port after the IPv6 address") }
            port = after.isEmpty ? nil : after.dropFirst()
            rest = rest[rest.index(after: rest.startIndex)..<end]
        } else if let colon = rest.firstIndex(of: ":") {
            port = rest[rest.index(after: colon)...]
            rest = rest[..<colon]
        }
        guard !rest.isEmpty else { throw refuse("the host is missing") }
        self.host = String(rest)
        if let port {
            guard let number = Int(port), (1...65535).contains(number) else { throw refuse("the port is not 1 to 65535") }
            self.port = number
        } else {
            self.port = 80
        }
    }

    /// Reads a comma-separated list, as in `VEFA_LOYALTY_URL=http://a:1,http://b:2`. Never empty; repetitions count once.
    public static func list(_ text: String) throws(InvalidServiceAddress) -> [ServiceAddress] {
        var addresses: [ServiceAddress] = []
        for part in text.split(separator: ",") {
            let trimmed = part.drop(while: \.isWhitespace)
            let address = try ServiceAddress(parsing: String(trimmed.prefix { !$0.isWhitespace }))
            if !addresses.contains(address) { addresses.append(address) }
        }
        guard !addresses.isEmpty else { throw InvalidServiceAddress(text: text, reason: "no address given") }
        return addresses
    }

    /// `host:port`, with brackets around IPv6: what goes into the `Host` header and into logs.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether ``host`` is an IP address: one replica, for ever.
    public var isLiteral: Bool { socketAddress != nil }

    /// `http://host:port`.
    public var url: String { "http://\(description)" }

    /// The socket address when ``host`` is an IP address, which needs no resolver; nil when it is a name.
    public var socketAddress: SocketAddress? {
        try? SocketAddress(ipAddress: host, port: port)
    }
}

/// An upstream address that cannot be used, and why.
public struct InvalidServiceAddress: Error, CustomStringConvertible {
    public let text: String
    public let reason: String

    public var description: String { "invalid address of a service \"\(text)\": \(reason)" }
}
