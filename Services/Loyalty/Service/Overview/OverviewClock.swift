import Shared
import SharedRuntime
import Synchronization

/// The service's clock for the overview, which is asked with a store and nothing else: whether a coupon is over depends on the time, the sandbox's too.
final class OverviewClock: Sendable {
    private let clock = Mutex<VefaClock?>(nil)

    func follow(_ clock: VefaClock) { self.clock.withLock { $0 = clock } }

    var now: Timestamp { clock.withLock { $0 }?.now ?? VefaClock.machineNow }
}
