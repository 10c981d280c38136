import HTTPTypes
import Hummingbird
import NIOCore

/// A request on its way to an upstream service.
struct UpstreamRequest: Sendable {
    /// What follows the head.
    enum Body: Sendable {
        case none
        /// A body at hand. It is sent with the head, and sent again if the request is.
        case buffer(ByteBuffer)
        /// A body that is passed on as it comes, no faster than the upstream takes it.
        /// `length` is what the client announced; nil sends it chunked.
        case stream(RequestBody, length: Int?)
    }

    /// Method, raw target (path and query as received) and headers as the caller prepared them. Hop-by-hop headers,
    /// `Host`, `Content-Length` and `Expect` may stay in: they are left out or set anew.
    var head: HTTPRequest
    /// Headers of the gateway's own. They replace the client's of the same name, and the client cannot have them removed by
    /// naming them in its `Connection` header.
    var added: HTTPFields
    var body: Body
    /// How long the upstream may take to answer; nil: ``UpstreamConfiguration/responseTimeout``.
    var responseTimeout: TimeAmount?
    /// Whether sending it twice does no harm. By default true for methods that are idempotent by definition (RFC 9110 9.2.2);
    /// a caller that knows of an idempotency key may set it.
    var isRepeatable: Bool
    /// The connection of the client. Where it is given, a streamed response ends as soon as the client leaves, rather than
    /// at the next write.
    var client: (any Channel)?

    init(
        head: HTTPRequest,
        added: HTTPFields = [:],
        body: Body = .none,
        responseTimeout: TimeAmount? = nil,
        isRepeatable: Bool? = nil,
        client: (any Channel)? = nil
    ) {
        self.head = head
        self.added = added
        self.body = body
        self.responseTimeout = responseTimeout
        self.isRepeatable = isRepeatable ?? Self.isIdempotent(head.method)
        self.client = client
    }

    static func isIdempotent(_ method: HTTPRequest.Method) -> Bool {
        switch method {
        case .get, .head, .put, .delete, .options: true
        default: false
        }
    }
}

extension UpstreamRequest.Body {
    /// Bodies up to this size are collected before they are sent, which lets head and body leave in one write.
    static let collectLimit = 64 * 1024

    /// The body of a received request: none, collected when it is announced as small, else streamed.
    /// - Throws: ``UpstreamError/requestIncomplete`` when the client sent less than it announced.
    nonisolated(nonsending) init(of request: Request) async throws {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }) {
            if length == 0 {
                self = .none
            } else if length <= Self.collectLimit {
                // By hand, because the body is known to be complete before its end has been asked for: one suspension less.
                var pieces = request.body.makeAsyncIterator()
                var collected = ByteBuffer()
                while collected.readableBytes < length {
                    guard var piece = try await pieces.next() else { throw UpstreamError.requestIncomplete }
                    if collected.readableBytes == 0 { collected = piece } else { collected.writeBuffer(&piece) }
                }
                guard collected.readableBytes == length else { throw UpstreamError.requestIncomplete }
                self = .buffer(collected)
            } else {
                self = .stream(request.body, length: length)
            }
        } else if request.headers.contains(.transferEncoding) {
            self = .stream(request.body, length: nil)
        } else {
            self = .none
        }
    }
}
