import LoyaltyDomain
import Shared
import SharedRuntime

/// What makes a tier more than a definition: it must not contradict the others, and a change of it looks at every member again.
enum TierHooks {
    static let hooks = DefinitionHooks<Tier>(
        check: { tier, _, catalogue, _, reader in check(tier, catalogue.tiers.filter { $0.id != tier.id }, reader) },
        changed: { before, after, catalogue, change in
            try SegmentStore.tiersChanged(catalogue, change)
            if let before, let after, before.isHeldAlike(after) { return }
            try TierRecompute.begin(change)
        })

    private static func check(_ tier: Tier, _ others: [Tier], _ reader: FieldReader) {
        for other in others {
            if other.name.lowercased() == tier.name.lowercased() {
                reader.fail("name", "overlap", "another tier has this name: \(other.id)")
            }
            if let plans = tier.plans {
                if let shared = other.plans?.first(where: plans.contains) {
                    reader.issues.add(
                        reader.pointer / "subscription" / "plans", "overlap", "the plan \(shared) leads to the tier \(other.id) already")
                }
            } else if other.plans == nil, other.threshold == tier.threshold, other.basis == tier.basis, other.window == tier.window {
                reader.fail("threshold", "overlap", "another tier begins there: \(other.id)")
            } else if other.plans == nil, other.threshold == 0, tier.threshold == 0 {
                reader.fail("threshold", "overlap", "another tier begins at nothing: \(other.id)")
            }
        }
    }
}
