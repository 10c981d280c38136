import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Runs Swift tasks on an event loop's own thread.
///
/// A task that prefers it shares the thread with the connection it serves: reading, handling and writing a request need no
/// change of thread. The price is that a handler which blocks, or computes for long, holds up its neighbours.
public final class EventLoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    public init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// A connection that was accepted. One that is accepted while the server stops is let go by it without having been handled, and NIO ends a process
/// that lets go of a connection's writer unfinished. Whoever sent a request on it hears that it was not read.
public final class AcceptedConnection: ServerChildChannelValue {
    fileprivate let connection: HTTP1Channel.Value
    /// From then on whoever handles it ends it.
    fileprivate let isHandled = Atomic(false)

    fileprivate init(_ connection: HTTP1Channel.Value) {
        self.connection = connection
    }

    public var channel: any Channel { connection.channel }

    deinit {
        guard !isHandled.load(ordering: .relaxed) else { return }
        connection.channel.triggerUserOutboundEvent(DrainHandler.NeverTaken(), promise: nil)
        connection.outbound.finish()
    }
}

/// Hummingbird's HTTP/1.1 connection, handled on the event loop it lives on.
public struct EventLoopHTTP1Channel: ServerChildChannel {
    public typealias Value = AcceptedConnection

    private let channel: HTTP1Channel

    public init(responder: @escaping HTTPChannelHandler.Responder, configuration: HTTP1Channel.Configuration) {
        channel = HTTP1Channel(responder: responder, configuration: configuration)
    }

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        self.channel.setup(channel: channel, logger: logger).map(AcceptedConnection.init)
    }

    public func handle(value: Value, logger: Logger) async {
        value.isHandled.store(true, ordering: .relaxed)
        let executor = EventLoopTaskExecutor(value.channel.eventLoop)
        await withTaskExecutorPreference(executor) {
            await channel.handle(value: value.connection, logger: logger)
        }
        // Jobs refer to the executor without owning it.
        withExtendedLifetime(executor) {}
    }
}

extension HTTPServerBuilder {
    /// An HTTP/1.1 server whose requests are handled on the event loop of their connection, see ``EventLoopTaskExecutor``.
    ///
    /// ```swift
    /// let app = Application(
    ///     router: router,
    ///     server: .http1OnEventLoop(idleTimeout: .seconds(60)),
    ///     configuration: .init(address: address, availableConnectionsDelegate: .maximum(10_000, logger: logger)))
    /// ```
    /// The limit on connections belongs to the application's configuration, because the listening socket enforces it.
    /// - Parameter idleTimeout: when a connection without a request in progress, or with one that stopped arriving, is closed.
    ///   A client that keeps connections must close its unused ones earlier than that.
    public static func http1OnEventLoop(idleTimeout: TimeAmount = .seconds(75)) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            EventLoopHTTP1Channel(
                responder: responder,
                configuration: .init(additionalChannelHandlers: [ContinueHandler(), UnreadBodyHandler(), DrainHandler()], idleTimeout: idleTimeout))
        }
    }
}

/// Tells a client that asks with `Expect: 100-continue` to go on (RFC 9110 10.1.1). Hummingbird leaves the question open, and
/// clients like curl then wait a second before they send a larger body.
final class ContinueHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), head.headerFields[.expect]?.lowercased() == "100-continue" {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        context.fireChannelRead(data)
    }
}
