import HTTPTypes
import NIOCore
import NIOHTTP1
import SharedRuntime
import Testing

@testable import GatewayService

@Suite struct ServiceAddressTests {
    @Test(arguments: [
        ("http://a:1", "a", 1), ("b:2", "b", 2), ("HTTP://c", "c", 80), ("http://127.0.0.1:8080/", "127.0.0.1", 8080),
        ("http://[::1]:9", "::1", 9), ("[::1]", "::1", 80),
    ])
    func `an address is a host and a port`(text: String, host: String, port: Int) throws {
        #expect(try ServiceAddress(parsing: text) == ServiceAddress(host: host, port: port))
    }

    @Test(arguments: ["", "https://a:1", "http://", "http://a:0", "http://a:65536", "a:b", "http://u@a:1", "http://a:1/x", "[::1", "a b"])
    func `anything else is refused`(text: String) {
        #expect(throws: InvalidServiceAddress.self) { try ServiceAddress(parsing: text) }
    }

    @Test func `several are separated by commas, and counted once`() throws {
        let list = try ServiceAddress.list("http://a:1, http://b:2,http://a:1")
        #expect(list.map(\.description) == ["a:1", "b:2"])
        #expect(throws: InvalidServiceAddress.self) { try ServiceAddress.list(" , ") }
    }
}

@Suite struct ReplicaHealthTests {
    private func at(_ seconds: Double) -> NIODeadline { .uptimeNanoseconds(UInt64(seconds * 1e9)) }

    @Test func `a replica is ejected for a second, then two, then four, at most thirty`() {
        var health = ReplicaHealth(policy: .init())
        health.failedToConnect(at: at(100))
        #expect(health.standing(at: at(100)) == .healthy)
        health.failedToConnect(at: at(100))
        var now = 100.0
        for length in [1.0, 2, 4, 8, 16, 30, 30] {
            #expect(health.standing(at: at(now + length - 0.01)) == .ejected)
            now += length
            #expect(health.standing(at: at(now)) == .awaitingProbe)
            health.beginProbe()
            #expect(health.standing(at: at(now)) == .ejected)
            health.failedToConnect(at: at(now))
        }
    }

    @Test func `one answer makes it healthy again and forgets the past`() {
        var health = ReplicaHealth(policy: .init())
        for _ in 0..<5 { health.failedInTransit(at: at(1)) }
        #expect(health.standing(at: at(1)) == .ejected)
        health.beginProbe()
        health.succeeded()
        #expect(health.standing(at: at(1)) == .healthy)
        for _ in 0..<4 { health.failedInTransit(at: at(2)) }
        #expect(health.standing(at: at(2)) == .healthy)
    }

    @Test func `failures of requests already under way do not lengthen an ejection`() {
        var health = ReplicaHealth(policy: .init())
        for _ in 0..<50 { health.failedToConnect(at: at(1)) }
        #expect(health.standing(at: at(2)) == .awaitingProbe)
    }

    @Test func `a probe without an outcome leaves room for another`() {
        var health = ReplicaHealth(policy: .init())
        for _ in 0..<2 { health.failedToConnect(at: at(1)) }
        health.beginProbe()
        health.abandonProbe()
        #expect(health.standing(at: at(2)) == .awaitingProbe)
    }
}

@Suite struct HopByHopTests {
    @Test func `what concerns one connection stays on it`() {
        var fields: HTTPFields = [.accept: "a", .connection: "close, X-Mine", .te: "trailers", .upgrade: "h2c", .expect: "100-continue"]
        fields[.init("X-Mine")!] = "1"
        fields[.init("Keep-Alive")!] = "timeout=5"
        fields[.init("Proxy-Authorization")!] = "secret"
        fields[.transferEncoding] = "chunked"
        let request = UpstreamRequest(head: .to(.get, "/a?b=c", headers: fields))
        let head = HTTPRequestHead(request, path: "/a?b=c", host: "replica:1")
        #expect(head.headers.map(\.name).sorted() == ["Accept", "host"])
        #expect(head.headers["host"] == ["replica:1"])
        #expect(head.uri == "/a?b=c")

        let back = HTTPFields(endToEnd: [
            "Connection": "X-Theirs", "X-Theirs": "1", "Keep-Alive": "x", "Content-Type": "text/plain", "Trailer": "X-T",
        ])
        #expect(back == [.contentType: "text/plain"])
    }

    @Test func `a client cannot have the gateway's own headers removed or replaced`() throws {
        let own = try #require(HTTPField.Name("X-Vefa-Signature"))
        let fields: HTTPFields = [.connection: "X-Vefa-Signature", own: "forged"]
        let head = HTTPRequestHead(
            UpstreamRequest(head: .to(.post, "/", headers: fields), added: [own: "ours"]), path: "/", host: "h")
        #expect(head.headers["x-vefa-signature"] == ["ours"])
    }

    @Test(arguments: ["", "/a b", "/a\r\nX: y"])
    func `a target that would break the request line is refused`(path: String) {
        #expect(UpstreamRequest(head: .to(.get, path)).validPath == nil)
    }
}
