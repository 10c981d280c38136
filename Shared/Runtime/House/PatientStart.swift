import Logging
import Shared
import SharedStore
import Synchronization

/// Opens a store whose server may not be up yet: tries again until it is there, for a while. Machines and containers start in any order, and a
/// service that ends at once would only be started again, ever more rarely. After that while it gives up all the same: a fresh start reads its
/// environment and its secrets' files anew, and one of them may be what is wrong.
struct PatientStart {
    var logger: Logger
    /// All waiting together, in milliseconds.
    var limit: Int64 = 120_000
    /// Between two lines of the log, in milliseconds.
    var silence: Int64 = 15_000
    /// Waits so many milliseconds.
    var wait: @Sendable (Int64) async -> Void = { await Wakeup().wait(milliseconds: $0) }
    /// Milliseconds that only go forward; an attempt itself may take seconds.
    var elapsed: @Sendable () -> Int64 = {
        let began = ContinuousClock.now
        return { Int64((ContinuousClock.now - began) / .milliseconds(1)) }
    }()

    /// What `open` answers, or its error: at once where waiting cannot help, otherwise the last one.
    func open<T>(_ open: () async throws -> T) async throws -> T {
        var pause: Int64 = 100
        var saidAt: Int64?
        while true {
            do {
                let opened = try await open()
                if saidAt != nil { logger.notice("the database is there", metadata: ["milliseconds": "\(elapsed())"]) }
                return opened
            } catch let error as StoreError where error.isOutage {
                let now = elapsed()
                guard now < limit else { throw error }
                if saidAt.map({ now - $0 >= silence }) ?? true {
                    logger.warning("waiting for the database", metadata: ["reason": "\(error)", "milliseconds": "\(now)"])
                    saidAt = now
                }
                await wait(pause)
                pause = min(pause * 2, 2_000)
            }
        }
    }
}

/// What to do when the launcher is gone: leave at once while the service is still starting, stop properly once it serves.
final class LauncherWatch: Sendable {
    private let action: Mutex<@Sendable () -> Void>

    init(_ first: @escaping @Sendable () -> Void) { action = Mutex(first) }

    func instead(_ next: @escaping @Sendable () -> Void) { action.withLock { $0 = next } }
    func launcherIsGone() { action.withLock { $0 }() }
}
