import ReferralDomain
import Shared
import SharedRuntime

enum ReferralTimers {
    /// The hold is over. Everything known of the order was weighed when it came; what is left is the advocate's limit, counted in the transaction
    /// that approves.
    static func holdOver(_ timer: DueTimer, _ change: Change) throws {
        guard var referral = try ReferralStore.find(timer.key, change.db), referral.state == .qualified else { return }
        let moves = ReferralMoves(change: change)
        if let limit = try ProgrammeStore.find(referral.programmeID, change.db)?.programme.maxPerAdvocate {
            let start = limit.start(of: change.now)
            // Locks the advocate's row first: on engines where approvals run side by side, each counts the ones before it.
            try change.db.execute(
                "UPDATE advocates SET code = code WHERE programme_id = \(referral.programmeID) AND customer_id = \(referral.advocateID)")
            let count = try ReferralStore.approved(referral.advocateID, programme: referral.programmeID, since: start, change.db)
            guard count < limit.count else {
                return try moves.move(&referral, .reject, by: .system, reason: ReferralReason.advocateLimit.rawValue, at: timer.dueAt)
            }
        }
        try moves.move(&referral, .approve, by: .system, reason: ReferralReason.holdOver.rawValue, at: timer.dueAt)
    }
}
