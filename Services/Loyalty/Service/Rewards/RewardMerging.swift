import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// What becomes of somebody's redemptions when they turn out to be another customer: they are the other's, coupons included.
enum RewardMerging {
    /// To be called by whoever merges two accounts, once the lots are the other's.
    static func move(_ plan: MergePlan, _ change: Change) throws {
        let db = change.db
        let (memberID, member) = (plan.from.account.memberID, plan.into)
        let records = try db.all(
            "SELECT \(raw: RewardRedemption.columns) FROM redemptions WHERE member_id = \(memberID) ORDER BY redemption_id",
            RewardRedemption.init
        ).compactMap { $0 }
        for var record in records {
            record.redemption.lots = plan.moved(record.redemption.lots)
            try RewardRedemptionStore.update(record, db)
            if let code = record.couponCode { try RewardCoupon.hand(code, to: member.customer.id, change) }
        }
        try db.execute(
            """
            UPDATE redemptions SET member_id = \(member.account.memberID), customer_id = \(member.customer.id) WHERE member_id = \(memberID)
            """)
        try db.execute(
            """
            UPDATE check_ins SET member_id = \(member.account.memberID) WHERE member_id = \(memberID)
                AND event_key NOT IN (SELECT event_key FROM check_ins WHERE member_id = \(member.account.memberID))
            """)
    }
}
