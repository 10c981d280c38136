import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A scripted upstream on a loopback port: parses requests properly, answers with whatever bytes the script says.
final class FakeReplica: Sendable {
    enum Part: Sendable {
        case head(HTTPRequestHead)
        case body(Int)
        case end(HTTPRequestHead, body: ByteBuffer)
    }

    struct Log: Sendable {
        var accepted = 0
        var closed = 0
        var heads: [HTTPRequestHead] = []
        var bodyBytes = 0
    }

    /// One connection as the script sees it.
    struct Peer: Sendable {
        let channel: any Channel
        /// 0 for the first connection the replica accepted.
        let connection: Int
        /// 0 for the first request on this connection.
        let request: Int

        func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        func send(_ buffer: ByteBuffer) -> EventLoopFuture<Void> { channel.writeAndFlush(buffer) }
        func respond(_ status: String = "200 OK", headers: String = "", body: String = "") {
            send("HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
        func setReading(_ reads: Bool) { channel.setOption(.autoRead, value: reads).whenComplete { _ in } }
        func close() { channel.close(promise: nil) }
    }

    typealias Script = @Sendable (Part, Peer) -> Void

    private let server: any Channel
    private let shared: SharedLog

    var port: Int { server.localAddress?.port ?? 0 }
    var log: Log { shared.log.withLock { $0 } }

    private init(server: any Channel, log: SharedLog) {
        self.server = server
        self.shared = log
    }

    /// Runs `test` against a replica that follows `script`.
    static func run<Result>(
        port: Int = 0, collectsBody: Bool = true, _ script: @escaping Script, _ test: (FakeReplica) async throws -> Result
    ) async throws -> Result {
        let shared = SharedLog()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(script: script, log: shared, collectsBody: collectsBody))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        let replica = FakeReplica(server: server, log: shared)
        do {
            let result = try await test(replica)
            try await server.close()
            return result
        } catch {
            try? await server.close()
            throw error
        }
    }
}

private final class SharedLog: Sendable {
    let log = Mutex(FakeReplica.Log())
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let script: FakeReplica.Script
    private let shared: SharedLog
    private let collectsBody: Bool
    private var connection = 0
    private var requests = 0
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(script: @escaping FakeReplica.Script, log: SharedLog, collectsBody: Bool) {
        self.script = script
        self.shared = log
        self.collectsBody = collectsBody
    }

    func channelActive(context: ChannelHandlerContext) {
        connection = shared.log.withLock { log in
            log.accepted += 1
            return log.accepted - 1
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        shared.log.withLock { $0.closed += 1 }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let peer = FakeReplica.Peer(channel: context.channel, connection: connection, request: requests)
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
            shared.log.withLock { $0.heads.append(head) }
            script(.head(head), peer)
        case .body(let buffer):
            shared.log.withLock { $0.bodyBytes += buffer.readableBytes }
            if collectsBody { body.writeImmutableBuffer(buffer) }
            script(.body(buffer.readableBytes), peer)
        case .end:
            guard let head else { return }
            requests += 1
            script(.end(head, body: body), peer)
        }
    }
}
