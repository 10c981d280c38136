import Hummingbird
import NIOCore
import SharedRuntime

/// The way from one event loop to one upstream service: a pool of kept connections on that same loop.
///
/// A request that arrives on the loop finds its connection, is written, and has its answer read there too: one suspension for
/// a small exchange, no lock and no change of thread. Calls from elsewhere are taken over to the loop.
struct UpstreamPool: Sendable {
    let eventLoop: any EventLoop
    private let earlyResponseGrace: TimeAmount
    private let core: NIOLoopBoundBox<UpstreamPoolCore>

    init(
        addresses: [ServiceAddress], configuration: UpstreamConfiguration, eventLoop: any EventLoop, onTrouble: @escaping @Sendable () -> Void
    ) {
        self.eventLoop = eventLoop
        self.earlyResponseGrace = configuration.earlyResponseGrace
        self.core = .makeBoxSendingValue(
            UpstreamPoolCore(addresses: addresses, configuration: configuration, eventLoop: eventLoop, onTrouble: onTrouble),
            eventLoop: eventLoop)
    }

    /// Sends `request` to a replica and returns its response: whole if it is small, else with a body still to come.
    /// - Throws: ``UpstreamError``, or `CancellationError` when the calling task is cancelled.
    nonisolated(nonsending) func forward(_ request: UpstreamRequest) async throws -> Response {
        let exchange = NIOLoopBoundBox.makeBoxSendingValue(UpstreamExchange(request), eventLoop: eventLoop)
        guard case .stream(let body, _) = request.body else { return try await response(of: exchange) }
        let outcome = await withTaskGroup(of: Void.self) { group in
            group.addTask { await pump(body, into: exchange) }
            let outcome: Result<Response, any Error>
            do { outcome = .success(try await response(of: exchange)) } catch { outcome = .failure(error) }
            // Whichever way it ends, the task that reads the client's body gets the time to stop between two pieces of it.
            // Cancelled in the middle of a read, it would take the client's connection with it.
            await settle(exchange)
            group.cancelAll()
            return outcome
        }
        return try outcome.get()
    }

    /// In the order of the calls.
    func update(_ addresses: [ServiceAddress]) {
        eventLoop.execute { core.value.update(addresses) }
    }

    func snapshot() async -> UpstreamSnapshot {
        await withUnsafeContinuation { continuation in
            onLoop { continuation.resume(returning: core.value.snapshot()) }
        }
    }

    /// Closes unused connections and refuses further requests; those under way run to their end.
    func shutDown() async {
        await withUnsafeContinuation { continuation in
            onLoop {
                core.value.shutDown()
                continuation.resume()
            }
        }
    }

    // MARK: -

    private nonisolated(nonsending) func response(of exchange: NIOLoopBoundBox<UpstreamExchange>) async throws -> Response {
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Response, any Error>) in
                if eventLoop.inEventLoop {
                    exchange.value.start(in: core.value, continuation)
                } else {
                    eventLoop.execute { exchange.value.start(in: core.value, continuation) }
                }
            }
        } onCancel: {
            onLoop { exchange.value.cancel() }
        }
    }

    /// Carries the client's body over, piece by piece, as fast as the upstream takes it.
    private func pump(_ body: RequestBody, into exchange: NIOLoopBoundBox<UpstreamExchange>) async {
        let isWhole: Bool
        do {
            for try await chunk in body where chunk.readableBytes > 0 {
                let goesOn = await withUnsafeContinuation { continuation in
                    onLoop { exchange.value.write(chunk, continuation) }
                }
                guard goesOn else { return onLoop { exchange.value.pumpDone() } }
            }
            isWhole = true
        } catch {
            isWhole = false
        }
        onLoop {
            if isWhole { exchange.value.endBody() } else { exchange.value.end(with: UpstreamError.requestIncomplete) }
            exchange.value.pumpDone()
        }
    }

    private func settle(_ exchange: NIOLoopBoundBox<UpstreamExchange>) async {
        await withUnsafeContinuation { continuation in
            onLoop { exchange.value.settle(continuation, grace: earlyResponseGrace, on: eventLoop) }
        }
    }

    private func onLoop(_ action: @escaping @Sendable () -> Void) {
        if eventLoop.inEventLoop { action() } else { eventLoop.execute(action) }
    }
}
