import Hummingbird
import NIOCore

/// The body of a response that is passed on as it comes. Whoever drops it before its end ends the exchange.
final class UpstreamBodyStream: Sendable {
    private let exchange: NIOLoopBound<UpstreamExchange>

    /// To be called on `eventLoop`.
    init(_ exchange: UpstreamExchange, on eventLoop: any EventLoop) {
        self.exchange = NIOLoopBound(exchange, eventLoop: eventLoop)
    }

    deinit {
        // Without effect on an exchange that has come to its end.
        Self.cancel(exchange)
    }

    /// Writes what arrives as it arrives, no faster than the client takes it. Trailers are not passed on.
    func responseBody(length: Int?) -> ResponseBody {
        ResponseBody(contentLength: length) { writer in
            do {
                while true {
                    let buffers = try await self.next()
                    if buffers.isEmpty { break }
                    try await writer.write(contentsOf: buffers)
                }
                try await writer.finish(nil)
            } catch {
                Self.cancel(self.exchange)
                throw error
            }
        }
    }

    private func next() async throws -> [ByteBuffer] {
        let exchange = self.exchange
        return try await withUnsafeThrowingContinuation { continuation in
            if exchange.eventLoop.inEventLoop {
                exchange.value.read(continuation)
            } else {
                exchange.eventLoop.execute { exchange.value.read(continuation) }
            }
        }
    }

    private static func cancel(_ exchange: NIOLoopBound<UpstreamExchange>) {
        if exchange.eventLoop.inEventLoop {
            exchange.value.cancel()
        } else {
            exchange.eventLoop.execute { exchange.value.cancel() }
        }
    }
}
