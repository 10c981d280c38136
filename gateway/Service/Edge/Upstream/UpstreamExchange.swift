import Hummingbird
import NIOCore
import NIOHTTP1

/// One request and its response, from the queue to the last byte. Confined to the event loop of its pool.
///
/// A small response resumes the waiting task once, with everything. A large or unbounded one resumes it with the head, and
/// its body is drawn through ``read(_:)``. A streamed request body comes in through ``write(_:_:)``.
final class UpstreamExchange {
    enum Stage {
        /// Waiting for a connection, or between two attempts.
        case queued
        case awaitingHead
        /// The response is small, or has no body: it is gathered here.
        case collecting(HTTPResponseHead)
        /// The length is not announced: gathered until what came with the head has been looked at.
        case undecided(HTTPResponseHead)
        case streaming
        case over
    }

    let request: UpstreamRequest
    private(set) var stage = Stage.queued
    /// When it is late; the pool's sweep looks.
    private(set) var deadline = NIODeadline.distantFuture

    /// The replica it is counted at, from the choice until the answer has come in.
    var replica: UpstreamReplica?
    /// Whether its outcome decides over an ejected replica.
    var isProbe = false
    /// Replicas that refused it already.
    var tried: [UpstreamReplica] = []
    var isPanic = false
    /// How often it was sent.
    private(set) var sent = 0
    /// How often its connection was lost before an answer began.
    private var losses = 0

    private var pool: UpstreamPoolCore?
    private var connection: UpstreamConnection?
    private var continuation: UnsafeContinuation<Response, any Error>?
    private var isCancelled = false
    /// The replica that owes it a head.
    private var debtor: UpstreamReplica?

    // Request body
    private var isRequestComplete: Bool
    /// Bytes of a streamed body of announced length that are still to come.
    private var unsentLength: Int?
    private var isBodyStopped = false
    private var isBodySent = false
    private var isPumpDone: Bool
    private var pendingChunk: ByteBuffer?
    private var writer: UnsafeContinuation<Bool, Never>?
    private var settler: UnsafeContinuation<Void, Never>?

    // Response body
    private var collected: ByteBuffer?
    private var heldHead: HTTPResponseHead?
    private var streamed: [ByteBuffer] = []
    private var streamedBytes = 0
    private var streamEnd: Result<Void, any Error>?
    private var reader: UnsafeContinuation<[ByteBuffer], any Error>?
    private var watch: ClientDepartureHandler?

    init(_ request: UpstreamRequest) {
        self.request = request
        if case .stream(_, let length) = request.body {
            unsentLength = length
            isRequestComplete = false
            isPumpDone = false
        } else {
            isRequestComplete = true
            isPumpDone = true
        }
    }

    var isOver: Bool {
        if case .over = stage { true } else { false }
    }

    /// It was sent, and not so much as a head has come.
    var isUnanswered: Bool {
        if case .awaitingHead = stage { true } else { false }
    }

    // MARK: Life

    func start(in pool: UpstreamPoolCore, _ continuation: UnsafeContinuation<Response, any Error>) {
        self.pool = pool
        self.continuation = continuation
        guard !isCancelled else { return fail(CancellationError()) }
        guard !isOver else { return fail(UpstreamError.requestIncomplete) }
        guard request.validPath != nil else { return fail(UpstreamError.malformedRequest) }
        pool.dispatch(self)
    }

    /// Sends the request over `connection`.
    func begin(on connection: UpstreamConnection) {
        guard let pool, let replica, let path = request.validPath else { return }
        self.connection = connection
        stage = .awaitingHead
        sent += 1
        replica.requests += 1
        replica.asked(at: .now())
        debtor = replica
        if isRequestComplete { expectProgress() }
        var body: ByteBuffer?
        if case .buffer(let buffer) = request.body { body = buffer }
        let head = HTTPRequestHead(request, path: path, host: replica.hostHeader)
        connection.begin(self, head: head, body: body, isComplete: isRequestComplete)
        // Writing may have found the connection dead and moved this exchange on.
        guard self.connection === connection, let chunk = pendingChunk else { return }
        pendingChunk = nil
        send(chunk, over: connection, in: pool)
    }

    /// The task that waited no longer does, or the client is gone: ends everything, and the connection with it.
    func cancel() {
        isCancelled = true
        // Clients may be less patient than this gateway: what they leave counts where the replica hangs.
        if let pool, isUnanswered, let replica, replica.isSilent(for: pool.configuration.silence, at: .now()) { pool.failedInTransit(self) }
        end(with: CancellationError())
    }

    /// Ends it with `error`, wherever it stands; a connection in use is closed.
    func end(with error: any Error) {
        guard !isOver else { return }
        if let connection {
            self.connection = nil
            connection.drop()
        }
        pool?.forget(self)
        fail(error)
    }

