import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Shared
import SharedRuntime
import Synchronization

/// An IPv4 or IPv6 address as its bytes. IPv4 within IPv6 (`::ffff:192.0.2.1`) is IPv4.
struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// Four or sixteen.
    let bytes: [UInt8]
    let description: String

    init?(_ text: some StringProtocol) {
        // A zone (`fe80::1%eth0`) says something about this machine only.
        let plain = String(text.prefix { $0 != "%" })
        guard plain.utf8.count <= 45, let address = try? SocketAddress(ipAddress: plain, port: 0) else { return nil }
        switch address {
        case .v4(let v4):
            bytes = withUnsafeBytes(of: v4.address.sin_addr.s_addr) { Array($0) }
            description = plain
        case .v6(let v6):
            let all = withUnsafeBytes(of: v6.address.sin6_addr) { Array($0) }
            if all[..<10].allSatisfy({ $0 == 0 }), all[10] == 0xFF, all[11] == 0xFF {
                bytes = Array(all[12...])
                description = bytes.map { String($0) }.joined(separator: ".")
            } else {
                bytes = all
                description = plain.lowercased()
            }
        default: return nil
        }
    }

    /// What limits count by: one IPv4 address, or an IPv6 network of 64 bits, since those are handed out whole.
    var limitKey: [UInt8] { bytes.count == 4 ? bytes : Array(bytes.prefix(8)) }
}

/// True the first time that it is asked.
private final class Once: Sendable {
    private let asked = Mutex(false)

    func isFirst() -> Bool {
        asked.withLock { asked in
            defer { asked = true }
            return !asked
        }
    }
}

/// The proxies that stand in front of the gateway: what they say in `X-Forwarded-For` about who called is believed, and nobody else's word for it.
struct TrustedProxies: Sendable {
    struct Network: Sendable, Equatable {
        let address: IPAddress
        let bits: Int

        init?(_ text: some StringProtocol) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, let address = IPAddress(first) else { return nil }
            self.address = address
            guard parts.count == 2 else {
                bits = address.bytes.count * 8
                return
            }
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let bits = Int(parts[1]), bits <= address.bytes.count * 8 else {
                return nil
            }
            self.bits = bits
        }

        func contains(_ other: IPAddress) -> Bool {
            guard other.bytes.count == address.bytes.count else { return false }
            let whole = bits / 8
            guard other.bytes[..<whole] == address.bytes[..<whole] else { return false }
            let rest = bits % 8
            return rest == 0 || (other.bytes[whole] ^ address.bytes[whole]) >> (8 - UInt8(rest)) == 0
        }
    }

    static let variable = "VEFA_TRUSTED_PROXIES"
    /// Entries of `X-Forwarded-For` that are read, from its end.
    static let maximumEntries = 32

    let networks: [Network]
    private let notice = Once()

    init(networks: [Network] = []) {
        self.networks = networks
    }

    /// - Throws: `HouseConfiguration.Invalid` for what is neither an address nor a network.
    init(_ configuration: HouseConfiguration) throws {
        let entries = configuration.value(Self.variable)?.split(separator: ",").map { $0.filter { $0 != " " } } ?? []
        networks = try entries.map { entry in
            guard let network = Network(entry) else {
                throw HouseConfiguration.Invalid(
                    description: "\(Self.variable): \"\(entry.prefix(64))\" is neither an address nor a network such as 10.0.0.0/8")
            }
            return network
        }
    }

    /// The caller's address, as far as it is known; nil in router-only tests.
    func client(_ request: Request, _ context: VefaContext) -> IPAddress? {
        client(peer: context.remoteAddress, forwarded: networks.isEmpty ? [] : request.headers[values: .forwardedFor])
    }

    /// Goes back from the connection's own end: as long as a proxy of ours says whom it had the call from, that is believed.
    func client(peer: String?, forwarded: [String]) -> IPAddress? {
        guard var known = peer.flatMap({ IPAddress($0) }) else { return nil }
        guard isTrusted(known) else { return known }
        let entries = forwarded.reversed().lazy.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).reversed() }
        for entry in entries.prefix(Self.maximumEntries) {
            guard let address = Self.address(entry) else { return known }
            known = address
            if !isTrusted(address) { return address }
        }
        return known
    }

    /// Says once that the shoppers behind a proxy are taken for one, where that begins to hurt.
    func noticeUnknownProxy(_ request: Request, _ logger: Logger) {
        guard networks.isEmpty, request.headers.contains(.forwardedFor), notice.isFirst() else { return }
        logger.warning("callers behind a proxy are counted as one: name the proxy in \(Self.variable)")
    }

    private func isTrusted(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
    private static func address(_ entry: Substring) -> IPAddress? {
        let text = entry.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
        if text.first == "[", let end = text.firstIndex(of: "]") { return IPAddress(text[text.index(after: text.startIndex)..<end]) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return IPAddress(parts.count == 2 ? parts[0] : text)
    }
}
