import Shared

/// Something about a rule that makes it pointless: where, and why.
public struct RuleFault: Sendable, Equatable {
    /// Below the rule, such as `caps/total/points`.
    public let path: [String]
    public let code: String
    public let detail: String
}

extension EarningRule {
    private static let orderTriggers: Set = [
        "order.placed", paid, "order.updated", "order.fulfilled", "order.shipped", "order.delayed", "order.delivered",
    ]
    /// What loyalty itself says comes back to nobody, and what takes an order or a customer away gives no points.
    private static let unheard = ["points.", "tier.", "reward.", "coupon.", "segment.", "grant."]
    private static let unpaid: Set = ["order.refunded", "order.cancelled", "customer.deleted", "customers.merged"]
    /// Events whose form is known and has no amount.
    private static let amountless = [
        "customer.", "customers.", "cart.", "checkout.", "product.", "newsletter.", "social.", "page.", "survey.", "review.", "contest.",
        "referral.", "message.", "milestone.",
    ]

    /// Whether orders set it off.
    public var isOfOrders: Bool { Self.orderTriggers.contains(trigger) }
    public var occasion: Occasion? { Occasion(rawValue: trigger) }
    public var isOfMilestones: Bool { trigger == Milestone.ordersTrigger || trigger == Milestone.spentTrigger }

    /// What contradicts itself, and so could never pay, or not as it says.
    public var faults: [RuleFault] {
        var faults: [RuleFault] = []
        func note(_ path: [String], _ code: String, _ detail: String) {
            faults.append(RuleFault(path: path, code: code, detail: detail))
        }
        if Self.unpaid.contains(trigger) || Self.unheard.contains(where: trigger.hasPrefix) {
            note(["trigger"], "never_fires", "no rule can be set off by this event")
        }
        switch award {
        case .perAmount:
            if !isOfOrders, Self.amountless.contains(where: trigger.hasPrefix) {
                note(["points"], "conflict", "per_amount needs an order, or an event with an amount: use fixed points")
            }
        case .perItem:
            if !isOfOrders { note(["points"], "conflict", "per_item needs an order: use fixed points") }
        case .fixed(let points):
            if items != nil { note(["items"], "conflict", "fixed points do not look at lines: use conditions on order.items") }
            if let cap, cap.points < points { note(["caps", "per_member", "points"], "never_fires", "less than the rule gives at once") }
            if let budget, budget.points < points { note(["caps", "total", "points"], "never_fires", "less than the rule gives at once") }
        }
        if items != nil, !isOfOrders { note(["items"], "conflict", "only orders have lines") }
        if !include.isEmpty {
            if case .perAmount = award, isOfOrders {
                if items != nil { note(["include"], "conflict", "tax and shipping belong to the order, not to some of its lines") }
            } else {
                note(["include"], "conflict", "only per_amount of an order has a basis")
            }
        }
        if let cap, let budget, budget.every == cap.every || budget.every == .lifetime, budget.points < cap.points {
            note(["caps", "total", "points"], "conflict", "less than one member may get")
        }
        if isOfMilestones {
            if milestone?.trigger != trigger { note(["milestone"], milestone == nil ? "missing" : "conflict", Self.milestoneHint(trigger)) }
        } else if milestone != nil {
            note(["milestone"], "conflict", "the trigger is not milestone.orders or milestone.spent")
        }
        for (name, condition) in [("conditions", conditions), ("items", items)] {
            if let field = condition?.impossibleField { note([name], "never_fires", "\(field) can never be all of what is asked of it") }
        }
        return faults
    }

    private static func milestoneHint(_ trigger: String) -> String {
        trigger == Milestone.spentTrigger ? "spent is required for this trigger" : "orders or every_orders is required for this trigger"
    }

    /// Contradictions of the rest of the programme: a currency that it does not have, tiers that there are not.
    public func faults(currency: Currency?, tiers: [Tier]) -> [RuleFault] {
        (conditions?.strangers(currency: currency, tiers: tiers) ?? []).map { RuleFault(path: ["conditions"], code: $0.code, detail: $0.detail) }
    }
}

extension Condition {
    /// What it names that the programme does not have, in rules, offers and coupons alike: a currency, a tier.
    public func strangers(currency: Currency?, tiers: [Tier]) -> [(code: String, detail: String)] {
        var found: [(code: String, detail: String)] = []
        for test in tests {
            let values = test.value.array ?? [test.value]
            switch (test.field, test.op) {
            case ("order.currency", .eq), ("order.currency", .in), ("cart.currency", .eq), ("cart.currency", .in):
                let has = values.contains { value in
                    guard let named = value.string.flatMap(Currency.init) else { return value.isNull }
                    return currency == nil || named == currency
                }
                if !has { found.append(("unknown_currency", "the programme does not have this currency")) }
            case ("tier.id", .eq), ("tier.id", .ne), ("tier.id", .in):
                if values.contains(where: { value in !value.isNull && !tiers.contains { .string($0.id) == value } }) {
                    found.append(("unknown_tier", "there is no tier of this id"))
                }
            case ("tier.name", .eq), ("tier.name", .ne), ("tier.name", .in):
                if values.contains(where: { value in !value.isNull && !tiers.contains { .string($0.name) == value } }) {
                    found.append(("unknown_tier", "there is no tier of this name"))
                }
            default: break
            }
        }
        return found
    }
}
