import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// The points of a member's milestones: each step once, taken back when refunds or a cancellation undo it. Settled with every order, from the orders
/// as they stand; so their order of arrival does not matter.
struct MilestoneAccruals {
    let change: Change
    let catalogues: CatalogueCache
    let catalogue: Catalogue

    private var db: SQLConnection { change.db }

    private struct Progress {
        let orders: Int64
        let spent: Int64
    }

    func settle(_ member: CustomerRecord, event: CloudEvent, order: OrderRecord, reason: String) throws {
        let rules = (catalogue.rulesByTrigger[Milestone.ordersTrigger] ?? []) + (catalogue.rulesByTrigger[Milestone.spentTrigger] ?? [])
        let prefix = "milestone:\(member.account.memberID):"
        // What an ended rule gave is taken back like any other; nothing else asks for a read where there are no such rules.
        guard !rules.isEmpty || reason != "updated" else { return }
        // What they reached while they were two counts too.
        let known = try CustomerStore.memberIDs(of: member, db).flatMap { try AccrualStore.all(causesFrom: "milestone:\($0):", db) }
        guard !rules.isEmpty || !known.isEmpty else { return }
        let progress = try progress(member)
        var documents = ["event": event.facts]
        if rules.contains(where: { $0.needs.contains("order") }) { documents["order"] = order.facts }
        var session = RuleSession(
            member, cause: "\(prefix)progress", at: order.order.placedAt, trace: Trace(event, config: catalogue.config),
            documents: documents,
            catalogues, catalogue, change)
        session.trace.ref = order.order.id
        for accrual in known {
            guard let rule = try catalogues.rule(accrual.ruleID, version: accrual.ruleVersion, present: catalogue, db),
                let milestone = rule.milestone, let step = accrual.cause.split(separator: ":").last.flatMap({ Int64($0) })
            else { continue }
            let holds = milestone.reached(orders: progress.orders, spent: progress.spent).contains(step)
            let kept = holds ? rule.award.points(for: 0, currency: nil, multiplier: accrual.multiplier) : 0
            try session.settle(accrual, rule, kept: kept, stopped: .notReached, clawedAt: event.time)
        }
        for rule in rules {
            guard let milestone = rule.milestone else { continue }
            for step in milestone.reached(orders: progress.orders, spent: progress.spent) {
                let name = "\(milestone.trigger == Milestone.spentTrigger ? "spent" : "orders"):\(step)"
                guard !known.contains(where: { $0.cause.hasSuffix(":" + name) && $0.ruleID == rule.id }) else { continue }
                try session.reach(rule, cause: prefix + name, at: try moment(milestone, step, member))
            }
        }
        guard !session.trace.isEmpty else { return }
        try session.finish(reason: reason, occasion: "milestone")
    }

    /// Paid, neither cancelled nor sent back in full.
    private static let counted: SQL = "paid_at IS NOT NULL AND cancelled_at IS NULL AND (refunded < amount OR refunded = 0)"

    private func progress(_ member: CustomerRecord) throws -> Progress {
        let currency = catalogue.programme.currency?.code
        return try db.first(
            """
            SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN currency = \(currency) THEN amount - refunded ELSE 0 END), 0) AS BIGINT)
            FROM orders WHERE customer_id = \(member.customer.id) AND \(Self.counted)
            """
        ) { Progress(orders: $0.int(0), spent: $0.int(1)) } ?? Progress(orders: 0, spent: 0)
    }

    /// When the order was placed that reached a step.
    private func moment(_ milestone: Milestone, _ step: Int64, _ member: CustomerRecord) throws -> Timestamp {
        if case .spent = milestone {
            let currency = catalogue.programme.currency?.code
            let reached = try db.first(
                """
                SELECT placed_at FROM (
                    SELECT placed_at, order_id, SUM(amount - refunded) OVER (ORDER BY placed_at, order_id) AS spent
                    FROM orders WHERE customer_id = \(member.customer.id) AND currency = \(currency) AND \(Self.counted)
                ) sums WHERE spent >= \(step) ORDER BY placed_at, order_id LIMIT 1
                """
            ) { $0.time(0) }
            return reached ?? change.now
        }
        return try db.first(
            """
            SELECT placed_at FROM orders WHERE customer_id = \(member.customer.id) AND \(Self.counted)
            ORDER BY placed_at, order_id LIMIT 1 OFFSET \(step - 1)
            """
        ) { $0.time(0) } ?? change.now
    }
}

extension RuleSession {
    /// A step of a milestone that was not reached before.
    mutating func reach(_ rule: EarningRule, cause: String, at: Timestamp) throws {
        if rule.state == .paused { return trace.add(rule, .paused) }
        guard rule.isInForce(at: at) else { return trace.add(rule, .notInForce) }
        guard try meets(rule) else { return }
        let multiplier = rule.effective(rule.isMultiplied ? try multiplier() : PointsAward.single)
        let kept = rule.award.points(for: 0, currency: nil, multiplier: multiplier)
        try begin(rule, cause: cause, kept: kept, multiplier: multiplier, at: min(at, change.now))
    }
}
