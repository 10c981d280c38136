import NIOCore

/// Sits in a client's connection while a response streams over it, and tells at once when the client leaves.
///
/// A client that only closes its sending side counts as gone, as with other proxies: telling the two apart is not possible
/// before something is written, and an event stream may be silent for long.
final class ClientDepartureHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private var onDeparture: (() -> Void)?
    private var context: ChannelHandlerContext?

    private init(_ onDeparture: @escaping () -> Void) {
        self.onDeparture = onDeparture
    }

    /// Calls `onDeparture` once, on `eventLoop`, when the client of `channel` leaves before ``stop()``. Nil when the channel
    /// lives on another loop: then its departure shows at the next write.
    static func watch(
        _ channel: any Channel, on eventLoop: any EventLoop, onDeparture: @escaping () -> Void
    ) -> ClientDepartureHandler? {
        guard channel.eventLoop === eventLoop else { return nil }
        let handler = ClientDepartureHandler(onDeparture)
        // First, because a later handler may keep the news to itself.
        guard (try? channel.pipeline.syncOperations.addHandler(handler, position: .first)) != nil else {
            // The channel is closed already; told after the caller has stored this handler.
            eventLoop.assumeIsolated().execute { handler.departed() }
            return handler
        }
        return handler
    }

    func stop() {
        onDeparture = nil
        if let context { context.pipeline.syncOperations.removeHandler(context: context, promise: nil) }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        departed()
    }

    func channelInactive(context: ChannelHandlerContext) {
        departed()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { departed() }
        context.fireUserInboundEventTriggered(event)
    }

    private func departed() {
        guard let onDeparture else { return }
        self.onDeparture = nil
        onDeparture()
    }
}
