import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Keeps members' tiers true.
struct TierKeeper {
    let catalogue: Catalogue

    /// Looks at a member's tier again; true where it is another one now.
    func update(_ customerID: String, _ changes: MemberChanges, _ change: Change) throws -> Bool {
        false
    }

    /// The tier that counted for a member at a moment, what happened at that very moment not yet counted.
    func tier(of account: MemberAccount, at time: Timestamp, _ db: SQLConnection) throws -> Tier? {
        catalogue.tier(account.tierID)
    }
}
