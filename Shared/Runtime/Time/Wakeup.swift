import NIOCore
import NIOPosix
import Synchronization

/// Lets one loop wait for work: until somebody signals, or a time has passed. A signal between two waits is not lost.
public final class Wakeup: Sendable {
    private struct State {
        var pending = false
        var ended = false
        var waiter: CheckedContinuation<Void, Never>?
        var generation = 0
    }

    private let state = Mutex(State())

    public init() {}

    public func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.pending = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Wakes the loop for good: every later wait returns at once.
    public func end() {
        state.withLock { $0.ended = true }
        signal()
    }

    public var hasEnded: Bool { state.withLock { $0.ended } }

    /// Returns after a signal, after `milliseconds`, or when ended. One waiter at a time.
    public func wait(milliseconds: Int64) async {
        guard milliseconds > 0 else { return }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let generation = state.withLock { state -> Int? in
                if state.pending || state.ended {
                    state.pending = false
                    return nil
                }
                state.generation += 1
                state.waiter = continuation
                return state.generation
            }
            guard let generation else { return continuation.resume() }
            _ = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .milliseconds(milliseconds)) { self.expire(generation) }
        }
    }

    /// Waits though it was ended.
    func pause(milliseconds: Int64) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            _ = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .milliseconds(milliseconds)) { continuation.resume() }
        }
    }

    private func expire(_ generation: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.generation == generation else { return nil }
            let waiter = state.waiter
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }
}
