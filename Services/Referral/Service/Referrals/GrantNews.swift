import ReferralDomain
import Shared
import SharedRuntime

/// What loyalty says of the rewards that referrals ordered.
enum GrantNews {
    static func hear(_ event: CloudEvent, _ change: Change) throws {
        guard event.source == "vefa/\(ServiceName.loyalty.rawValue)", let outcome = GrantOutcome(event.data),
            let id = outcome.origin["referral_id"]?.string, var referral = try ReferralStore.find(id, change.db)
        else { return }
        referral.advocateReward.hear(outcome)
        referral.friendReward.hear(outcome)
        try ReferralStore.update(referral, change.db)
    }
}
