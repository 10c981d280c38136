import LoyaltyDomain

/// Rules of which only one counts for a cause: those of one group and trigger; all of a trigger where the programme takes the first match.
struct RuleGroup: Hashable {
    let trigger: String
    let name: String

    init?(_ rule: EarningRule, _ programme: Programme) {
        trigger = rule.trigger
        if programme.ruleMatching == .firstMatch {
            name = ""
        } else if let group = rule.group {
            name = group
        } else {
            return nil
        }
    }
}
