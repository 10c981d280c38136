import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOPosix
import SharedRuntime
import Synchronization
import Testing

@testable import GatewayService

/// Replicas that join, leave, hang and stop while calls go on.
@Suite struct UpstreamReplicasTests {
    private static func answers(_ text: String) -> FakeReplica.Script {
        { part, peer in if case .end = part { peer.respond(body: text) } }
    }

    private func address(_ port: Int) -> ServiceAddress { ServiceAddress(host: "127.0.0.1", port: port) }

    /// What the next twenty calls are answered.
    private func answers(_ upstream: Upstream) async throws -> Set<String> {
        var heard: Set<String> = []
        for _ in 0..<20 { heard.insert(try await upstream.get().text()) }
        return heard
    }

    @Test func `a new replica joins, one that has left gets no more requests`() async throws {
        try await FakeReplica.run(Self.answers("a")) { a in
            try await FakeReplica.run(Self.answers("b")) { b in
                let upstream = Upstream.at(a.port)
                #expect(try await answers(upstream) == ["a"])
                upstream.update([address(a.port), address(b.port)])
                #expect(try await answers(upstream) == ["a", "b"])
                upstream.update([address(b.port)])
                #expect(try await answers(upstream) == ["b"])
                #expect(await upstream.snapshot().replicas.map(\.address.port) == [b.port])
                try await until("the connection to the one that left is closed") { a.log.closed == a.log.accepted }
                // Nobody left: a clear refusal; and back again.
                upstream.update([])
                await #expect(throws: UpstreamError.unreachable) { try await upstream.get() }
                upstream.update([address(a.port)])
                #expect(try await answers(upstream) == ["a"])
            }
        }
    }

    @Test func `a replica that leaves ends what it has begun`() async throws {
        let held = Mutex<FakeReplica.Peer?>(nil)
        try await FakeReplica.run { part, peer in
            if case .end = part { held.withLock { $0 = peer } }
        } _: { slow in
            let upstream = Upstream.at(slow.port)
            async let answer = upstream.post("/", "x").text()
            try await until("the request is there") { held.withLock { $0 != nil } }
            upstream.update([])
            await #expect(throws: UpstreamError.unreachable) { try await upstream.get() }
            held.withLock { $0 }?.respond(body: "late")
            #expect(try await answer == "late")
            try await until("its connection is closed then") { slow.log.closed == 1 }
        }
    }

    @Test func `who leaves and comes back at once keeps its connections, and what is known of its health`() async throws {
        // Discard: nobody listens there, and no other test is given it meanwhile.
        let dead = 9
        let held = Mutex<FakeReplica.Peer?>(nil)
        try await FakeReplica.run { part, peer in
            guard case .end(let head, _) = part else { return }
            if head.uri == "/held" { held.withLock { $0 = peer } } else { peer.respond(body: "a") }
        } _: { a in
            let upstream = Upstream.at(a.port, dead)
            try await until("the dead one is ejected") {
                _ = try await upstream.get()
                return await upstream.snapshot().replicas[1].ejected == 1
            }
            async let answer = upstream.get("/held").text()
            try await until("the request is there") { held.withLock { $0 != nil } }
            let accepted = a.log.accepted
            for _ in 0..<50 {
                upstream.update([address(dead)])
                upstream.update([address(dead), address(a.port)])
            }
            held.withLock { $0 }?.respond(body: "held")
            #expect(try await answer == "held")
            #expect(try await answers(upstream) == ["a"])
            #expect(await upstream.snapshot().replicas[0].ejected == 1)
            #expect(a.log.accepted <= accepted + 1)
        }
    }

