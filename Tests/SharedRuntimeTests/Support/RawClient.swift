import Foundation
import SharedTesting

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

// Inside the class `send` means its own.
private let systemSend = send

/// A client that says exactly what a test wants on the wire. Its calls block: they run on threads of their own.
final class RawClient: Sendable {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard connected == 0 else { throw TestHouse.Unexpected(description: "no connection") }
    }

    deinit { close(descriptor) }

    /// Sends all of it; false when the other side does not take it any more.
    func send(_ bytes: [UInt8]) async -> Bool {
        await onThread {
            var offset = 0
            while offset < bytes.count {
                let count = bytes.withUnsafeBytes {
                    systemSend(self.descriptor, $0.baseAddress?.advanced(by: offset), bytes.count - offset, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return false }
                offset += count
            }
            return true
        }
    }

    func send(_ text: String) async -> Bool { await send(Array(text.utf8)) }

    /// Reads until `enough`, or to the end; `ended` says whether the other side closed.
    func read(until enough: @escaping @Sendable (String) -> Bool = { _ in false }) async -> (text: String, ended: Bool) {
        await onThread {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(self.descriptor, &chunk, chunk.count, 0)
                if count <= 0 { return (String(decoding: bytes, as: UTF8.self), count == 0 || errno == ECONNRESET) }
                bytes += chunk[..<count]
                let text = String(decoding: bytes, as: UTF8.self)
                if enough(text) { return (text, false) }
            }
        }
    }

    private func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
        await withCheckedContinuation { continuation in Thread.detachNewThread { continuation.resume(returning: body()) } }
    }
}
