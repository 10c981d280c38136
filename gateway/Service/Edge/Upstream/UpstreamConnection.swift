import NIOCore
import NIOHTTP1

/// The last handler of a connection to a replica: carries one exchange at a time and knows when the connection can be used
/// again. Confined to the connection's event loop.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    let replica: UpstreamReplica
    private let pool: UpstreamPoolCore
    private var context: ChannelHandlerContext?
    private var exchange: UpstreamExchange?
    private var isKeptAlive = true
    private var isRequestComplete = true
    private var isResponseComplete = false
    private var isClosed = false
    private var isReadingPaused = false

    /// Position among the replica's connections; nil before it is one and after it was.
    var slot: Int?
    /// How many requests it has carried before the present one: 0 for a fresh connection.
    private(set) var served = 0
    private(set) var idleSince: NIODeadline = .now()

    init(pool: UpstreamPoolCore, replica: UpstreamReplica) {
        self.pool = pool
        self.replica = replica
    }

    var isUsable: Bool { !isClosed && context?.channel.isActive == true }
    var isWritable: Bool { context?.channel.isWritable ?? false }
    /// The exchange under way, for the sweep that looks for time-outs.
    var current: UpstreamExchange? { exchange }

    // MARK: Request side

    /// Sends the head, and with it a body at hand, in one write.
    func begin(_ exchange: UpstreamExchange, head: HTTPRequestHead, body: ByteBuffer?, isComplete: Bool) {
        self.exchange = exchange
        isKeptAlive = true
        isRequestComplete = isComplete
        isResponseComplete = false
        guard let context else { return }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        if isComplete { context.write(wrapOutboundOut(.end(nil)), promise: nil) }
        context.flush()
    }

    func write(_ chunk: ByteBuffer) {
        context?.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(chunk))), promise: nil)
    }

    func endRequest() {
        isRequestComplete = true
        context?.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Bytes written that the kernel has not taken yet.
    var unsentBytes: Int {
        (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Ends the connection; whatever exchange it still carries is told by ``channelInactive(context:)``.
    func close() {
        context?.close(promise: nil)
    }

    /// Ends the connection on behalf of its exchange, which wants to hear no more of it.
    func drop() {
        exchange = nil
        close()
    }

    // MARK: Response side

    /// Stops or resumes reading from the replica: the backpressure of a streamed response.
    func setReadingPaused(_ paused: Bool) {
        guard paused != isReadingPaused, let context, !isClosed else { return }
        isReadingPaused = paused
        try? context.channel.syncOptions?.setOption(.autoRead, value: !paused)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange, !isResponseComplete else {
            // Nobody asked for this, so the connection cannot be trusted with the next request.
            isKeptAlive = false
            return close()
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            // 101 would turn the connection into something else; upgrades are not passed on, so none was asked for.
            guard (200...999).contains(head.status.code) else { return close() }
            isKeptAlive = head.isKeepAlive
            if head.status == .requestTimeout, !isKeptAlive, exchange.isUnanswered {
                self.exchange = nil
                close()
                return exchange.declined()
            }
            exchange.received(head: head)
        case .body(let buffer):
            exchange.received(body: buffer)
        case .end:
            isResponseComplete = true
            exchange.receivedEnd()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isResponseComplete {
            finishExchange()
        } else {
            exchange?.readComplete()
        }
    }

    /// Only now, after everything that arrived was looked at: bytes past the response would have shown.
    private func finishExchange() {
        guard let exchange else { return }
        self.exchange = nil
        served += 1
        idleSince = .now()
        setReadingPaused(false)
        pool.unassign(exchange, from: replica)
        if isKeptAlive && isRequestComplete && isUsable {
            pool.becameIdle(self)
        } else {
            close()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.becameWritable() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        closed()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        closed()
    }

    private func closed() {
        guard !isClosed else { return }
        isClosed = true
        let wasComplete = isResponseComplete
        let exchange = self.exchange
        self.exchange = nil
        pool.closed(self)
        guard let exchange else { return }
        if wasComplete {
            pool.unassign(exchange, from: replica)
        } else {
            exchange.connectionLost(wasReused: served > 0)
        }
    }
}