    /// It took too long.
    func timedOut() {
        // A stream that falls silent says nothing about the replica, which did answer.
        if case .streaming = stage {} else {
            if let pool, let replica, replica.isSilent(for: request.responseTimeout ?? pool.configuration.responseTimeout, at: .now()) {
                replica.health.fellSilent(at: .now())
            }
            pool?.failedInTransit(self)
        }
        end(with: UpstreamError.timedOut)
    }

    /// No answer will come. The connection, if there was one, is gone already.
    func fail(_ error: any Error) {
        stage = .over
        settle(hasSpoken: false)
        deadline = .distantFuture
        collected = nil
        heldHead = nil
        stopBody()
        endStream(.failure(error))
        continuation.take()?.resume(throwing: error)
        pool = nil
    }

    private func settle(hasSpoken: Bool) {
        debtor.take()?.settled(hasSpoken: hasSpoken, at: .now())
    }

    private func expectProgress() {
        guard let pool else { return }
        deadline = .now() + (request.responseTimeout ?? pool.configuration.responseTimeout)
    }

    // MARK: Request body

    /// Passes a piece of a streamed body on. Resumes with true when the next one is welcome, with false when no more of it
    /// is wanted.
    func write(_ chunk: ByteBuffer, _ continuation: UnsafeContinuation<Bool, Never>) {
        guard !isBodyStopped, !isOver else { return continuation.resume(returning: false) }
        writer = continuation
        guard let connection, let pool else {
            pendingChunk = chunk
            return
        }
        send(chunk, over: connection, in: pool)
    }

    private func send(_ chunk: ByteBuffer, over connection: UpstreamConnection, in pool: UpstreamPoolCore) {
        isBodySent = true
        connection.write(chunk)
        pool.noteBuffered(connection.unsentBytes)
        if let length = unsentLength {
            unsentLength = length - chunk.readableBytes
            // The upstream may answer at the last byte, before the end of the body has been heard of here.
            if length == chunk.readableBytes { completeRequest(over: connection) }
        }
        if connection.isWritable {
            becameWritable()
        } else {
            expectProgress()
        }
    }

    func becameWritable() {
        guard pendingChunk == nil, let writer = writer.take() else { return }
        // From here it is the client that is waited for, and its slowness is not the upstream's.
        if !isRequestComplete { deadline = .distantFuture }
        writer.resume(returning: true)
    }

    /// The streamed body has come to its end.
    func endBody() {
        guard !isBodyStopped, !isOver, !isRequestComplete else { return }
        if let unsentLength, unsentLength != 0 { return end(with: UpstreamError.requestIncomplete) }
        if let connection {
            completeRequest(over: connection)
        } else {
            isRequestComplete = true
        }
    }

    private func completeRequest(over connection: UpstreamConnection) {
        isRequestComplete = true
        expectProgress()
        connection.endRequest()
        deliverHeldHead()
    }

    /// The response makes the rest of the body pointless.
    private func stopBody() {
        isBodyStopped = true
        pendingChunk = nil
        writer.take()?.resume(returning: false)
    }

    /// The task that carries the body over has nothing more to do.
    func pumpDone() {
        isPumpDone = true
        settler.take()?.resume()
    }

    /// Resumes when that task is done, at the latest after the grace that an early response leaves it.
    func settle(_ continuation: UnsafeContinuation<Void, Never>, grace: TimeAmount, on eventLoop: any EventLoop) {
        guard !isPumpDone else { return continuation.resume() }
        settler = continuation
        eventLoop.assumeIsolated().scheduleTask(in: grace) { self.settler.take()?.resume() }
    }

    // MARK: Response

    func received(head: HTTPResponseHead) {
        guard let pool else { return }
        pool.answered(self)
        settle(hasSpoken: true)
        // A refusal ends the request early. A success that comes before the end may still be reading: it is held until
        // the body is through or the response is complete.
        if !isRequestComplete, head.status.code >= 300 { stopBody() }
        if isRequestComplete || isBodyStopped { expectProgress() }
        if request.head.method == .head || !head.status.mayHaveResponseBody {
            stage = .collecting(head)
        } else if let length = head.headers.first(name: "content-length") {
            if let length = Int(length), length <= pool.configuration.collectLimit {
                stage = .collecting(head)
            } else {
                beginStream(head)
            }
        } else {
            stage = .undecided(head)
        }
    }

    func received(body buffer: ByteBuffer) {
        switch stage {
        case .collecting, .undecided:
            if collected == nil {
                collected = buffer
            } else {
                collected?.writeImmutableBuffer(buffer)
            }
        case .streaming:
            streamed.append(buffer)
            streamedBytes += buffer.readableBytes
        case .queued, .awaitingHead, .over:
            break
        }
    }

