public import Hummingbird
public import NIOCore
public import Shared

/// What is known of a request while it is answered.
public struct VefaContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// The connection, whose event loop upstream connections share; nil in router-only tests.
    public let channel: (any Channel)?
    /// `X-Request-Id`: the caller's, where it is a decent one, or made here.
    public var requestID = ""
    /// Who is calling, once checked.
    public var principal: Principal?
    /// The caller's address as the connection has it; nil in router-only tests.
    public var remoteAddress: String? { channel?.remoteAddress?.ipAddress }

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    func with(requestID: String) -> VefaContext {
        var context = self
        context.requestID = requestID
        return context
    }

    /// The principal, or a 401.
    public func requirePrincipal() throws -> Principal {
        guard let principal else { throw Problem.unauthorized("This call needs a key.") }
        return principal
    }

    /// A part of the path, decoded once (Hummingbird hands it over as it stood in the URL). A 404 where there is none or where it can name nothing.
    public func parameter(_ name: String) throws -> String {
        try PathParameter.require(parameters.get(name)?.removingPercentEscapes)
    }
}

extension Request {
    /// A query parameter, decoded; the first of that name, nil when absent.
    public func query(_ name: String) -> String? {
        queryItems.first { $0.name == name }?.value
    }

    /// The query parameters in their order, decoded as forms and `URLSearchParams` write them: a plus is a space.
    var queryItems: [(name: String, value: String)] {
        uri.query?.formItems ?? []
    }

    /// `?limit=&cursor=`.
    public func page() throws -> PageRequest {
        try PageRequest(limit: query("limit"), cursor: query("cursor"))
    }

    /// The whole body, or a 413 when it is longer than `limit`.
    public func bytes(limit: Int) async throws -> ByteBuffer {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw Problem.tooLarge(limit: limit) }
        do {
            return try await body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw Problem.tooLarge(limit: limit)
        }
    }

    /// The body as JSON; no body reads as `{}`. 400 when it is not JSON, 415 when it says it is something else.
    public func json(limit: Int = 1 << 20, depthLimit: Int = JSONParser.maximumDepth) async throws -> JSON {
        let buffer = try await bytes(limit: limit)
        guard buffer.readableBytes > 0 else { return .object(JSONObject()) }
        if let type = headers[.contentType], !type.isEmpty {
            let media = type.prefix { $0 != ";" }.lowercased()
            guard media.contains("json") else {
                throw Problem(415, "unsupported_media_type", "This content type is not read here", detail: "application/json was expected.")
            }
        }
        return try JSON(parsing: buffer, depthLimit: depthLimit)
    }
}

extension String {
    /// `a=1&b=x+y`: names and values decoded as forms and `URLSearchParams` write them.
    var formItems: [(name: String, value: String)] {
        func decoded(_ text: Substring) -> String {
            (text.utf8.contains(0x2B) ? text.replacing("+", with: " ") : text).description.removingPercentEscapes
        }
        return split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(parts[0]), parts.count > 1 ? decoded(parts[1]) : "")
        }
    }
}

enum PathParameter {
    /// The longest is the token of a link.
    static let maximumLength = LinkSigner.maximumLength

    /// A part of the path that can name something; else a 404.
    static func require(_ value: String?) throws -> String {
        guard let value, !value.isEmpty, value.utf8.count <= maximumLength, !value.utf8.contains(0) else { throw Problem.notFound("such thing") }
        return value
    }
}

extension JSON {
    /// A body from outside. U+0000 in one of its texts is refused by pointer: PostgreSQL cannot keep it, and what may be sent must not depend on the
    /// store behind. What the five say to each other (`JSONParser.ownDepth`) is not judged once more: an event that was taken in before must not stop
    /// those behind it.
    public init(parsing buffer: ByteBuffer, depthLimit: Int = JSONParser.maximumDepth) throws {
        do {
            self = try buffer.withUnsafeReadableBytes { raw in
                try raw.withMemoryRebound(to: UInt8.self) { bytes in
                    let json = try JSONParser.parse(bytes, depthLimit: depthLimit)
                    if depthLimit <= JSONParser.maximumDepth, let pointer = json.nul(in: bytes) { throw Problem.invalid([.nul(at: pointer)]) }
                    return json
                }
            }
        } catch let error as JSONSyntaxError {
            throw Problem.malformed("Not JSON: \(error).")
        }
    }
}