    @Test func `two hundred addresses, of which two live: no call fails, with a body or without`() async throws {
        let dead = try await FakeReplica.run({ _, _ in }) { $0.port }
        try await FakeReplica.run(Self.answers("a")) { a in
            try await FakeReplica.run(Self.answers("b")) { b in
                let trouble = Atomic(0)
                var addresses = (1...198).map { ServiceAddress(host: "127.0.1.\($0)", port: dead) }
                addresses.insert(address(a.port), at: 70)
                addresses.append(address(b.port))
                let upstream = Upstream(
                    name: "test", addresses: addresses, eventLoopGroup: MultiThreadedEventLoopGroup.singleton.next(),
                    onTrouble: { trouble.wrappingAdd(1, ordering: .relaxed) })
                var heard: Set<String> = []
                for turn in 0..<60 {
                    heard.insert(try await (turn % 2 == 0 ? upstream.get() : upstream.post("/", "x")).text())
                }
                #expect(heard == ["a", "b"])
                #expect(trouble.load(ordering: .relaxed) > 0)
                #expect(await upstream.snapshot().replicas.count == 200)
            }
        }
    }

    @Test func `a replica that drops whatever it is asked, and one that lives: GET and keyed POST are answered, a POST without a key says so`() async throws {
        try await FakeReplica.run { part, peer in
            if case .end = part { peer.close() }
        } _: { drops in
            try await FakeReplica.run(Self.answers("alive")) { alive in
                var configuration = UpstreamConfiguration()
                configuration.ejection.transportFailures = 1_000
                let upstream = Upstream.at(drops.port, alive.port, configuration: configuration)
                let body = UpstreamRequest.Body.buffer(ByteBuffer(string: "x"))
                for _ in 0..<20 {
                    let got = try await upstream.get().text()
                    let posted = try await upstream.forward(.init(head: .to(.post, "/"), body: body, isRepeatable: true)).text()
                    #expect(got == "alive" && posted == "alive")
                }
                var broken = 0
                for _ in 0..<20 {
                    do {
                        let text = try await upstream.post("/", "x").text()
                        #expect(text == "alive")
                    } catch {
                        #expect(error as? UpstreamError == .broken(midway: false))
                        broken += 1
                    }
                }
                // Sent once each, and never twice.
                let posts = drops.log.heads.filter { $0.method == .POST }.count
                #expect(broken > 0 && alive.log.heads.filter { $0.method == .POST }.count + broken == 40)
                #expect(posts >= broken)
            }
        }
    }

    @Test func `a replica that hangs is avoided, ejected, and found again when it wakes`() async throws {
        let isAsleep = Atomic(true)
        let held = Mutex<[FakeReplica.Peer]>([])
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            if isAsleep.load(ordering: .relaxed) { held.withLock { $0.append(peer) } } else { peer.respond(body: "awake") }
        } _: { sleeper in
            try await FakeReplica.run(Self.answers("other")) { other in
                var configuration = UpstreamConfiguration()
                configuration.silence = .milliseconds(100)
                configuration.responseTimeout = .milliseconds(600)
                configuration.ejection.firstEjection = .milliseconds(100)
                configuration.ejection.longestEjection = .milliseconds(100)
                let upstream = Upstream.at(sleeper.port, other.port, configuration: configuration)
                try await until("it is ejected") {
                    _ = try? await upstream.get()
                    return await upstream.snapshot().replicas[0].ejected == 1
                }
                isAsleep.store(false, ordering: .relaxed)
                try await until("it serves again") { (try? await upstream.get().text()) == "awake" }
                #expect(await upstream.snapshot().replicas[0].ejected == 0)
            }
        }
    }

    @Test func `while one hangs, calls that come later do not go to it`() async throws {
        try await FakeReplica.run({ _, _ in }) { sleeper in
            try await FakeReplica.run(Self.answers("other")) { other in
                var configuration = UpstreamConfiguration()
                configuration.silence = .milliseconds(50)
                let upstream = Upstream.at(sleeper.port, configuration: configuration)
                let stuck = Task { try? await upstream.get() }
                try await until("a call hangs there") { sleeper.log.heads.count == 1 }
                let since = NIODeadline.now()
                upstream.update([address(sleeper.port), address(other.port)])
                try await until("it has been silent for long enough") { NIODeadline.now() > since + .milliseconds(60) }
                // Many at once, so that being less busy would not be enough to be passed by.
                try await withThrowingTaskGroup(of: String.self) { group in
                    for _ in 0..<30 { group.addTask { try await upstream.post("/", "x").text() } }
                    for try await text in group { #expect(text == "other") }
                }
                #expect(sleeper.log.heads.count == 1)
                stuck.cancel()
            }
        }
    }

    @Test func `a connection that says farewell instead of an answer: the request goes elsewhere, a POST too`() async throws {
        let farewell = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        try await FakeReplica.run { part, peer in
            guard case .end = part else { return }
            if peer.request == 0 {
                peer.respond(body: "stops")
            } else {
                peer.send(farewell)
            }
        } _: { stops in
            let upstream = Upstream.at(stops.port)
            #expect(try await upstream.get().text() == "stops")
            // To itself, where there is nobody else.
            #expect(try await upstream.post("/", "x").text() == "stops")
            try await FakeReplica.run(Self.answers("stays")) { stays in
                upstream.update([address(stops.port), address(stays.port)])
                for _ in 0..<20 {
                    let text = try await upstream.post("/", "x").text()
                    #expect(["stops", "stays"].contains(text))
                }
            }
            let replica = await upstream.snapshot().replicas[0]
            #expect(replica.transportFailures == 0)
        }
    }
}

