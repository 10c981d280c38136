import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends what a caller goes on sending after it was answered.
///
/// A request can be answered before its body is all here: refused for its length, or for want of a key. Hummingbird then reads the rest, however
/// long it is, to get at the next request, and leaves the connection open even where the answer says that it closes. Here the rest is read for so
/// long and so far as an honest caller needs to notice the answer, and then the connection is closed. It is not closed at once: a reset would take the
/// answer from a caller that is still sending.
final class UnreadBodyHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let patience: TimeAmount
    private let byteLimit: Int

    private var requestsBegun = 0
    private var requestsRead = 0
    private var answered = 0
    /// The answer being written says that the connection closes.
    private var saysClose = false
    /// Set once a request was answered that has not arrived in full.
    private var timer: Scheduled<Void>?
    private var overdue: Int?
    private var discarded = 0
    private var isClosing = false

    init(patience: TimeAmount = .seconds(10), byteLimit: Int = 64 << 20) {
        self.patience = patience
        self.byteLimit = byteLimit
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            requestsBegun += 1
        case .body(let buffer):
            if overdue != nil {
                discarded += buffer.readableBytes
                if discarded > byteLimit { return close(context) }
            }
        case .end:
            requestsRead += 1
            if let overdue, requestsRead >= overdue {
                // The rest came after all.
                self.overdue = nil
                timer?.cancel()
                timer = nil
                if isClosing { return close(context) }
            }
        }
        // Nothing more is answered on a connection that closes.
        if !isClosing { context.fireChannelRead(data) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // What is dropped here is not asked for by anybody behind.
        if isClosing { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind != .informational { saysClose = head.headerFields[.connection]?.lowercased() == "close" }
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            answered += 1
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            context.write(data, promise: written)
            guard !isClosing else { return }
            isClosing = saysClose
            if requestsRead < answered {
                wait(context)
            } else if isClosing {
                // When all of it is on the wire: closing drops what is not.
                written.futureResult.assumeIsolated().whenComplete { _ in self.close(context) }
            }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    private func wait(_ context: ChannelHandlerContext) {
        overdue = answered
        discarded = 0
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: patience) {
            self.timer = nil
            self.close(context)
        }
        if isClosing { context.read() }
    }

    private func close(_ context: ChannelHandlerContext) {
        isClosing = true
        timer?.cancel()
        timer = nil
        overdue = nil
        context.close(promise: nil)
    }
}
