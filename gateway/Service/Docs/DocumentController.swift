import HTTPTypes
import Hummingbird
import NIOCore
import Shared
import SharedRuntime

/// `/openapi.json` for programs and `/docs` for people: the same document, read when somebody first asks for it.
struct DocumentController: Sendable {
    private struct Rendering: Sendable {
        let document: ByteBuffer
        let page: ByteBuffer
        let etag: String

        init() throws {
            let source = try OpenAPIDocument()
            document = ByteBuffer(bytes: source.bytes)
            page = ByteBuffer(string: DocsPage(source.json).html)
            etag = source.etag
        }
    }

    /// Made once in a process.
    private static let rendering = Result { try Rendering() }

    func openAPI(_ request: Request, _ context: VefaContext) async throws -> Response {
        let rendering = try await Self.read()
        return answer(request, rendering.document, rendering.etag, "application/json", [:])
    }

    func docs(_ request: Request, _ context: VefaContext) async throws -> Response {
        let rendering = try await Self.read()
        // The page has no script and loads nothing; the policy says so, in case a description ever smuggles something in.
        return answer(
            request, rendering.page, rendering.etag, "text/html; charset=utf-8",
            [
                .contentSecurityPolicy:
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ])
    }

    /// The first reading takes some milliseconds, which the connection's thread has better uses for.
    private static func read() async throws -> Rendering {
        try await offLoop { try rendering.get() }
    }

    private func answer(_ request: Request, _ body: ByteBuffer, _ etag: String, _ type: String, _ more: HTTPFields) -> Response {
        var headers = more
        headers[.eTag] = etag
        headers[.cacheControl] = "no-cache"
        if Self.matches(request.headers[.ifNoneMatch], etag) { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }

    /// RFC 9110 13.1.2, weakly compared.
    private static func matches(_ header: String?, _ etag: String) -> Bool {
        guard let header else { return false }
        if header == "*" { return true }
        return header.split(separator: ",").contains { tag in
            let trimmed = tag.drop { $0 == " " }
            return (trimmed.hasPrefix("W/") ? trimmed.dropFirst(2) : trimmed).prefix { $0 != " " } == etag
        }
    }
}