/// A server of the house that is told to stop while calls go on.
@Suite(.serialized) struct DrainTests {
    /// What the callers of one run met.
    private final class Tally: Sendable {
        let isOver = Atomic(false)
        let failures = Mutex<[String]>([])
        let answered = Mutex<Set<String>>([])
    }

    @Test(.timeLimit(.minutes(2)))
    func `a server that drains costs clients no call on the connections it has taken, POST without a key included`() async throws {
        var spoiled = 0
        try await FakeReplica.run { part, peer in
            if case .end = part { peer.respond(body: "stays") }
        } _: { stays in
            for _ in 0..<15 {
                let upstream = Upstream.at(stays.port)
                let tally = Tally()
                try await withDrainingServer { port, stop in
                    upstream.update([ServiceAddress(host: "127.0.0.1", port: port), ServiceAddress(host: "127.0.0.1", port: stays.port)])
                    await withTaskGroup(of: Void.self) { group in
                        for _ in 0..<16 {
                            group.addTask {
                                while !tally.isOver.load(ordering: .relaxed) {
                                    do {
                                        let text = try await upstream.post("/", "x").text()
                                        tally.answered.withLock { _ = $0.insert(text) }
                                    } catch {
                                        tally.failures.withLock { $0.append("\(error)") }
                                    }
                                }
                            }
                        }
                        group.addTask {
                            try? await until("both serve") { tally.answered.withLock { $0 == ["stops", "stays"] } }
                            await stop()
                            tally.isOver.store(true, ordering: .relaxed)
                        }
                    }
                }
                // What is lost is a connection that the kernel had accepted and the server not yet taken when it closed its listener.
                let failures = tally.failures.withLock { $0 }
                #expect(failures.allSatisfy { $0 == "broken(midway: false)" }, "\(failures)")
                if !failures.isEmpty { spoiled += 1 }
                await upstream.shutDown()
            }
            // Without the farewell it is 13 of the 15 rounds.
            #expect(spoiled < 8)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `an idle connection is told before it is closed, and closed when its client says nothing`() async throws {
        try await withDrainingServer { port, stop in
            let client = try await RawClient.connect(to: port)
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try await client.hears("stops")
            let before = client.text
            #expect(!before.lowercased().contains("connection: close"))
            await stop()
            try await client.hears("HTTP/1.1 408")
            try await until("it is closed") { client.isClosed }
            #expect(client.text.dropFirst(before.count).lowercased().contains("connection: close"))
            await client.close()
        }
    }
}
