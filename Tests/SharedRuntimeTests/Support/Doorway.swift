import Foundation
import Hummingbird
import HummingbirdCore
import NIOCore
import ServiceLifecycle
import Shared
import SharedTesting
import Synchronization

@testable import SharedRuntime

/// A subscriber behind a door that can fail: it answers as its inbox does, unless `fault` says otherwise for a batch.
final class Doorway: Sendable {
    enum Fault: Sendable {
        /// The reader dies: the connection ends without an answer.
        case cut
        case answer(HTTPResponse.Status)
        /// The batch is applied, and the reader dies before it can say so.
        case cutAfterwards
    }

    typealias Judge = @Sendable (Wire.Batch) -> Fault?

    let port: Int
    let subscriber: TestHouse
    private let state: Shelf<[[Int64]]>
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    static func open(_ subscriber: TestHouse, fault: @escaping Judge = { _ in nil }) async throws -> Doorway {
        let batches = Shelf<[[Int64]]>([])
        let router = Router(context: VefaContext.self)
        router.get("/internal/v1/positions/**") { request, _ in
            try await subscriber.request(.get, request.uri.string, principal: service).reply
        }
        router.post("/internal/v1/events") { request, context -> Reply in
            let body = Array(try await request.bytes(limit: 64 << 20).readableBytesView)
            let batch = try Wire.Batch(try JSONParser.parse(body, depthLimit: JSONParser.ownDepth))
            batches.change { $0.append(batch.events.map(\.position)) }
            let fault = fault(batch)
            if case .answer(let status) = fault { return Reply(status, ["code": "told_to"]) }
            if case .cut = fault { return try await hangUp(context) }
            let answer = try await subscriber.request(.post, "/internal/v1/events", body: body, principal: service)
            if case .cutAfterwards = fault { return try await hangUp(context) }
            return answer.reply
        }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: silent)
        let group = ServiceGroup(configuration: .init(services: [.init(service: application)], logger: silent))
        let task = Task {
            defer { port.finish() }
            try await group.run()
        }
        guard let bound = await ports.first(where: { _ in true }) else { throw TestHouse.Unexpected(description: "no port") }
        return Doorway(port: bound, subscriber: subscriber, state: batches, group: group, task: task)
    }

    private static let service = Principal(kind: .service, keyID: "service")

    private init(port: Int, subscriber: TestHouse, state: Shelf<[[Int64]]>, group: ServiceGroup, task: Task<Void, any Error>) {
        self.port = port
        self.subscriber = subscriber
        self.state = state
        self.group = group
        self.task = task
    }

    /// The positions of every batch that came to the door.
    var batches: [[Int64]] { state.value }

    func close() async {
        await group.triggerGracefulShutdown()
        _ = await task.result
        await subscriber.stop()
    }

    private static func hangUp(_ context: VefaContext) async throws -> Reply {
        try await context.channel?.close().get()
        throw CancellationError()
    }
}

extension TestHouse.Answer {
    fileprivate var reply: Reply { Reply(HTTPResponse.Status(code: status), bytes: body) }
}
