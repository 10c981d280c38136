import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// After a crash.
enum MessageRecovery {
    /// Longer than any attempt takes.
    private static let longestAttemptMilliseconds: Int64 = 600_000

    /// Attempts that nobody is making any more become `unknown`, for everybody to see, before anything else happens. Then the class
    /// decides: transactional mail goes out again with the same Message-ID, marketing mail does not.
    static func afterStart(_ house: House) async throws {
        let recovered = try await house.write { change in
            // An embedded store has one process: whatever it finds under way was a dead one's. Replicas may be at work beside this one.
            let before = change.db.dialect.engine == .sqlite ? change.now : change.now.adding(milliseconds: -longestAttemptMilliseconds)
            let found = try change.db.all(
                "SELECT id, class, attempts FROM messages WHERE state = \(MessageState.sending.rawValue) AND updated_at <= \(before) ORDER BY id"
            ) { (id: $0.text(0), messageClass: MessageClass(rawValue: $0.text(1)) ?? .marketing, attempts: $0.int(2)) }
            for (id, messageClass, attempts) in found {
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
            return found.count
        }
        if recovered > 0 {
            house.logger.warning(
                "mails were under way when the service stopped; their fate is unknown", metadata: ["count": "\(recovered)"])
        }
    }
}
