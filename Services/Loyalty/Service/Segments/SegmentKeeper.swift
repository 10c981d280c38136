import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Keeps segments' members true as things happen.
struct SegmentKeeper {
    let catalogue: Catalogue

    func update(_ customerID: String, _ changes: MemberChanges, event: CloudEvent?, _ change: Change) throws {
    }
}
