import Shared
import SharedStore

extension House {
    /// Runs every timer that is due now, one after another and without the worker: for tests, which move the clock themselves.
    /// Answers how many ran.
    package func runDueTimers() async throws -> Int {
        let timers = timers
        var count = 0
        while true {
            let now = now
            let lease = TypeID.make("lease", at: VefaClock.machineNow)
            guard let timer = try await store.claim({ try timers.claim($0, as: lease, now: now, kinds: .all, limit: 1) }).first else { return count }
            count += 1
            if let handler = timers.handlers.transactional[timer.kind] {
                try await write { try timers.runTransactional(timer, lease: lease, handler, $0) }
            } else if let (_, handler) = timers.handlers.external[timer.kind] {
                do {
                    try await handler(timer, self)
                    try await write { try timers.finish(timer, lease: lease, $0) }
                } catch {
                    try await write { try timers.postpone(timer, lease: lease, "\(error)", $0) }
                }
            } else {
                try await write { try timers.postpone(timer, lease: lease, "no handler for this kind", $0) }
            }
        }
    }

    /// When the earliest timer is due; nil when there is none.
    package func nextTimerDue() async throws -> Timestamp? {
        let timers = timers
        return try await read { try timers.nextDue($0) }
    }
}
