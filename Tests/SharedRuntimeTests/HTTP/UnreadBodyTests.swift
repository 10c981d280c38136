import HTTPTypes
import Hummingbird
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Shared
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("A body that nobody wants") struct UnreadBodyTests {
    private func withServer(_ body: (Int, String) async throws -> Void) async throws {
        let definition = plain(.loyalty) { router, house in
            router.post("/v1/things") { request, context in
                try await house.command(request, context, limit: 1_000) { input, _ in Reply(.ok, ["body": input.body]) }
            }
        }
        try await withFolder { folder in
            let running = try await RunningHouse.start(definition, folder: folder)
            let signed = "X-Vefa-Principal: " + running.house.services.principalHeader(for: Principal(kind: .secret, keyID: "k")) + "\r\n"
            let result = await outcome { try await body(running.port, signed) }
            try await running.stop()
            try result.get()
        }
    }

    private func head(_ more: String) -> String {
        "POST /v1/things HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\(more)\r\n"
    }

    @Test("who sends all of a body that is too long before reading still reads the 413, and the connection ends")
    func honest() async throws {
        try await withServer { port, signed in
            let client = try RawClient(port: port)
            let size = 12 << 20
            #expect(await client.send(head(signed + "Content-Length: \(size)\r\n")))
            #expect(await client.send([UInt8](repeating: 0x20, count: size)))
            let answer = await client.read()
            #expect(answer.text.hasPrefix("HTTP/1.1 413 "))
            #expect(answer.text.lowercased().contains("connection: close"))
            #expect(answer.text.contains("too_large"))
            #expect(answer.ended)
        }
    }

    @Test("a body without an end is not read for ever, refused for its length or for want of a key", arguments: [true, false])
    func endless(isSigned: Bool) async throws {
        try await withServer { port, signed in
            let client = try RawClient(port: port)
            #expect(await client.send(head((isSigned ? signed : "") + "Transfer-Encoding: chunked\r\n")))
            async let reading = client.read()
            let chunk = Array("10000\r\n".utf8) + [UInt8](repeating: 0x20, count: 65_536) + Array("\r\n".utf8)
            var sent = 0
            while sent < 512 << 20, await client.send(chunk) { sent += chunk.count }
            #expect(sent < 200 << 20)
            let answer = await reading
            #expect(answer.ended)
            #expect(answer.text.hasPrefix(isSigned ? "HTTP/1.1 413 " : "HTTP/1.1 401 "))
        }
    }

    @Test("a refusal whose body came along leaves the connection in use")
    func keepsAlive() async throws {
        try await withServer { port, signed in
            let client = try RawClient(port: port)
            let body = String(repeating: " ", count: 200_000) + "{}"
            // Not signed: refused before the body is read.
            #expect(await client.send(head("Content-Length: \(body.utf8.count)\r\n") + body))
            let refused = await client.read { $0.contains("unsigned") }
            #expect(refused.text.hasPrefix("HTTP/1.1 401 ") && !refused.ended)
            #expect(await client.send(head(signed + "Content-Length: 2\r\n") + "{}"))
            let taken = await client.read { $0.contains("\"body\"") }
            #expect(taken.text.hasPrefix("HTTP/1.1 200 ") && !taken.ended)
        }
    }

    @Test("requests sent one behind the other are answered one after the other")
    func pipelined() async throws {
        try await withServer { port, signed in
            let client = try RawClient(port: port)
            let all = (1...5).map { head(signed + "Content-Length: 7\r\n") + "{\"n\":\($0)}" }.joined()
            #expect(await client.send(all))
            let answers = await client.read { $0.contains("\"n\":5") }
            #expect(answers.text.components(separatedBy: "HTTP/1.1 200 ").count == 6)
        }
    }

    // MARK: - The handler by itself, in its own time

    private func channel() throws -> (channel: EmbeddedChannel, loop: EmbeddedEventLoop) {
        let loop = EmbeddedEventLoop()
        let channel = EmbeddedChannel(handler: UnreadBodyHandler(patience: .seconds(10), byteLimit: 1_000), loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, loop)
    }

    private func request(_ channel: EmbeddedChannel, end: Bool) throws {
        try channel.writeInbound(HTTPRequestPart.head(HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/")))
        if end { try channel.writeInbound(HTTPRequestPart.end(nil)) }
    }

    private func answer(_ channel: EmbeddedChannel, close: Bool = false) throws {
        var head = HTTPResponse(status: .ok)
        if close { head.headerFields[.connection] = "close" }
        try channel.writeOutbound(HTTPResponsePart.head(head))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
    }

    @Test("a request answered before it is all here has ten seconds and so many bytes for the rest")
    func limits() throws {
        let (slow, loop) = try channel()
        try request(slow, end: false)
        try answer(slow)
        loop.advanceTime(by: .seconds(9))
        #expect(slow.isActive)
        loop.advanceTime(by: .seconds(1))
        #expect(!slow.isActive)

        let (large, _) = try channel()
        try request(large, end: false)
        try answer(large)
        try large.writeInbound(HTTPRequestPart.body(ByteBuffer(repeating: 0, count: 1_000)))
        #expect(large.isActive)
        try large.writeInbound(HTTPRequestPart.body(ByteBuffer(repeating: 0, count: 1)))
        #expect(!large.isActive)
    }

    @Test("when the rest comes in time the connection goes on, unless the answer said that it closes")
    func inTime() throws {
        let (open, loop) = try channel()
        try request(open, end: false)
        try answer(open)
        try open.writeInbound(HTTPRequestPart.end(nil))
        loop.advanceTime(by: .seconds(60))
        #expect(open.isActive)
        try request(open, end: true)
        try answer(open)
        #expect(open.isActive)

        let (closing, _) = try channel()
        try request(closing, end: false)
        try answer(closing, close: true)
        #expect(closing.isActive)
        try closing.writeInbound(HTTPRequestPart.end(nil))
        #expect(!closing.isActive)

        let (whole, _) = try channel()
        try request(whole, end: true)
        try answer(whole, close: true)
        #expect(!whole.isActive)
    }

    @Test("an answer is counted for the request it answers: one still arriving behind it is not late")
    func behind() throws {
        let (channel, loop) = try channel()
        try request(channel, end: true)
        try request(channel, end: false)
        try answer(channel)
        loop.advanceTime(by: .seconds(60))
        #expect(channel.isActive)
    }
}
