import Hummingbird
import NIOCore
import SharedRuntime

/// A service behind the gateway: its replicas, and a pool of connections to them for each event loop.
struct Upstream: Sendable {
    /// For logs and metrics.
    let name: String
    private let pools: [UpstreamPool]

    /// - Parameters:
    ///   - addresses: the replicas to begin with; ``update(_:)`` takes others.
    ///   - eventLoopGroup: the group that the server runs on.
    ///   - onTrouble: called on a pool's event loop when a replica fails or none is there.
    init(
        name: String,
        addresses: [ServiceAddress],
        configuration: UpstreamConfiguration = .init(),
        eventLoopGroup: any EventLoopGroup,
        onTrouble: @escaping @Sendable () -> Void = {}
    ) {
        self.name = name
        self.pools = eventLoopGroup.makeIterator().map {
            UpstreamPool(addresses: addresses, configuration: configuration, eventLoop: $0, onTrouble: onTrouble)
        }
    }

    /// Sends `request` over the pool of `eventLoop`, which is meant to be the one the request came in on.
    ///
    /// A small response comes whole. A large or unbounded one comes with a body that is read from the upstream as it is
    /// written to the client; letting go of it before its end closes the upstream connection.
    /// - Throws: ``UpstreamError``, or `CancellationError` when the calling task is cancelled.
    nonisolated(nonsending) func forward(_ request: UpstreamRequest, on eventLoop: any EventLoop) async throws -> Response {
        guard let pool = pools.first(where: { $0.eventLoop === eventLoop }) ?? pools.first else {
            throw UpstreamError.unreachable
        }
        return try await pool.forward(request)
    }

    /// Has the pools use these replicas, soon. Those that are new join; those that have gone get no new requests and are let go when their last
    /// exchange ends; the others keep their connections and what is known of their health.
    func update(_ addresses: [ServiceAddress]) {
        for pool in pools { pool.update(addresses) }
    }

    /// The figures of all event loops together.
    func snapshot() async -> UpstreamSnapshot {
        var total = UpstreamSnapshot(replicas: [], waiting: 0, overloaded: 0, departedFailures: 0, bufferedHighWater: 0)
        for (index, pool) in pools.enumerated() {
            let snapshot = await pool.snapshot()
            if index == 0 { total = snapshot } else { total.merge(snapshot) }
        }
        return total
    }

    /// Closes unused connections and refuses further requests as unreachable; requests under way run to their end.
    func shutDown() async {
        for pool in pools { await pool.shutDown() }
    }
}
