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
        let db = change.db
        let known = isNew ? [] : try AccrualStore.all(cause: cause, db)
        let candidates = try candidates(happened, known)
        guard !known.isEmpty || !candidates.isEmpty else { return }
        var ledger = PointsLedger(buyer.account, change)
        var news = PointsNews()
        for accrual in known {
            guard let rule = try catalogues.rule(accrual.ruleID, version: accrual.ruleVersion, present: catalogue, db) else { continue }
            try settle(accrual, rule, &ledger, &news)
        }
        for rule in candidates { try begin(rule, &ledger, &news) }
        try ledger.save()
        try news.emit(ledger.account, orderID: record.order.id, reason: reason, refundID: refundID, change)
    }

    /// Rules that could count for this order and have not: for the payment those in force when it was first paid, for anything else those of now.
    private func candidates(_ happened: [String], _ known: [Accrual]) throws -> [EarningRule] {
        guard !standing.isCancelled, !happened.isEmpty else { return [] }
        // A guest's order may have to wait for its buyer to sign up (GuestBackfill).
        if buyer.customer.isGuest, catalogue.programme.guestOrders == .onSignUp { return [] }
        var rules: [EarningRule] = []
        if let paidConfig = record.paidConfig {
            rules += try catalogues.rules(trigger: EarningRule.paid, at: paidConfig, present: catalogue, change.db)
                .filter { $0.isInForce(at: record.order.placedAt) }
        }
        for type in happened where type != EarningRule.paid {
            rules += (catalogue.rulesByTrigger[type] ?? []).filter { $0.isInForce(at: event.time) }
        }
        return rules.filter { rule in !known.contains { $0.ruleID == rule.id } }
    }

    private func begin(_ rule: EarningRule, _ ledger: inout PointsLedger, _ news: inout PointsNews) throws {
        let kept = rule.kept(standing)
        guard kept > 0 else { return }
        if let conditions = rule.conditions, !conditions.verdict(facts).holds { return }
        let grant = try RuleGrant(rule, at: record.order.placedAt, memberID: ledger.account.memberID, catalogue, change.db)
        guard grant.ceiling != 0 else { return }
        var accrual = Accrual(cause: cause, ruleID: rule.id, ruleVersion: rule.version, ceiling: grant.ceiling)
        guard case .credit(let points, _) = accrual.settle(kept: kept), points > 0 else { return }
        accrual.postings = 1
        accrual.credited = points
        try credit(points, accrual, rule, &ledger, &news)
        try AccrualStore.insert(accrual, memberID: ledger.account.memberID, capPeriod: grant.period, change.db)
    }

    private func settle(_ known: Accrual, _ rule: EarningRule, _ ledger: inout PointsLedger, _ news: inout PointsNews) throws {
        var accrual = known
        switch accrual.settle(kept: rule.kept(standing)) {
        case .nothing:
            return
        case .credit(let points, let unforgiven):
            accrual.forgiven -= unforgiven
            if points > 0 {
                accrual.postings += 1
                accrual.credited += points
                try credit(points, accrual, rule, &ledger, &news)
            }
        case .clawback(let points):
            accrual.postings += 1
            let plan = try ledger.clawback(
                points, cause: cause, ruleID: rule.id, policy: catalogue.programme.clawback, at: min(event.time, change.now),
                postingKey: "claw:\(cause):\(rule.id):\(accrual.postings)", origin: origin(rule))
            accrual.reversed += plan.taken
            accrual.forgiven += plan.forgiven
            news.clawedBack(plan)
        }
        try AccrualStore.update(accrual, change.db)
    }

    private func credit(
        _ points: Int64, _ accrual: Accrual, _ rule: EarningRule, _ ledger: inout PointsLedger, _ news: inout PointsNews
    ) throws {
        let dates = try LotDeliveries.dates(orderID: record.order.id, placedAt: record.order.placedAt, catalogue, change)
        let credited = try ledger.credit(
            points, dates: dates, cause: cause, postingKey: "earn:\(cause):\(rule.id):\(accrual.postings)", origin: origin(rule))
        news.credited(points, rule: rule, lot: credited.record.lot, expired: credited.expired)
    }

    private func origin(_ rule: EarningRule) -> EntryOrigin {
        EntryOrigin(orderID: record.order.id, ruleID: rule.id, ruleVersion: rule.version)
    }

    private var facts: ConditionFacts {
        ConditionFacts(["order": record.facts, "customer": buyer.customer.data.json, "event": event.facts], now: change.now)
    }
}

/// What a rule's cap leaves for one more accrual.
struct RuleGrant {
    /// Nil without a cap.
    let ceiling: Int64?
    let period: String?

    init(_ rule: EarningRule, at time: Timestamp, memberID: String, _ catalogue: Catalogue, _ db: SQLConnection) throws {
        guard let cap = rule.cap else {
            ceiling = nil
            period = nil
            return
        }
        let period = cap.period(of: time, zone: catalogue.zone)
        self.period = period
        ceiling = try AccrualStore.room(cap, rule: rule.id, memberID: memberID, period: period, db)
    }
}

extension CloudEvent {
    /// What conditions see as `event`.
    var facts: JSON { ["type": .string(type), "source": .string(source), "data": data] }
}
