import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Says which IP addresses a name stands for now. An answer without any counts as none.
public typealias NameLookup = @Sendable (_ host: String) async throws -> [String]

/// The system's resolver: `/etc/hosts`, DNS, whatever the machine is set up for.
enum SystemNames {
    struct NotFound: Error, CustomStringConvertible {
        let description: String
    }

    /// `getaddrinfo` blocks, for as long as the system's resolver is patient. Two threads of its own: a name server that is away must not take
    /// those that others work on.
    private static let threads: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        return pool
    }()

    static let lookup: NameLookup = { host in try await threads.runIfActive { try addresses(of: host) } }

    /// The IPv4 addresses, or the IPv6 ones of a name that has no others: a replica that has both kinds must not count twice.
    private static func addresses(of host: String) throws -> [String] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else { throw NotFound(description: String(cString: gai_strerror(status))) }
        defer { freeaddrinfo(list) }
        var found: [(family: Int32, address: String)] = []
        var next = list
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let info = entry.pointee
            if getnameinfo(info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
                let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                found.append((info.ai_family, address))
            }
            next = info.ai_next
        }
        let old = found.filter { $0.family == AF_INET }
        return (old.isEmpty ? found : old).map(\.address)
    }
}
