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
            let due = try await read { try timers.due($0, now: now, limit: 100) }
            guard let timer = due.first else { return count }
            count += 1
            if let handler = timers.handlers.transactional[timer.kind] {
                try await write { try timers.runTransactional(timer, handler, $0) }
            } else if let (_, handler) = timers.handlers.external[timer.kind] {
                let lease = TypeID.make("lease", at: VefaClock.machineNow)
                guard try await write({ try timers.lease(timer, as: lease, $0) }) else { continue }
                do {
                    try await handler(timer, self)
                    try await write { try timers.finish(timer, lease: lease, $0) }
                } catch {
                    try await write { try timers.postpone(timer, lease: lease, "\(error)", $0) }
                }
            } else {
                try await write { try timers.postpone(timer, "no handler for this kind", $0) }
            }
        }
    }

    /// When the earliest timer is due; nil when there is none.
    package func nextTimerDue() async throws -> Timestamp? {
        let timers = timers
        return try await read { try timers.nextDue($0) }
    }
}
