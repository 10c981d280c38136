import LoyaltyDomain
import Shared
import SharedRuntime

/// What changed about a member, as tiers and segments care.
struct MemberChanges: OptionSet, Sendable {
    let rawValue: Int

    static let profile = MemberChanges(rawValue: 1)
    static let orders = MemberChanges(rawValue: 2)
    static let points = MemberChanges(rawValue: 4)
    static let tier = MemberChanges(rawValue: 8)
    static let events = MemberChanges(rawValue: 16)
    static let segments = MemberChanges(rawValue: 32)
    /// What counts towards a tier, where no order and no entry of the ledger tells so.
    static let standing = MemberChanges(rawValue: 64)
}

/// What follows from a change of a member, in the transaction that made it and after everything else of it is written: first the tier, then the
/// segments. To be called once for each member that a write touched.
struct Aftermath: Sendable {
    let catalogues: CatalogueCache

    /// `event` is what brought it; nil for a call, or for time itself.
    func follow(_ customerID: String, _ changes: MemberChanges, event: CloudEvent? = nil, _ change: Change) throws {
        var changes = changes
        let catalogue = try catalogues.current(change.db)
        if try TierKeeper(catalogue: catalogue).update(customerID, changes, change) { changes.insert(.tier) }
        try SegmentKeeper(catalogue: catalogue).update(customerID, changes, event: event, change)
    }
}
