import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// After a crash.
enum MessageRecovery {
    /// Attempts that nobody is making any more become `unknown`, for everybody to see, before anything else happens. Then the class
    /// decides: transactional mail goes out again with the same Message-ID, marketing mail does not.
    ///
    /// An embedded store has one process: whatever it finds under way was a dead one's. Where replicas share the store, a message under way has a timer,
    /// which is its sender's while that lives and is taken up by another within half a minute of its end, and the same is done then
    /// (``MessageAttempt/begin(_:_:_:)``): here only what has no timer at all is seen to.
    static func afterStart(_ house: House) async throws {
        let recovered = try await house.write { change in
            let found = try change.db.all(
                "SELECT id, class, attempts FROM messages WHERE state = \(MessageState.sending.rawValue) ORDER BY id"
            ) { (id: $0.text(0), messageClass: MessageClass(rawValue: $0.text(1)) ?? .marketing, attempts: $0.int(2)) }
            var count = 0
            for (id, messageClass, attempts) in found {
                if change.db.dialect.isShared, try change.isScheduled(MessageStore.timerKind, key: id) { continue }
                count += 1
                try MessageStore.endAttempt(id, attempts, outcome: "unknown", response: "cut off", change)
                switch messageClass {
                case .transactional:
                    try MessageStore.settle(id, .unknown, nextAttemptAt: change.now, change)
                    try change.schedule(MessageStore.timerKind, key: id, at: change.now)
                case .marketing:
                    try MessageStore.settle(id, .unknown, reason: .unknownNotResent, change)
                    try change.unschedule(MessageStore.timerKind, key: id)
                }
            }
            return count
        }
        if recovered > 0 {
            house.logger.warning(
                "mails were under way when the service stopped; their fate is unknown", metadata: ["count": "\(recovered)"])
        }
    }
}
