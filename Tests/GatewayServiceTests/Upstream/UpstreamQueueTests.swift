import Hummingbird
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import GatewayService

@Suite struct UpstreamQueueTests {
    /// Keeps every request until told to answer.
    private final class Gate: Sendable {
        private let peers = Mutex<[FakeReplica.Peer]>([])
        var script: FakeReplica.Script {
            { part, peer in
                if case .end = part { self.peers.withLock { $0.append(peer) } }
            }
        }
        var count: Int { peers.withLock { $0.count } }
        func open() {
            for peer in peers.withLock({ all in defer { all = [] }; return all }) { peer.respond(body: "done") }
        }
    }

    private func configuration(connections: Int, waiting: Int, wait: TimeAmount) -> UpstreamConfiguration {
        var configuration = UpstreamConfiguration()
        configuration.maxConnectionsPerReplica = connections
        configuration.maxWaiting = waiting
        configuration.waitTimeout = wait
        configuration.sweepInterval = .milliseconds(10)
        return configuration
    }

    @Test func `past the queue requests are refused, and those in it are served in turn`() async throws {
        let gate = Gate()
        try await FakeReplica.run(gate.script) { replica in
            let upstream = Upstream.at(
                replica.port, configuration: configuration(connections: 1, waiting: 1, wait: .seconds(60)))
            let first = Task { try await upstream.get("/1").text() }
            try await until("the first is there") { gate.count == 1 }
            let second = Task { try await upstream.get("/2").text() }
            try await until("the second waits") { await upstream.snapshot().waiting == 1 }
            await #expect(throws: UpstreamError.overloaded) { try await upstream.get("/3") }
            #expect(await upstream.snapshot().overloaded == 1)
            gate.open()
            #expect(try await first.value == "done")
            try await until("the second is there") { gate.count == 1 }
            gate.open()
            #expect(try await second.value == "done")
            #expect(replica.log.accepted == 1)
        }
    }

    @Test func `who waits too long is refused`() async throws {
        let gate = Gate()
        try await FakeReplica.run(gate.script) { replica in
            let upstream = Upstream.at(
                replica.port, configuration: configuration(connections: 1, waiting: 9, wait: .milliseconds(30)))
            let first = Task { try await upstream.get("/1").text() }
            try await until("the first is there") { gate.count == 1 }
            await #expect(throws: UpstreamError.overloaded) { try await upstream.get("/2") }
            gate.open()
            #expect(try await first.value == "done")
            #expect(replica.log.heads.count == 1)
        }
    }

    @Test func `a waiting request gets a new connection when the old one closes`() async throws {
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            peer.respond(headers: "Connection: close\r\n", body: "\(peer.connection)")
        } _: { replica in
            let upstream = Upstream.at(
                replica.port, configuration: configuration(connections: 2, waiting: 100, wait: .seconds(10)))
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await upstream.get().text() } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(answers.count == 20)
            try await until("all are closed") { await upstream.snapshot().replicas[0].open == 0 }
        }
    }

    @Test func `a shut down upstream refuses, and lets the last request end`() async throws {
        let gate = Gate()
        try await FakeReplica.run(gate.script) { replica in
            let upstream = Upstream.at(replica.port)
            let first = Task { try await upstream.get("/1").text() }
            try await until("the first is there") { gate.count == 1 }
            await upstream.shutDown()
            await #expect(throws: UpstreamError.unreachable) { try await upstream.get("/2") }
            gate.open()
            #expect(try await first.value == "done")
            try await until("its connection is closed") { replica.log.closed == 1 }
        }
    }
}