    /// Everything that arrived at once has been passed in.
    func readComplete() {
        switch stage {
        case .undecided(let head):
            beginStream(head)
        case .streaming:
            break
        case .queued, .awaitingHead, .collecting, .over:
            return
        }
        passOn()
    }

    func receivedEnd() {
        connection = nil
        switch stage {
        case .collecting(let head), .undecided(let head):
            stage = .over
            deadline = .distantFuture
            let body = collected.take()
            stopBody()
            pool = nil
            continuation.take()?.resume(returning: Response(head, body: body.map { ResponseBody(byteBuffer: $0) } ?? ResponseBody()))
        case .streaming:
            deliverHeldHead()
            stopBody()
            endStream(.success(()))
        case .queued, .awaitingHead, .over:
            break
        }
    }

    /// The connection closed before the response was complete. `wasReused`: it had carried other requests before.
    func connectionLost(wasReused: Bool) {
        guard let pool, let replica, !isOver else { return }
        connection = nil
        settle(hasSpoken: false)
        if case .awaitingHead = stage {
            // A kept connection that its peer closes between two requests is no sign of illness.
            if !wasReused { pool.failedInTransit(self) }
            pool.forget(self)
            losses += 1
            if request.isRepeatable && !isBodySent && losses == 1 {
                stage = .queued
                pool.repeatOnce(self, after: replica)
            } else {
                fail(UpstreamError.broken(midway: false))
            }
        } else {
            pool.failedInTransit(self)
            pool.forget(self)
            fail(UpstreamError.broken(midway: true))
        }
    }

    /// The replica stops, and has not read this request: what it sends instead of an answer is a farewell to the connection, see `DrainHandler`.
    func declined() {
        guard let pool, let replica, !isOver else { return }
        connection = nil
        settle(hasSpoken: true)
        pool.forget(self)
        // A body that was being streamed is partly gone.
        guard !isBodySent, sent < Self.mostSent else { return fail(UpstreamError.unreachable) }
        stage = .queued
        deadline = .distantFuture
        pool.repeatOnce(self, after: replica)
    }

    private static let mostSent = 8

    // MARK: Streamed response

    private func beginStream(_ head: HTTPResponseHead) {
        stage = .streaming
        if let buffer = collected.take() {
            streamed.append(buffer)
            streamedBytes += buffer.readableBytes
        }
        heldHead = head
        if isRequestComplete || isBodyStopped { deliverHeldHead() }
    }

    private func deliverHeldHead() {
        guard let head = heldHead.take(), let pool else { return }
        deadline = .distantFuture
        let stream = UpstreamBodyStream(self, on: pool.eventLoop)
        let length = head.headers.first(name: "content-length").flatMap { Int($0) }
        watch = request.client.flatMap { ClientDepartureHandler.watch($0, on: pool.eventLoop) { [weak self] in self?.cancel() } }
        continuation.take()?.resume(returning: Response(head, body: stream.responseBody(length: length)))
    }

    /// Hands what has arrived to the reader that waits; else sees that not too much of it gathers.
    private func passOn() {
        guard let pool else { return }
        pool.noteBuffered(streamedBytes)
        if let reader = reader.take() {
            guard !streamed.isEmpty else {
                self.reader = reader
                return
            }
            deadline = .distantFuture
            reader.resume(returning: takeStreamed())
        } else if streamedBytes > pool.configuration.streamHighWater {
            connection?.setReadingPaused(true)
        }
    }

    private func takeStreamed() -> [ByteBuffer] {
        defer {
            streamed = []
            streamedBytes = 0
        }
        return streamed
    }

    /// The next pieces of a streamed response, at least one; none at its end.
    func read(_ continuation: UnsafeContinuation<[ByteBuffer], any Error>) {
        if !streamed.isEmpty {
            continuation.resume(returning: takeStreamed())
            connection?.setReadingPaused(false)
        } else if let streamEnd {
            continuation.resume(with: streamEnd.map { [] })
        } else {
            reader = continuation
            if let pool { deadline = .now() + pool.configuration.streamIdleTimeout }
        }
    }

    private func endStream(_ result: Result<Void, any Error>) {
        guard streamEnd == nil else { return }
        streamEnd = result
        stage = .over
        deadline = .distantFuture
        watch.take()?.stop()
        if case .failure = result { _ = takeStreamed() }
        if let reader = reader.take() {
            if streamed.isEmpty {
                reader.resume(with: result.map { [] })
            } else {
                reader.resume(returning: takeStreamed())
            }
        }
        pool = nil
    }
}

extension Response {
    /// The response of an upstream as it goes to the client, without its hop-by-hop headers.
    init(_ head: HTTPResponseHead, body: ResponseBody) {
        self.init(
            status: .init(code: Int(head.status.code), reasonPhrase: head.status.reasonPhrase),
            headers: HTTPFields(endToEnd: head.headers),
            body: body)
    }
}
