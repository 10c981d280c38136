import Hummingbird
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import GatewayService

@Suite struct UpstreamFailureTests {
    /// Answers the first request of each connection and drops the connection at the second.
    private let dropsSecond: FakeReplica.Script = { part, peer in
        guard case .end = part else { return }
        if peer.request == 0 { peer.respond(body: "\(peer.connection)") } else { peer.close() }
    }

    /// A port where nobody listens.
    private func deadPort() async throws -> Int {
        try await FakeReplica.run({ _, _ in }) { $0.port }
    }

    @Test func `a kept connection that its peer dropped: GET is sent again, POST is not`() async throws {
        try await FakeReplica.run(dropsSecond) { replica in
            let upstream = Upstream.at(replica.port)
            #expect(try await upstream.get().text() == "0")
            #expect(try await upstream.get().text() == "1")
            #expect(await upstream.snapshot().replicas[0].retries == 1)
            await #expect(throws: UpstreamError.broken(midway: false)) { try await upstream.post("/", "x") }
            #expect(replica.log.heads.filter { $0.method == .POST }.count == 1)

            // With an idempotency key the caller knows better.
            _ = try await upstream.get()
            let body = UpstreamRequest.Body.buffer(ByteBuffer(string: "x"))
            let response = try await upstream.forward(.init(head: .to(.post, "/"), body: body, isRepeatable: true))
            #expect(response.status == .ok)
            #expect(await upstream.snapshot().replicas[0].transportFailures == 0)
        }
    }

    @Test func `an idle connection closed in good time is simply replaced`() async throws {
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            peer.respond(body: "ok")
            peer.close()
        } _: { replica in
            let upstream = Upstream.at(replica.port)
            for _ in 0..<3 {
                #expect(try await upstream.post("/", "x").text() == "ok")
                try await until("the pool has seen the connection close") { await upstream.snapshot().replicas[0].open == 0 }
            }
            #expect(await upstream.snapshot().replicas[0].retries == 0)
        }
    }

    @Test func `a replica that drops every request is not asked a third time`() async throws {
        try await FakeReplica.run { part, peer in
            if case .end = part { peer.close() }
        } _: { replica in
            let upstream = Upstream.at(replica.port)
            await #expect(throws: UpstreamError.broken(midway: false)) { try await upstream.get() }
            #expect(replica.log.heads.count == 2)
        }
    }

    @Test func `a response that breaks off is an error, never a short success`() async throws {
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            peer.close()
        } _: { replica in
            let upstream = Upstream.at(replica.port)
            await #expect(throws: UpstreamError.broken(midway: true)) { try await upstream.get() }
        }
        let last = Mutex<FakeReplica.Peer?>(nil)
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            last.withLock { $0 = peer }
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        } _: { replica in
            let upstream = Upstream.at(replica.port)
            let response = try await upstream.get()
            let sink = BodySink()
            let written = Task { try await response.body.write(sink) }
            try await until("the first half is through") { sink.text == "half" }
            last.withLock { $0 }?.close()
            await #expect(throws: (any Error).self) { try await written.value }
            #expect(!sink.isFinished)
        }
    }

    @Test func `nobody there: unreachable, at once`() async throws {
        let upstream = Upstream.at(try await deadPort())
        let start = ContinuousClock.now
        for _ in 0..<20 {
            await #expect(throws: UpstreamError.unreachable) { try await upstream.get() }
        }
        // Twenty time-outs would be 40 s and more; a busy machine may take its time.
        #expect(ContinuousClock.now - start < .seconds(30))
        let replica = await upstream.snapshot().replicas[0]
        #expect(replica.ejected == 1)
        #expect(replica.connectFailures == 20)
        #expect(replica.open == 0)
        #expect(replica.inFlight == 0)
    }

    @Test func `one of two replicas is dead: it is ejected and every request is served`() async throws {
        let dead = try await deadPort()
        try await FakeReplica.run { part, peer in
            if case .end = part { peer.respond(body: "alive") }
        } _: { replica in
            let upstream = Upstream.at(dead, replica.port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for turn in 0..<40 {
                    group.addTask {
                        let response = turn % 2 == 0 ? try await upstream.get() : try await upstream.post("/", "x")
                        #expect(try await response.text() == "alive")
                    }
                }
                try await group.waitForAll()
            }
            let snapshot = await upstream.snapshot()
            #expect(snapshot.replicas[0].ejected == 1)
            #expect(snapshot.replicas[1].ejected == 0)
            #expect(snapshot.replicas[1].requests == 40)
        }
    }

    @Test func `a replica that comes back is found by a probe`() async throws {
        let port = try await deadPort()
        try await FakeReplica.run { part, peer in
            if case .end = part { peer.respond(body: "other") }
        } _: { other in
            var configuration = UpstreamConfiguration()
            configuration.ejection.firstEjection = .milliseconds(20)
            let upstream = Upstream.at(port, other.port, configuration: configuration)
            try await until("it is ejected") {
                _ = try await upstream.get()
                return await upstream.snapshot().replicas[0].ejected == 1
            }
            try await FakeReplica.run(port: port) { part, peer in
                if case .end = part { peer.respond(body: "back") }
            } _: { _ in
                try await until("it serves again") { try await upstream.get().text() == "back" }
                #expect(await upstream.snapshot().replicas[0].ejected == 0)
            }
        }
    }

    @Test func `load goes to the replica that is less busy`() async throws {
        try await FakeReplica.run { _, _ in } _: { stuck in
            try await FakeReplica.run { part, peer in
                if case .end = part { peer.respond(body: "free") }
            } _: { free in
                let upstream = Upstream.at(stuck.port, free.port)
                var tasks: [Task<Void, Never>] = []
                for turn in 1...20 {
                    tasks.append(Task { _ = try? await upstream.get() })
                    try await until("it was sent, and answered unless it is the stuck one") {
                        let replicas = await upstream.snapshot().replicas
                        return replicas[0].requests + replicas[1].requests == turn && replicas[1].inFlight == 0
                    }
                }
                // The first that got stuck made that replica the busier of the two.
                #expect(stuck.log.heads.count <= 1)
                for task in tasks { task.cancel() }
            }
        }
    }
}
