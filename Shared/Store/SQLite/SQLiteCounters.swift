import Synchronization

/// What the threads of one store have done.
final class SQLiteCounters: Sendable {
    private let counts = Mutex(StoreStatistics())

    var current: StoreStatistics { counts.withLock { $0 } }

    func update(_ change: (inout StoreStatistics) -> Void) {
        counts.withLock { change(&$0) }
    }
}
