import HTTPTypes
import NIOHTTP1

/// What a proxy does to the headers of a message it passes on (RFC 9110 7.6.1).
enum HopByHop {
    /// Headers that concern one connection only. `name` in lower case.
    static func isHopByHop(_ name: String) -> Bool {
        switch name.utf8.count {
        case 2: name == "te"
        case 7: name == "upgrade" || name == "trailer"
        case 10: name == "connection" || name == "keep-alive"
        case 17: name == "transfer-encoding"
        default: name.hasPrefix("proxy-")
        }
    }

    /// The headers that a `Connection` header names, in lower case; empty in nearly every message.
    static func named(by connection: some Sequence<String>) -> [String] {
        var names: [String] = []
        for value in connection {
            for part in value.split(separator: ",") {
                let name = part.filter { $0 != " " && $0 != "\t" }.lowercased()
                if name != "close" && name != "keep-alive" { names.append(name) }
            }
        }
        return names
    }
}

extension HTTPRequestHead {
    /// The head that goes to a replica: same method and target, the end-to-end headers, `Host` of the replica, and the
    /// framing that `body` needs.
    init(_ request: UpstreamRequest, path: String, host: String) {
        let fields = request.head.headerFields
        let named = fields.contains(.connection) ? HopByHop.named(by: fields[values: .connection]) : []
        var headers = HTTPHeaders()
        headers.reserveCapacity(fields.count + request.added.count + 2)
        headers.add(name: "host", value: host)
        for field in fields {
            let name = field.name.canonicalName
            // `Expect` was this server's to answer, and the framing below is this connection's.
            guard name != "host", name != "content-length", name != "expect" else { continue }
            guard !HopByHop.isHopByHop(name), named.isEmpty || !named.contains(name) else { continue }
            guard request.added.isEmpty || !request.added.contains(field.name) else { continue }
            headers.add(name: field.name.rawName, value: field.value)
        }
        for field in request.added {
            headers.add(name: field.name.rawName, value: field.value)
        }
        let method = HTTPMethod(rawValue: request.head.method.rawValue)
        switch request.body {
        case .buffer(let buffer):
            headers.add(name: "content-length", value: String(buffer.readableBytes))
        case .stream(_, let length?):
            headers.add(name: "content-length", value: String(length))
        case .stream(_, nil):
            headers.add(name: "transfer-encoding", value: "chunked")
        case .none:
            // A method that usually has a body says so when it has none (RFC 9110 8.6).
            if method == .POST || method == .PUT || method == .PATCH { headers.add(name: "content-length", value: "0") }
        }
        self.init(version: .http1_1, method: method, uri: path, headers: headers)
    }
}

extension HTTPFields {
    /// The end-to-end headers of an upstream's response.
    init(endToEnd headers: HTTPHeaders) {
        self.init()
        reserveCapacity(headers.count)
        var named: [String]?
        for (rawName, value) in headers {
            // A name that is no token cannot be passed on.
            guard let name = HTTPField.Name(rawName) else { continue }
            let canonical = name.canonicalName
            if HopByHop.isHopByHop(canonical) {
                if name == .connection { named = (named ?? []) + HopByHop.named(by: CollectionOfOne(value)) }
                continue
            }
            append(HTTPField(name: name, value: value))
        }
        // `Connection` may come after what it names.
        for name in named ?? [] {
            if let name = HTTPField.Name(name) { self[values: name] = [] }
        }
    }
}

extension UpstreamRequest {
    /// The target as received, or nil when writing it would break the request line.
    var validPath: String? {
        guard let path = head.path, !path.isEmpty else { return nil }
        return path.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f } ? path : nil
    }
}
