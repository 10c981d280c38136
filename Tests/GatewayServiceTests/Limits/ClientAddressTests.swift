import Shared
import Testing

@testable import GatewayService

@Suite("Callers' addresses")
struct ClientAddressTests {
    private static func client(_ peer: String?, _ forwarded: [String], trusted: [String]) -> String? {
        TrustedProxies(networks: trusted.compactMap { TrustedProxies.Network($0) }).client(peer: peer, forwarded: forwarded)?.description
    }

    @Test("without trusted proxies nobody's word counts")
    func untrusted() {
        #expect(Self.client("192.0.2.1", ["203.0.113.7"], trusted: []) == "192.0.2.1")
        #expect(Self.client("192.0.2.1", ["203.0.113.7"], trusted: ["10.0.0.0/8"]) == "192.0.2.1")
        #expect(Self.client(nil, ["203.0.113.7"], trusted: ["10.0.0.0/8"]) == nil)
        #expect(Self.client("somewhere", [], trusted: []) == nil)
    }

    @Test(
        "the last entry that is no proxy of ours is the caller; what it wrote before itself is not believed",
        arguments: [
            (["203.0.113.7"], "203.0.113.7"), (["1.1.1.1, 203.0.113.7"], "203.0.113.7"), (["1.1.1.1", "203.0.113.7"], "203.0.113.7"),
            (["1.1.1.1, 203.0.113.7, 10.9.9.9"], "203.0.113.7"), (["1.1.1.1,203.0.113.7 ,\t10.9.9.9 "], "203.0.113.7"),
            (["10.1.1.1, 10.2.2.2"], "10.1.1.1"), ([], "10.0.0.1"), ([""], "10.0.0.1"), (["nonsense"], "10.0.0.1"),
            (["203.0.113.7, nonsense, 10.5.5.5"], "10.5.5.5"), (["203.0.113.7, "], "10.0.0.1"), (["203.0.113.7:4711"], "203.0.113.7"),
            (["[2001:DB8::7]:4711"], "2001:db8::7"), (["2001:db8::7"], "2001:db8::7"), (["::ffff:203.0.113.7"], "203.0.113.7"),
            (["unknown, _hidden"], "10.0.0.1"), ([Array(repeating: "10.0.0.2", count: 1_000).joined(separator: ",")], "10.0.0.2"),
        ] as [([String], String)])
    func trusted(forwarded: [String], expected: String) {
        #expect(Self.client("10.0.0.1", forwarded, trusted: ["10.0.0.0/8"]) == expected)
    }

    @Test("networks by their bits")
    func networks() throws {
        func holds(_ network: String, _ address: String) throws -> Bool {
            try #require(TrustedProxies.Network(network)).contains(try #require(IPAddress(address)))
        }
        #expect(try holds("192.0.2.0/25", "192.0.2.127"))
        #expect(try !holds("192.0.2.0/25", "192.0.2.128"))
        #expect(try holds("0.0.0.0/0", "203.0.113.7"))
        #expect(try !holds("0.0.0.0/0", "2001:db8::1"))
        #expect(try holds("::1", "::1"))
        #expect(try !holds("::1", "::2"))
        #expect(try holds("2001:db8::/33", "2001:db8:7fff::1"))
        #expect(try !holds("2001:db8::/33", "2001:db8:8000::1"))
        #expect(try holds("10.0.0.0/8", "::ffff:10.1.1.1"))
        for wrong in ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0", "proxy.example", "::/129"] {
            #expect(TrustedProxies.Network(wrong) == nil, "\(wrong)")
        }
    }

    @Test("limits count by IPv4 address and by the network of an IPv6 address")
    func counting() {
        #expect(IPAddress("2001:db8:1:2:3::1")?.limitKey == IPAddress("2001:db8:1:2::9")?.limitKey)
        #expect(IPAddress("2001:db8:1:2::1")?.limitKey != IPAddress("2001:db8:1:3::1")?.limitKey)
        #expect(IPAddress("192.0.2.1")?.limitKey != IPAddress("192.0.2.2")?.limitKey)
        #expect(IPAddress("::ffff:192.0.2.1").map(\.limitKey) == IPAddress("192.0.2.1").map(\.limitKey))
        #expect(IPAddress("fe80::1%eth0") != nil)
        let limiter = AddressLimiter(AddressLimiter.visits, detail: "too many")
        #expect((0..<200).allSatisfy { _ in limiter.count(IPAddress("192.0.2.1"), now: 0)?.isAllowed == true })
        #expect(limiter.count(IPAddress("192.0.2.1"), now: 0)?.isAllowed == false)
        #expect(limiter.count(IPAddress("192.0.2.2"), now: 0)?.isAllowed == true)
        #expect((0..<50).allSatisfy { _ in limiter.count(IPAddress("192.0.2.1"), now: 1_000_000_000)?.isAllowed == true })
        #expect(limiter.count(IPAddress("192.0.2.1"), now: 1_000_000_000)?.isAllowed == false)
    }
}
