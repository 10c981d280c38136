import LoyaltyDomain

/// What one rule came to for one cause.
enum RuleCode: String, Sendable, CaseIterable {
    case earned
    case conditionsNotMet = "conditions_not_met"
    case paused
    case notInForce = "not_in_force"
    case capReached = "cap_reached"
    case budgetUsed = "budget_used"
    case limitReached = "limit_reached"
    case cooldown
    case zeroBasis = "zero_basis"
    case otherRuleFirst = "other_rule_first"
    case notPaid = "not_paid"
    case cancelled
    case refunded
    case guest
    case notReached = "not_reached"
    case enteredTooLate = "entered_too_late"
    case onceAYear = "once_a_year"
    case reversed

    /// What a trace writes for it; never another's again.
    var letter: Character {
        switch self {
        case .earned: "e"
        case .conditionsNotMet: "n"
        case .paused: "p"
        case .notInForce: "f"
        case .capReached: "c"
        case .budgetUsed: "b"
        case .limitReached: "l"
        case .cooldown: "d"
        case .zeroBasis: "z"
        case .otherRuleFirst: "o"
        case .notPaid: "u"
        case .cancelled: "x"
        case .refunded: "r"
        case .guest: "g"
        case .notReached: "m"
        case .enteredTooLate: "t"
        case .onceAYear: "y"
        case .reversed: "v"
        }
    }

    init?(letter: Character) {
        guard let code = Self.allCases.first(where: { $0.letter == letter }) else { return nil }
        self = code
    }

    /// In words, without the rule's name.
    var words: String {
        switch self {
        case .earned: "gave points"
        case .conditionsNotMet: "its conditions were not met"
        case .paused: "it was paused"
        case .notInForce: "it was not in force at that time"
        case .capReached: "the member had all that it gives one member in that period"
        case .budgetUsed: "its budget of that period was used up"
        case .limitReached: "it had paid the member as often as it may in that period"
        case .cooldown: "it had paid the member too short a time before or after"
        case .zeroBasis: "there was nothing left to reckon points from"
        case .otherRuleFirst: "another rule came first"
        case .notPaid: "the order is not paid"
        case .cancelled: "the order was cancelled"
        case .refunded: "the order was refunded"
        case .guest: "a guest's order earns once its address signs up"
        case .notReached: "the milestone is not reached"
        case .enteredTooLate: "the birthday was entered less than 30 days ahead"
        case .reversed: "the referral was reversed"
        case .onceAYear: "it was paid less than 365 days before"
        }
    }
}
