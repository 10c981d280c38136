import HTTPTypes
import Hummingbird
import NIOCore
import Shared
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("Pages for shoppers") struct HTMLPageTests {
    @Test("text cannot become markup, in an element or in an attribute")
    func escape() {
        #expect(HTML.escape(#"<script>"&'ş"#) == "&lt;script&gt;&quot;&amp;&#39;ş")
        let page = HTMLPage(language: "tr\"><x", title: "</title><script>", body: "").html
        #expect(!page.contains("<script>") && !page.contains("\"><x"))
    }

    @Test("no script, no foreign content, no frame, no cache")
    func headers() {
        let reply = HTMLPage(language: "tr", title: "Anket", body: "<h1>Anket</h1>").reply(.notFound)
        #expect(reply.status == .notFound)
        #expect(reply.contentType == "text/html; charset=utf-8")
        let policy = reply.headers[.contentSecurityPolicy] ?? ""
        #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("script-src"))
        #expect(reply.headers[.cacheControl] == "no-store")
    }

    private func request(_ headers: HTTPFields, body: String = "") -> Request {
        Request(
            head: HTTPRequest(method: .post, scheme: "http", authority: "test", path: "/", headerFields: headers),
            body: RequestBody(buffer: ByteBuffer(string: body)))
    }

    @Test("a form is read as browsers write it")
    func form() async throws {
        let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        let fields = try await request(form, body: "q1=9&q2=a+b%26c&q2=%C5%9F&empty=&flag").form()
        #expect(fields.map(\.name) == ["q1", "q2", "q2", "empty", "flag"])
        #expect(fields.map(\.value) == ["9", "a b&c", "ş", "", ""])
        #expect(try await request(form).form().isEmpty)
        await #expect(throws: Problem.self) { try await request([.contentType: "application/json"], body: "{}").form() }
        await #expect(throws: Problem.self) { try await request(form, body: "a=\(String(repeating: "x", count: 100))").form(limit: 50) }
    }

    @Test(
        "languages by their weight",
        arguments: [
            ("tr-TR,tr;q=0.9,en;q=0.8", ["tr-TR", "tr", "en"]), ("en;q=0.3, tr;q=0.7, *;q=0.1", ["tr", "en"]), ("de;q=0, en", ["en"]),
            ("", []), (";;q=x,,", []),
        ])
    func languages(header: String, expected: [String]) {
        #expect(request([.acceptLanguage: header]).acceptedLanguages == expected)
    }
}
