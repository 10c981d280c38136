public import HTTPTypes
public import Hummingbird
public import NIOCore
public import Shared

/// An answer in JSON.
public struct Reply: ResponseGenerator, Sendable {
    public var status: HTTPResponse.Status
    public var headers: HTTPFields
    public var body: [UInt8]
    public var contentType: String

    public init(_ status: HTTPResponse.Status = .ok, _ json: JSON, headers: HTTPFields = [:]) {
        self.init(status, bytes: json.bytes, headers: headers)
    }

    public init(_ status: HTTPResponse.Status = .ok, bytes: [UInt8], contentType: String = "application/json", headers: HTTPFields = [:]) {
        self.status = status
        self.headers = headers
        self.contentType = contentType
        body = bytes
    }

    public init(_ problem: Problem, instance: String? = nil) {
        self.init(HTTPResponse.Status(code: problem.status), bytes: problem.json(instance: instance).bytes, contentType: "application/problem+json")
        if let seconds = problem.retryAfter { headers[.retryAfter] = String(seconds) }
        if problem.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if case .array(let methods)? = problem.extensions["allow"], problem.status == 405 {
            headers[.allow] = methods.compactMap(\.string).joined(separator: ", ")
        }
    }

    public static func created(_ json: JSON) -> Reply { Reply(.created, json) }
    public static func accepted(_ json: JSON) -> Reply { Reply(.accepted, json) }
    public static func noContent() -> Reply { Reply(.noContent, bytes: []) }

    public func response(from request: Request, context: some RequestContext) throws -> Response { response }

    public var response: Response {
        var fields = headers
        guard status != .noContent else { return Response(status: status, headers: fields) }
        fields[.contentType] = contentType
        fields[.contentLength] = String(body.count)
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension HTTPField.Name {
    public static let requestID = HTTPField.Name("X-Request-Id")!
    public static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    public static let idempotencyReplayed = HTTPField.Name("Idempotency-Replayed")!
    public static let principal = HTTPField.Name("X-Vefa-Principal")!
    /// The shopper's address, as the gateway saw it: on calls with a publishable key and on links that anybody may follow.
    public static let clientAddress = HTTPField.Name("X-Vefa-Client-Address")!
}
