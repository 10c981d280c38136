import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import SharedRuntime
import Synchronization
import Testing

@testable import GatewayService

/// Turns until `condition` holds; fails the test when it does not within ten seconds.
func until(_ what: Comment, _ condition: () async throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let giveUp = ContinuousClock.now + .seconds(10)
    while try await !condition() {
        guard ContinuousClock.now < giveUp else {
            Issue.record("never happened: \(what)", sourceLocation: sourceLocation)
            return
        }
        await Task.yield()
    }
}

extension Upstream {
    /// The upstream of these ports, with one pool; or, `onAllLoops`, with one for each loop a gateway may run on.
    static func at(_ ports: Int..., configuration: UpstreamConfiguration = .init(), onAllLoops: Bool = false) -> Upstream {
        let group = MultiThreadedEventLoopGroup.singleton
        return Upstream(
            name: "test", addresses: ports.map { ServiceAddress(host: "127.0.0.1", port: $0) },
            configuration: configuration, eventLoopGroup: onAllLoops ? group : group.next())
    }

    func forward(_ request: UpstreamRequest) async throws -> Response {
        try await forward(request, on: MultiThreadedEventLoopGroup.singleton.next())
    }

    func get(_ path: String = "/", timeout: TimeAmount? = nil) async throws -> Response {
        try await forward(UpstreamRequest(head: .to(.get, path), responseTimeout: timeout))
    }

    func post(_ path: String = "/", _ body: String) async throws -> Response {
        try await forward(UpstreamRequest(head: .to(.post, path), body: .buffer(ByteBuffer(string: body))))
    }
}

extension HTTPRequest {
    static func to(_ method: Method, _ path: String, headers: HTTPFields = [:]) -> HTTPRequest {
        HTTPRequest(method: method, scheme: "http", authority: "gateway.test", path: path, headerFields: headers)
    }
}

extension Response {
    /// The whole body as text.
    func text() async throws -> String {
        let sink = BodySink()
        try await body.write(sink)
        return sink.text
    }
}

/// Takes a response body as the server would.
final class BodySink: ResponseBodyWriter, Sendable {
    private let buffers = Mutex<[ByteBuffer]>([])
    private let finished = Mutex(false)

    var text: String { buffers.withLock { $0.map { String(buffer: $0) }.joined() } }
    var count: Int { buffers.withLock { $0.reduce(0) { $0 + $1.readableBytes } } }
    var isFinished: Bool { finished.withLock { $0 } }

    func write(_ buffer: ByteBuffer) async throws { buffers.withLock { $0.append(buffer) } }
    func finish(_ trailingHeaders: HTTPFields?) async throws { finished.withLock { $0 = true } }
}

/// Runs a gateway that forwards everything to `upstream`, on its event loops, and gives its port.
func withGateway<Result: Sendable>(
    to upstream: Upstream, idleTimeout: TimeAmount = .seconds(10),
    _ test: @escaping @Sendable (Int) async throws -> Result
) async throws -> Result {
    let port = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "gateway.test")
    logger.logLevel = .critical
    let app = Application(
        responder: ForwardingResponder(upstream: upstream),
        server: .http1OnEventLoop(idleTimeout: idleTimeout),
        configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { port.continuation.yield($0.localAddress?.port ?? 0) },
        logger: logger)
    let group = ServiceGroup(configuration: .init(services: [app], logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        var ports = port.stream.makeAsyncIterator()
        guard let number = await ports.next() else { throw UpstreamError.unreachable }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await test(number)) } catch { result = .failure(error) }
        await upstream.shutDown()
        tasks.cancelAll()
        return try result.get()
    }
}

struct GatewayTestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let client: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        client = source.channel
    }
}

struct ForwardingResponder: HTTPResponder {
    let upstream: Upstream

    func respond(to request: Request, context: GatewayTestContext) async throws -> Response {
        do {
            let body = try await UpstreamRequest.Body(of: request)
            return try await upstream.forward(
                UpstreamRequest(head: request.head, body: body, client: context.client), on: context.client.eventLoop)
        } catch let error as UpstreamError {
            return Response(status: .badGateway, body: .init(byteBuffer: ByteBuffer(string: "\(error)")))
        }
    }
}

/// A client that says exactly what it is told to and keeps what it hears.
final class RawClient: Sendable {
    private let channel: any Channel
    private let received: Mutex<ByteBuffer>
    private let count = Mutex(0)
    private let closed = Mutex(false)
    private let keeps: Bool

    /// - Parameter keeps: false only counts what arrives.
    static func connect(to port: Int, keeps: Bool = true) async throws -> RawClient {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: port).get()
        let raw = RawClient(channel: channel, keeps: keeps)
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(Handler(raw))
            try channel.syncOptions?.setOption(.autoRead, value: true)
        }.get()
        return raw
    }

    private init(channel: any Channel, keeps: Bool) {
        self.channel = channel
        self.keeps = keeps
        self.received = Mutex(ByteBuffer())
    }

    var text: String { received.withLock { String(buffer: $0) } }
    var bytes: Int { count.withLock { $0 } }
    var isClosed: Bool { closed.withLock { $0 } }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }
    func send(_ buffer: ByteBuffer) async throws { try await channel.writeAndFlush(buffer) }
    func close() async { try? await channel.close() }
    func setReading(_ reads: Bool) async throws { try await channel.setOption(.autoRead, value: reads).get() }

    /// Waits until `text` has been heard.
    func hears(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await until("the client hears \(text)", { self.text.contains(text) }, sourceLocation: sourceLocation)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let client: RawClient

        init(_ client: RawClient) { self.client = client }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var buffer = unwrapInboundIn(data)
            client.count.withLock { $0 += buffer.readableBytes }
            if client.keeps { _ = client.received.withLock { $0.writeBuffer(&buffer) } }
        }

        func channelInactive(context: ChannelHandlerContext) { client.closed.withLock { $0 = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// Serves "stops" with a server of the house, and hands over the way to stop it, which returns when it has stopped.
func withDrainingServer(_ test: @escaping @Sendable (Int, @escaping @Sendable () async -> Void) async throws -> Void) async throws {
    let port = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "draining.test")
    logger.logLevel = .critical
    let router = Router()
    for method in [HTTPRequest.Method.get, .post] {
        router.on("/", method: method) { request, _ -> String in
            _ = try await request.body.collect(upTo: 1 << 10)
            return "stops"
        }
    }
    let app = Application(
        responder: router.buildResponder(), server: .http1OnEventLoop(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { port.continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
    let group = ServiceGroup(configuration: .init(services: [app], logger: logger))
    let running = Task { try await group.run() }
    var ports = port.stream.makeAsyncIterator()
    guard let number = await ports.next() else { throw UpstreamError.unreachable }
    let stop: @Sendable () async -> Void = {
        await group.triggerGracefulShutdown()
        _ = await running.result
    }
    let result: Swift.Result<Void, any Error>
    do { result = .success(try await test(number, stop)) } catch { result = .failure(error) }
    await stop()
    try result.get()
}
