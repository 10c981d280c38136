import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends a kept connection of a server that stops in a way that costs nobody a request.
///
/// Closing it is not enough. A client may be writing its next request at that moment; it then finds the connection lost and cannot know whether
/// the request was acted on. So answers that are still written say `Connection: close`, and a connection between two requests is closed with
/// the words that HTTP has for it: `408 Request Timeout`, unasked (RFC 9110 15.5.9: the client may repeat the request it was sending). What arrives after
/// that is not read. The connection is closed when the client closes it, at the latest after ``patience``.
final class DrainHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Sent down a connection that nobody will handle: what was sent on it can be repeated elsewhere, even if it has come in whole.
    struct NeverTaken: Sendable {}

    private let patience: TimeAmount
    private var isDraining = false
    private var inProgress = 0
    /// The last answer said that the connection closes.
    private var saidClose = false
    private var hasSaidFarewell = false
    private var timer: Scheduled<Void>?

    init(patience: TimeAmount = .seconds(1)) {
        self.patience = patience
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasSaidFarewell else { return }
        if case .head = unwrapInboundIn(data) { inProgress += 1 }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Nobody behind asks for what is dropped here, and the end of it would not be heard of.
        if hasSaidFarewell { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            isDraining = true
            if inProgress == 0 { return farewell(context) }
        } else if hasSaidFarewell, case ChannelEvent.inputClosed? = event as? ChannelEvent {
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is NeverTaken else { return context.triggerUserOutboundEvent(event, promise: promise) }
        promise?.succeed()
        if context.channel.isActive { farewell(context) } else { context.close(promise: nil) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.kind != .informational:
            if isDraining { head.headerFields[.connection] = "close" }
            saidClose = head.headerFields[.connection]?.lowercased() == "close"
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            inProgress -= 1
        default:
            break
        }
        context.write(data, promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // The head of the last answer was written before the server was told to stop.
        if isDraining, mode == .all, inProgress == 0, !saidClose, !hasSaidFarewell, context.channel.isActive {
            promise?.succeed()
            return farewell(context)
        }
        context.close(mode: mode, promise: promise)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    private func farewell(_ context: ChannelHandlerContext) {
        guard !hasSaidFarewell else { return }
        hasSaidFarewell = true
        let head = HTTPResponse(status: .requestTimeout, headerFields: [.connection: "close", .contentLength: "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.read()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: patience) {
            self.timer = nil
            context.close(promise: nil)
        }
    }
}
