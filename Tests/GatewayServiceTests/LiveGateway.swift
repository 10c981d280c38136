import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared
import SharedRuntime
import SharedTesting

@testable import GatewayService

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Serves a responder on a free port of the loopback while `body` runs.
func withServer<R: HTTPResponder>(_ responder: R, _ body: @escaping @Sendable (Int) async throws -> Void) async throws
where R.Context == VefaContext {
    let (ports, found) = AsyncStream<Int>.makeStream()
    let application = Application(
        responder: responder, server: .http1OnEventLoop(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { channel in found.yield(channel.localAddress?.port ?? 0) }, logger: silent)
    let server = ServiceGroup(configuration: .init(services: [application], logger: silent))
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        var outcome: Result<Void, any Error> = .success(())
        for await port in ports {
            do { try await body(port) } catch { outcome = .failure(error) }
            break
        }
        await server.triggerGracefulShutdown()
        try await group.waitForAll()
        try outcome.get()
    }
}

private let silent: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}()

/// Runs what blocks on a thread where that harms nobody.
func blocking<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await NIOThreadPool.singleton.runIfActive(work)
}

/// A client that says exactly what a test wants said, and when. Its calls block: see ``blocking(_:)``.
struct RawSocket: Sendable {
    let descriptor: Int32

    struct Failed: Error {}

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard connected == 0 else { throw Failed() }
    }

    /// False when the other side has closed.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Whatever has come, or what comes next; empty when the other side has closed, nil when nothing comes in ten seconds.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        if count < 0 { return errno == ECONNRESET ? [] : nil }
        return Array(buffer.prefix(count))
    }

    func close() { _ = Glibc.close(descriptor) }
}
