import HTTPTypes
import Hummingbird
import Shared

/// What browsers must hear before a page of the shop may read an answer of the gateway (the Fetch standard's CORS protocol). There are no cookies in
/// it: a page shows its key with every call, so it takes no rights that its reader has elsewhere.
enum CrossOrigin {
    static let requestHeaders = "Authorization, Content-Type, Idempotency-Key, X-Customer-Token"
    static let exposedHeaders = "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed"
    /// How long a browser may remember the answer to its question, in seconds.
    static let maximumAge = 7_200

    /// The answer to `OPTIONS`: what may be called. It names no key, so it cannot know whether the page may; the call itself is judged.
    static func preflight(_ request: Request, methods: [HTTPRequest.Method]) -> Response {
        let names = methods.map(\.rawValue).joined(separator: ", ")
        var response = Response(status: .noContent, headers: [.allow: names])
        guard let origin = request.headers[.origin] else { return response }
        mark(&response, origin: origin, isReadable: true)
        response.headers[.accessControlExposeHeaders] = nil
        response.headers[.accessControlAllowMethods] = names
        response.headers[.accessControlAllowHeaders] = requestHeaders
        response.headers[.accessControlMaxAge] = String(maximumAge)
        return response
    }

    /// Tells the browser whether the page that called may read this answer.
    static func mark(_ response: inout Response, origin: String, isReadable: Bool) {
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        guard isReadable else { return }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = exposedHeaders
    }
}
