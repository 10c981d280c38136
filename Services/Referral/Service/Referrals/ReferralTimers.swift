import ReferralDomain
import Shared
import SharedRuntime

enum ReferralTimers {
    /// The hold is over. Everything known of the order was weighed when it came; what is left is the advocate's limit, counted in the transaction
    /// that approves.
    static func holdOver(_ timer: DueTimer, _ change: Change) throws {
        guard let referral = try ReferralStore.find(timer.key, change.db), referral.state == .qualified else { return }
        guard let limit = try ProgrammeStore.find(referral.programmeID, change.db)?.programme.maxPerAdvocate else {
            return try approve(referral, at: timer.dueAt, change)
        }
        // Timers come in any order where replicas share them, and the limit is for whoever was first: holds of the same advocate that ended before this
        // one are weighed before it.
        let earlier = try ReferralStore.held(
            by: referral.advocateID, programme: referral.programmeID, before: timer.dueAt, change.db)
        for referral in earlier.filter({ $0.id != referral.id && $0.terms.approval == .automatic }) + [referral] {
            let start = limit.start(of: change.now)
            let count = try ReferralStore.approved(referral.advocateID, programme: referral.programmeID, since: start, change.db)
            let endedAt = referral.holdUntil ?? timer.dueAt
            if count < limit.count {
                try approve(referral, at: endedAt, change)
            } else {
                var referral = referral
                try ReferralMoves(change: change)
                    .move(&referral, .reject, by: .system, reason: ReferralReason.advocateLimit.rawValue, at: endedAt)
            }
        }
    }

    private static func approve(_ referral: Referral, at time: Timestamp, _ change: Change) throws {
        var referral = referral
        try ReferralMoves(change: change).move(&referral, .approve, by: .system, reason: ReferralReason.holdOver.rawValue, at: time)
    }
}
