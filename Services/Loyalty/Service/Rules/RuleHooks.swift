import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// What earning rules add to the common ways of a definition.
enum RuleHooks {
    static let all = DefinitionHooks<EarningRule>(
        check: { rule, _, catalogue, db, reader in
            let faults = rule.faults + rule.faults(currency: catalogue.programme.currency, tiers: catalogue.tiers)
            var noted: Set<[String]> = []
            for fault in faults where noted.insert(fault.path + [fault.code]).inserted {
                reader.issues.add(fault.path.reduce(reader.pointer) { $0 / $1 }, fault.code, fault.detail)
            }
            try ConditionCheck.segments(rule.conditions, at: reader.pointer / "conditions", reader.issues, db)
        },
        changed: { _, after, catalogue, change in
            if after?.occasion != nil { try OccasionSweep.begin(catalogue.zone, change) }
        })
}
