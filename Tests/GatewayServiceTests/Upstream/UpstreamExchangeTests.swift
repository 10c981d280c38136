import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Testing

@testable import GatewayService

@Suite struct UpstreamExchangeTests {
    private let echo: FakeReplica.Script = { part, peer in
        guard case .end(let head, let body) = part else { return }
        peer.respond(headers: "X-Method: \(head.method)\r\nX-Target: \(head.uri)\r\n", body: String(buffer: body))
    }

    @Test func `requests follow each other over one kept connection`() async throws {
        try await FakeReplica.run(echo) { replica in
            let upstream = Upstream.at(replica.port)
            for turn in 0..<5 {
                let got = try await upstream.get("/a%20b?x=\(turn)&y=%C3%A9")
                #expect(got.status == .ok)
                #expect(got.headers[.init("X-Target")!] == "/a%20b?x=\(turn)&y=%C3%A9")
                let posted = try await upstream.post("/p", "hello \(turn)")
                #expect(try await posted.text() == "hello \(turn)")
                #expect(posted.headers[.contentLength] == "7")
            }
            let snapshot = await upstream.snapshot()
            #expect(snapshot.replicas[0].connects == 1)
            #expect(snapshot.replicas[0].requests == 10)
            #expect(snapshot.replicas[0].inFlight == 0)
            #expect(replica.log.accepted == 1)
            #expect(replica.log.heads.last?.headers["host"] == ["127.0.0.1:\(replica.port)"])
        }
    }

    @Test func `an upstream that announces its closing is not used again`() async throws {
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            peer.respond(headers: "Connection: close\r\n", body: "bye")
        } _: { replica in
            let upstream = Upstream.at(replica.port)
            for _ in 0..<3 {
                let response = try await upstream.get()
                #expect(try await response.text() == "bye")
                #expect(response.headers[.connection] == nil)
            }
            #expect(replica.log.accepted == 3)
        }
    }

    @Test func `a small chunked response comes whole and a slow one is streamed`() async throws {
        try await FakeReplica.run { part, peer in
            guard case .end(let head, _) = part else { return }
            let start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
            if head.uri == "/whole" {
                peer.send(start + "6\r\n world\r\n0\r\n\r\n")
            } else {
                peer.send(start)
            }
        } _: { replica in
            let upstream = Upstream.at(replica.port)
            let whole = try await upstream.get("/whole")
            #expect(whole.body.contentLength == 11)
            #expect(whole.headers[.transferEncoding] == nil)
            #expect(try await whole.text() == "hello world")
            let slow = try await upstream.get("/slow")
            #expect(slow.body.contentLength == nil)
        }
    }

    @Test func `responses without a body keep their headers`() async throws {
        try await FakeReplica.run { part, peer in
            guard case .end(let head, _) = part else { return }
            switch head.method {
            case .HEAD: peer.send("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n")
            case .DELETE: peer.send("HTTP/1.1 204 No Content\r\n\r\n")
            default: peer.send("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n")
            }
        } _: { replica in
            let upstream = Upstream.at(replica.port)
            let head = try await upstream.forward(.init(head: .to(.head, "/")))
            #expect(head.headers[.contentLength] == "500000")
            #expect(try await upstream.forward(.init(head: .to(.delete, "/"))).status == .noContent)
            #expect(try await upstream.get().headers[.eTag] == "\"x\"")
            #expect(replica.log.accepted == 1)
        }
    }

    @Test func `an answer that ends at the end of the connection is complete`() async throws {
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            peer.send("HTTP/1.1 200 OK\r\n\r\nold style")
            peer.close()
        } _: { replica in
            let response = try await Upstream.at(replica.port).get()
            #expect(try await response.text() == "old style")
        }
    }

    @Test func `interim responses are not mistaken for the answer`() async throws {
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            peer.respond(body: "real")
        } _: { replica in
            let text = try await Upstream.at(replica.port).get().text()
            #expect(text == "real")
        }
    }

    @Test func `bytes after a response do not become the next one`() async throws {
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            let stray = peer.connection == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong" : ""
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright" + stray)
        } _: { replica in
            let upstream = Upstream.at(replica.port)
            for _ in 0..<3 {
                let text = try await upstream.get().text()
                #expect(text == "right")
            }
            #expect(replica.log.accepted == 2)
        }
    }

    @Test func `an upstream that is too slow times out and loses the connection`() async throws {
        try await FakeReplica.run { part, peer in
            if case .end(let head, _) = part, head.uri == "/half" {
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            }
        } _: { replica in
            var configuration = UpstreamConfiguration()
            configuration.sweepInterval = .milliseconds(10)
            let upstream = Upstream.at(replica.port, configuration: configuration)
            await #expect(throws: UpstreamError.timedOut) { try await upstream.get("/never", timeout: .milliseconds(60)) }
            await #expect(throws: UpstreamError.timedOut) { try await upstream.get("/half", timeout: .milliseconds(60)) }
            try await until("both connections are closed") { replica.log.closed == 2 }
            let snapshot = await upstream.snapshot()
            #expect(snapshot.replicas[0].transportFailures == 2)
            #expect(snapshot.replicas[0].inFlight == 0)
        }
    }

    @Test func `a cancelled task ends its request`() async throws {
        try await FakeReplica.run { _, _ in } _: { replica in
            let upstream = Upstream.at(replica.port)
            let task = Task { try await upstream.get() }
            try await until("the request has arrived") { replica.log.heads.count == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await until("the connection is closed") { replica.log.closed == 1 }
            #expect(await upstream.snapshot().replicas[0].inFlight == 0)
            let early = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await upstream.get()
            }
            await #expect(throws: CancellationError.self) { try await early.value }
        }
    }

    @Test func `an unused connection is closed after its time`() async throws {
        try await FakeReplica.run(echo) { replica in
            var configuration = UpstreamConfiguration()
            configuration.idleTimeout = .milliseconds(30)
            configuration.sweepInterval = .milliseconds(10)
            let upstream = Upstream.at(replica.port, configuration: configuration)
            _ = try await upstream.get()
            try await until("the connection is closed") { replica.log.closed == 1 }
            try await until("the pool knows") { await upstream.snapshot().replicas[0].open == 0 }
        }
    }
}
