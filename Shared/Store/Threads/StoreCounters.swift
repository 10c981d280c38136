import Synchronization

/// What the threads of one store have done.
final class StoreCounters: Sendable {
    private let counts = Mutex(StoreStatistics())

    var current: StoreStatistics { counts.withLock { $0 } }

    func update(_ change: (inout StoreStatistics) -> Void) {
        counts.withLock { change(&$0) }
    }
}
