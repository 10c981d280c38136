import Hummingbird
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import GatewayService

/// The whole way: a client's socket, the gateway's server on its event loop, an upstream.
@Suite struct UpstreamStreamingTests {
    private static let megabyte = ByteBuffer(repeating: UInt8(ascii: "v"), count: 1 << 20)
    /// What may gather in the gateway in one direction: the high-water mark and what the last read brought.
    private static let bound = 1 << 20

    @Test func `small requests go through on the event loop`() async throws {
        try await FakeReplica.run { part, peer in
            guard case .end(let head, let body) = part else { return }
            peer.respond(headers: "X-Up: yes\r\n", body: "\(head.method) \(head.uri) \(String(buffer: body))")
        } _: { replica in
            try await withGateway(to: .at(replica.port, onAllLoops: true)) { port in
                let client = try await RawClient.connect(to: port)
                try await client.send("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n")
                try await client.hears("GET /a?b ")
                try await client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
                try await client.hears("POST /p hello")
                try await client.send("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
                try await client.hears("POST /c abc")
                #expect(replica.log.accepted == 1)
                #expect(client.text.contains("X-Up: yes"))
                await client.close()
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a big upload passes through in bounded memory`() async throws {
        let reader = Mutex<FakeReplica.Peer?>(nil)
        try await FakeReplica.run(collectsBody: false) { part, peer in
            switch part {
            case .head:
                reader.withLock { $0 = peer }
                peer.setReading(false)
            case .body: break
            case .end: peer.respond(body: "thanks")
            }
        } _: { replica in
            let upstream = Upstream.at(replica.port, onAllLoops: true)
            try await withGateway(to: upstream) { port in
                let client = try await RawClient.connect(to: port)
                try await client.send("POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: \(32 << 20)\r\n\r\n")
                async let sent: Void = { for _ in 0..<32 { try await client.send(Self.megabyte) } }()
                try await until("the gateway holds data back") { await upstream.snapshot().bufferedHighWater > 64 << 10 }
                reader.withLock { $0 }?.setReading(true)
                try await sent
                try await client.hears("thanks")
                #expect(replica.log.bodyBytes == 32 << 20)
                #expect(await upstream.snapshot().bufferedHighWater <= Self.bound)
                await client.close()
            }
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [true, false])
    func `a big download passes through in bounded memory`(isChunked: Bool) async throws {
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            peer.send("HTTP/1.1 200 OK\r\n\(isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(32 << 20)")\r\n\r\n")
            @Sendable func next(_ left: Int) {
                guard left > 0 else { return isChunked ? peer.send("0\r\n\r\n") : () }
                var piece = ByteBuffer(string: isChunked ? "100000\r\n" : "")
                piece.writeImmutableBuffer(Self.megabyte)
                if isChunked { piece.writeString("\r\n") }
                peer.send(piece).whenSuccess { next(left - 1) }
            }
            next(32)
        } _: { replica in
            let upstream = Upstream.at(replica.port, onAllLoops: true)
            try await withGateway(to: upstream) { port in
                let client = try await RawClient.connect(to: port, keeps: false)
                try await client.setReading(false)
                try await client.send("GET /down HTTP/1.1\r\nHost: x\r\n\r\n")
                try await until("the gateway holds data back") { await upstream.snapshot().bufferedHighWater > 256 << 10 }
                try await client.setReading(true)
                try await until("all of it is there") { client.bytes >= 32 << 20 }
                #expect(await upstream.snapshot().bufferedHighWater <= Self.bound)
                try await until("the upstream connection is free again") { await upstream.snapshot().replicas[0].inFlight == 0 }
                #expect(replica.log.closed == 0)
                await client.close()
            }
        }
    }

    @Test func `events reach the client one by one, and its leaving reaches the upstream`() async throws {
        let peers = Mutex<FakeReplica.Peer?>(nil)
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            peers.withLock { $0 = peer }
            peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        } _: { replica in
            let upstream = Upstream.at(replica.port, onAllLoops: true)
            try await withGateway(to: upstream) { port in
                let client = try await RawClient.connect(to: port)
                try await client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
                try await client.hears("text/event-stream")
                for number in 1...3 {
                    peers.withLock { $0 }?.send("9\r\ndata: \(number)\n\n\r\n")
                    try await client.hears("data: \(number)")
                }
                // Nothing is written any more: only the closed connection can tell.
                await client.close()
                try await until("the upstream connection is closed") { replica.log.closed == 1 }
                #expect(await upstream.snapshot().replicas[0].inFlight == 0)
                #expect(await upstream.snapshot().replicas[0].transportFailures == 0)
            }
        }
    }

    @Test func `a refusal ends the upload, and the client's connection lives on`() async throws {
        try await FakeReplica.run(collectsBody: false) { part, peer in
            switch part {
            case .head(let head) where head.uri == "/big": peer.respond("413 Content Too Large", body: "too much")
            case .end(let head, _) where head.uri == "/next": peer.respond(body: "next")
            default: break
            }
        } _: { replica in
            var configuration = UpstreamConfiguration()
            // The client keeps sending; how fast it does so beside all the other tests must not matter.
            configuration.earlyResponseGrace = .seconds(60)
            let upstream = Upstream.at(replica.port, configuration: configuration, onAllLoops: true)
            try await withGateway(to: upstream, idleTimeout: .seconds(60)) { port in
                let client = try await RawClient.connect(to: port)
                try await client.send("POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: \(4 << 20)\r\n\r\n")
                for _ in 0..<4 { try await client.send(Self.megabyte) }
                try await client.hears("too much")
                try await client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
                try await client.hears("next")
                #expect(replica.log.accepted == 2)
                #expect(await upstream.snapshot().replicas[0].inFlight == 0)
                await client.close()
            }
        }
    }

    @Test func `a refusal reaches a client that has stopped sending`() async throws {
        try await FakeReplica.run(collectsBody: false) { part, peer in
            if case .head = part { peer.respond("413 Content Too Large", body: "too much") }
        } _: { replica in
            var configuration = UpstreamConfiguration()
            configuration.earlyResponseGrace = .milliseconds(30)
            let upstream = Upstream.at(replica.port, configuration: configuration, onAllLoops: true)
            try await withGateway(to: upstream) { port in
                let client = try await RawClient.connect(to: port)
                try await client.send("POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nfirst bytes")
                try await client.hears("too much")
                await client.close()
            }
        }
    }

    @Test func `a client that leaves in the middle of its upload breaks the upstream request`() async throws {
        try await FakeReplica.run(collectsBody: false) { _, _ in
        } _: { replica in
            let upstream = Upstream.at(replica.port, onAllLoops: true)
            try await withGateway(to: upstream) { port in
                let client = try await RawClient.connect(to: port)
                try await client.send("POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nfirst bytes")
                try await until("the beginning is there") { replica.log.bodyBytes > 0 }
                await client.close()
                try await until("the upstream connection is closed") { replica.log.closed == 1 }
                #expect(await upstream.snapshot().replicas[0].inFlight == 0)
            }
        }
    }

    @Test func `an answer that begins before the upload ends is held and then delivered whole`() async throws {
        try await FakeReplica.run(collectsBody: false) { part, peer in
            switch part {
            case .head: peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nstart\r\n")
            case .end: peer.send("4\r\n end\r\n0\r\n\r\n")
            case .body: break
            }
        } _: { replica in
            let upstream = Upstream.at(replica.port, onAllLoops: true)
            try await withGateway(to: upstream) { port in
                let client = try await RawClient.connect(to: port)
                try await client.send("POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: \(1 << 20)\r\n\r\n")
                try await client.send(Self.megabyte)
                try await client.hears("start")
                try await client.hears(" end")
                #expect(replica.log.bodyBytes == 1 << 20)
                #expect(replica.log.closed == 0)
                await client.close()
            }
        }
    }

    @Test func `a client that asks before it sends its body is told to go on`() async throws {
        try await FakeReplica.run(collectsBody: false) { part, peer in
            if case .end(let head, _) = part { peer.respond(body: "expect: \(head.headers["expect"])") }
        } _: { replica in
            try await withGateway(to: .at(replica.port, onAllLoops: true)) { port in
                let client = try await RawClient.connect(to: port)
                try await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                try await client.hears("HTTP/1.1 100 Continue\r\n\r\n")
                try await client.send("hello")
                try await client.hears("expect: []")
                await client.close()
            }
        }
    }

    @Test func `a response that nobody reads lets go of its upstream`() async throws {
        try await FakeReplica.run { part, peer in
            if case .end = part { peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") }
        } _: { replica in
            let upstream = Upstream.at(replica.port)
            _ = try await upstream.get()
            try await until("the connection is closed") { replica.log.closed == 1 }
        }
    }
}
