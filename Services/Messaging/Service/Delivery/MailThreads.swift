import Dispatch
import Glibc
import Synchronization

/// One mail on its way through the threads.
final class MailJob: Sendable {
    let mail: OutgoingMail
    private let cancelled = Atomic<Bool>(false)

    init(_ mail: OutgoingMail) { self.mail = mail }

    /// True once nobody wants it sent any more. Whoever carries it looks as long as it can still be stopped.
    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
    func cancel() { cancelled.store(true, ordering: .relaxed) }
}

/// What one thread works with, such as a connection. Made, used and released on that thread only.
protocol MailWorker: AnyObject {
    /// Blocks until it is known what became of the mail.
    func send(_ job: MailJob) -> DeliveryResult
    /// Nothing came for a while: a good time to close what is open.
    func rest()
}

/// Up to `limit` threads that deliver mails by blocking calls, so that the cooperative pool never waits for a network or a disk. They are
/// started when first needed. A mail goes to the thread that was free last: its connection is the warmest, and the others may rest.
final class MailThreads: Sendable {
    private struct Entry {
        let job: MailJob
        let continuation: CheckedContinuation<DeliveryResult, Never>
    }

    private struct State {
        /// Mails that no thread is free for, oldest first.
        var waiting: [Entry] = []
        /// What a thread works on, or is about to: written by whoever rings its bell.
        var seats: [Entry?]
        var unusedSeats: [Int]
        /// Seats with a thread that waits, the one that was free last at the end.
        var freeSeats: [Int] = []
        var alive = 0
        var isStopping = false
        var stopped: [CheckedContinuation<Void, Never>] = []
    }

    private enum Placement {
        case ring(Int)
        case start(Int)
        case queued
        case refused(String)
    }

    private enum Next {
        case mail(Entry)
        case wait
        case leave
    }

    private let state: Mutex<State>
    private let bells: [DispatchSemaphore]
    private let restAfter: DispatchTimeInterval
    private let makeWorker: @Sendable () -> any MailWorker

    /// - Parameter restAfter: how long a thread goes without a mail before its worker is told to `rest()`.
    init(limit: Int, restAfter: DispatchTimeInterval, makeWorker: @escaping @Sendable () -> any MailWorker) {
        let limit = max(1, limit)
        state = Mutex(State(seats: Array(repeating: nil, count: limit), unusedSeats: Array((0..<limit).reversed())))
        bells = (0..<limit).map { _ in DispatchSemaphore(value: 0) }
        self.restAfter = restAfter
        self.makeWorker = makeWorker
    }

    func deliver(_ mail: OutgoingMail) async -> DeliveryResult {
        let job = MailJob(mail)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { place(Entry(job: job, continuation: $0)) }
        } onCancel: {
            job.cancel()
            withdraw(job)
        }
    }

    /// Refuses what waits, cancels what is under way, and returns when the last thread has ended.
    func shutdown() async {
        stop()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isOver = state.withLock { state in
                if state.alive > 0 { state.stopped.append(continuation) }
                return state.alive == 0
            }
            if isOver { continuation.resume() }
        }
    }

    /// The part of `shutdown()` that does not wait.
    func stop() {
        let (refused, free) = state.withLock { state in
            state.isStopping = true
            for seat in state.seats { seat?.job.cancel() }
            defer { (state.waiting, state.freeSeats) = ([], []) }
            return (state.waiting, state.freeSeats)
        }
        for seat in free { bells[seat].signal() }
        for entry in refused { entry.continuation.resume(returning: .deferred(code: nil, detail: "shutting down")) }
    }
}

extension MailThreads {
    private func place(_ entry: Entry) {
        let placement = state.withLock { state -> Placement in
            if state.isStopping { return .refused("shutting down") }
            if entry.job.isCancelled { return .refused("cancelled before it was sent") }
            if let seat = state.freeSeats.popLast() {
                state.seats[seat] = entry
                return .ring(seat)
            }
            if let seat = state.unusedSeats.popLast() {
                state.seats[seat] = entry
                state.alive += 1
                return .start(seat)
            }
            state.waiting.append(entry)
            return .queued
        }
        switch placement {
        case .ring(let seat): bells[seat].signal()
        case .start(let seat):
            if !startThread({ self.occupy(seat) }) {
                leave(seat)
                entry.continuation.resume(returning: .deferred(code: nil, detail: "the system gives no thread to send with"))
            }
        case .queued: break
        case .refused(let detail): entry.continuation.resume(returning: .deferred(code: nil, detail: detail))
        }
    }

    private func withdraw(_ job: MailJob) {
        let entry = state.withLock { state in
            state.waiting.firstIndex { $0.job === job }.map { state.waiting.remove(at: $0) }
        }
        entry?.continuation.resume(returning: .deferred(code: nil, detail: "cancelled before it was sent"))
    }

    /// A thread's life.
    private func occupy(_ seat: Int) {
        work(at: seat, with: makeWorker())
        leave(seat)
    }

    private func work(at seat: Int, with worker: any MailWorker) {
        var entry = state.withLock { $0.seats[seat] }
        while let current = entry {
            let result = worker.send(current.job)
            // The seat is free before the result is out, so that a caller's next mail finds this thread and its connection.
            let next = finish(seat)
            current.continuation.resume(returning: result)
            switch next {
            case .mail(let following): entry = following
            case .leave: entry = nil
            case .wait:
                if bells[seat].wait(timeout: .now() + restAfter) == .timedOut {
                    worker.rest()
                    bells[seat].wait()
                }
                // A bell without a mail is the call to leave.
                entry = state.withLock { $0.seats[seat] }
            }
        }
    }

    private func finish(_ seat: Int) -> Next {
        state.withLock { state in
            state.seats[seat] = nil
            if state.isStopping { return .leave }
            guard !state.waiting.isEmpty else {
                state.freeSeats.append(seat)
                return .wait
            }
            let entry = state.waiting.removeFirst()
            state.seats[seat] = entry
            return .mail(entry)
        }
    }

    private func leave(_ seat: Int) {
        let stopped = state.withLock { state in
            state.seats[seat] = nil
            state.unusedSeats.append(seat)
            state.alive -= 1
            guard state.alive == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.stopped = [] }
            return state.stopped
        }
        for continuation in stopped { continuation.resume() }
    }
}

/// Runs `body` on a thread of its own that takes no signals: they belong to the main thread, and SIGPIPE from a broken connection to nobody.
/// False where the system has no thread to give.
private func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let box = Unmanaged.passRetained(Box(body))
    let status = pthread_create(
        &thread, &attributes,
        { argument in
            var signals = sigset_t()
            sigfillset(&signals)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, box.toOpaque())
    if status != 0 { box.release() }
    return status == 0
}
