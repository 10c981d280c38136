import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Brings an order's points to what they should be, as the order stands. Whatever happened to the order, in whatever order and however often it was
/// said, this posts the difference and nothing else.
struct OrderSettlement {
    let change: Change
    let catalogues: CatalogueCache
    let catalogue: Catalogue
    let record: OrderRecord
    let standing: OrderStanding
    let buyer: CustomerRecord
    let event: CloudEvent
    var refundID: String?

    private var cause: String { "order:\(record.order.id)" }
    private var db: SQLConnection { change.db }

    init(
        change: Change, catalogues: CatalogueCache, catalogue: Catalogue, record: OrderRecord, standing: OrderStanding,
        buyer: CustomerRecord,
        event: CloudEvent
    ) {
        self.change = change
        self.catalogues = catalogues
        self.catalogue = catalogue
        self.record = record
        self.standing = standing
        self.buyer = buyer
        self.event = event
    }

    /// `happened` are the event types that may begin an accrual now; what began before is settled in any case. `reason` tells why points went.
    mutating func run(happened: [String], isNew: Bool, reason: String) throws {
        let known = try (isNew ? [] : AccrualStore.all(cause: cause, db)).compactMap { accrual in
            try catalogues.rule(accrual.ruleID, version: accrual.ruleVersion, present: catalogue, db).map { (accrual, $0) }
        }
        let candidates = try candidates(happened, known)
        guard !known.isEmpty || !candidates.isEmpty else { return try milestones(buyer, reason) }
        var session = RuleSession(
            buyer, cause: cause, at: record.order.placedAt, orderID: record.order.id,
            trace: Trace(event, standing, order: record.order, config: record.paidConfig ?? catalogue.config),
            documents: documents(for: candidates), catalogues,
            catalogue, change)
        for (accrual, rule) in known {
            try session.settle(
                accrual, rule, kept: rule.kept(standing, multiplier: accrual.multiplier), stopped: stop(rule) ?? gone, clawedAt: event.time)
        }
        try number(candidates, &session)
        let taken = Set(known.compactMap { RuleGroup($0.1, catalogue.programme) })
        let (standing, placedAt, time) = (standing, record.order.placedAt, event.time)
        try session.consider(
            candidates, taken: taken, moment: { $0.trigger == EarningRule.paid ? placedAt : time }, stopped: stop,
            worth: { $0.kept(standing, multiplier: $1) })
        try session.finish(reason: reason, refundID: refundID)
        var buyer = buyer
        buyer.account = session.ledger.account
        try milestones(buyer, reason)
    }

    /// Rules that could count for this order and have not: for the payment those in force when it was first paid, for anything else those of now.
    private func candidates(_ happened: [String], _ known: [(Accrual, EarningRule)]) throws -> [EarningRule] {
        guard !happened.isEmpty else { return [] }
        var rules: [EarningRule]
        if let paidConfig = record.paidConfig {
            rules = try catalogues.rules(trigger: EarningRule.paid, at: paidConfig, present: catalogue, db)
        } else {
            rules = catalogue.rulesByTrigger[EarningRule.paid] ?? []
        }
        for type in happened where type != EarningRule.paid {
            rules += catalogue.rulesByTrigger[type] ?? []
        }
        return known.isEmpty ? rules : rules.filter { rule in !known.contains { $0.0.ruleID == rule.id } }
    }

    /// Why a rule cannot begin, whatever else.
    private func stop(_ rule: EarningRule) -> RuleCode? {
        if standing.isCancelled { return .cancelled }
        // A guest's order may have to wait for its buyer to sign up (GuestBackfill).
        if buyer.customer.isGuest, catalogue.programme.guestOrders == .onSignUp { return .guest }
        return rule.trigger == EarningRule.paid && !standing.isPaid ? .notPaid : nil
    }

    private var gone: RuleCode? { standing.isFullyRefunded || standing.refunded > 0 ? .refunded : nil }

    private func milestones(_ member: CustomerRecord, _ reason: String) throws {
        try MilestoneAccruals(change: change, catalogues: catalogues, catalogue: catalogue).settle(
            member, event: event, order: record, reason: reason)
    }

    // MARK: - Facts

    private func documents(for rules: [EarningRule]) -> [String: JSON] {
        var documents = ["event": event.facts]
        // Building the order's document means reading its lines: not for rules that do not ask, nor before there is anything to ask.
        if rules.contains(where: { $0.needs.contains("order") && stop($0) == nil }) { documents["order"] = record.facts }
        return documents
    }

    /// Which of the member's counted orders it is, for rules that ask: by placing, this one among those known so far.
    private func number(_ rules: [EarningRule], _ session: inout RuleSession) throws {
        guard session.judge.facts.documents["order"] != nil, rules.contains(where: { $0.fields.contains("order.number") }) else { return }
        let earlier = try db.first(
            """
            SELECT COUNT(*) FROM orders WHERE customer_id = \(buyer.customer.id) AND cancelled_at IS NULL
                AND (placed_at < \(record.order.placedAt) OR (placed_at = \(record.order.placedAt) AND order_id < \(record.order.id)))
            """
        ) { $0.int(0) }
        var order = session.judge.facts.documents["order"]?.object ?? JSONObject()
        order["number"] = .int((earlier ?? 0) + 1)
        session.judge.facts.documents["order"] = .object(order)
    }
}

extension CloudEvent {
    /// What conditions see as `event`.
    var facts: JSON { ["type": .string(type), "source": .string(source), "data": data] }
}
