import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Earning rules at work for one member and one cause, within one write: asks each rule that may begin, settles what began before, posts the
/// difference, and keeps why. Facts are gathered once, and only those that a rule asks about.
struct RuleSession {
    let change: Change
    let catalogues: CatalogueCache
    let catalogue: Catalogue
    let member: CustomerRecord
    let cause: String
    /// As of when it counts: the order's placing, the event's time, the day of the occasion. Never later than now.
    let at: Timestamp
    let orderID: String?
    var judge: RuleJudge
    var ledger: PointsLedger
    var news = PointsNews()
    var trace: Trace

    private var db: SQLConnection { change.db }

    init(
        _ member: CustomerRecord, cause: String, at: Timestamp, orderID: String? = nil, trace: Trace, documents: [String: JSON],
        _ catalogues: CatalogueCache, _ catalogue: Catalogue, _ change: Change
    ) {
        self.change = change
        self.catalogues = catalogues
        self.catalogue = catalogue
        self.member = member
        self.cause = cause
        self.at = min(at, change.now)
        self.orderID = orderID
        self.trace = trace
        judge = RuleJudge(member, catalogue, at: self.at, change.db, documents: documents)
        ledger = PointsLedger(member.account, change)
    }

    // MARK: - What may begin

    /// Asks the rules in their turn, and gives what they give (``RuleJudge/consider``).
    mutating func consider(
        _ rules: [EarningRule], taken: Set<RuleGroup> = [], moment: ((EarningRule) -> Timestamp)? = nil,
        stopped: (EarningRule) -> RuleCode? = { _ in nil }, worth: (EarningRule, _ multiplier: Int64) -> Int64
    ) throws {
        for (rule, verdict) in try judge.consider(rules, taken: taken, moment: moment, stopped: stopped, worth: worth) {
            switch verdict {
            case .refused(let code, let saw):
                if let saw { trace.add(rule, code, saw: saw) } else { trace.add(rule, code) }
            case .worth(let kept, let multiplier):
                try begin(rule, cause: cause, kept: kept, multiplier: multiplier, at: at)
            }
        }
        trace.tier = judge.tierID ?? trace.tier
    }

    /// Whether one rule's conditions hold; where they do not, the trace says so.
    mutating func meets(_ rule: EarningRule) throws -> Bool {
        guard let saw = try judge.fails(rule) else { return true }
        trace.add(rule, .conditionsNotMet, saw: saw)
        return false
    }

    /// The multiplier of the tier that counted at the time.
    mutating func multiplier() throws -> Int64 {
        let multiplier = try judge.multiplier()
        trace.tier = judge.tierID
        return multiplier
    }

    /// Gives what a rule's limits, cap and budget leave. What a cap leaves nothing of is kept as nothing, so that what others give back later does not
    /// make a replay of this cause earn.
    mutating func begin(_ rule: EarningRule, cause: String, kept: Int64, multiplier: Int64, at: Timestamp) throws {
        let room: RuleRoom
        switch try judge.room(rule, at: at) {
        case .none(let code):
            trace.add(rule, code)
            return
        case .some(let some):
            room = some
        }
        var accrual = Accrual(
            cause: cause, ruleID: rule.id, ruleVersion: rule.version, ceiling: room.ceiling, multiplier: multiplier, capPeriod: room.capPeriod,
            budgetPeriod: room.budgetPeriod, earnedAt: at)
        if case .credit(let points, _) = accrual.settle(kept: kept), points > 0 {
            accrual.postings = 1
            accrual.credited = points
            try credit(points, accrual, rule, at: at)
        }
        try AccrualStore.insert(accrual, memberID: ledger.account.memberID, isLimited: rule.limits != nil, db)
        trace.add(rule, room.code, points: accrual.credited, bounded: accrual.credited < kept)
        if multiplier != PointsAward.single { trace.multiplier = multiplier }
    }

    // MARK: - What began before

    /// Brings an accrual to what its rule keeps now. `stopped` tells why nothing is kept.
    mutating func settle(_ known: Accrual, _ rule: EarningRule, kept: Int64, stopped: RuleCode?, clawedAt: Timestamp) throws {
        var accrual = known
        switch accrual.settle(kept: kept, room: try room(known, rule, kept)) {
        case .nothing:
            break
        case .credit(let points, let unforgiven):
            accrual.forgiven -= unforgiven
            if points > 0 {
                accrual.postings += 1
                accrual.credited += points
                try credit(points, accrual, rule, at: known.earnedAt ?? at)
            } else {
                try drawn(known, accrual, rule)
            }
            try AccrualStore.update(accrual, db)
        case .clawback(let points):
            accrual.postings += 1
            let plan = try ledger.clawback(
                points, cause: known.cause, ruleID: rule.id, policy: catalogue.programme.clawback, at: min(clawedAt, change.now),
                postingKey: "claw:\(known.cause):\(rule.id):\(accrual.postings)", origin: origin(rule))
            accrual.reversed += plan.taken
            accrual.forgiven += plan.forgiven
            news.clawedBack(plan)
            try drawn(known, accrual, rule)
            try AccrualStore.update(accrual, db)
        }
        trace.add(
            rule, accrual.standing > 0 ? .earned : (stopped ?? .zeroBasis), points: accrual.standing, bounded: accrual.standing < kept)
        if known.multiplier != PointsAward.single { trace.multiplier = known.multiplier }
    }

    /// What cap and budget leave for more than an accrual stands at; nil where it asks for no more, or nothing bounds it.
    private func room(_ known: Accrual, _ rule: EarningRule, _ kept: Int64) throws -> Int64? {
        guard kept > known.standing else { return nil }
        var room: Int64?
        if let cap = rule.cap, let period = known.capPeriod {
            room = try AccrualStore.room(cap, rule: rule.id, memberID: ledger.account.memberID, period: period, db)
        }
        if let budget = rule.budget, let period = known.budgetPeriod {
            let left = try RuleBudgets.room(budget, rule: rule.id, period: period, db)
            room = min(room ?? left, left)
        }
        return room
    }

    private mutating func credit(_ points: Int64, _ accrual: Accrual, _ rule: EarningRule, at: Timestamp) throws {
        let dates = try dates(rule, at: at)
        let credited = try ledger.credit(
            points, dates: dates, cause: accrual.cause, postingKey: "earn:\(accrual.cause):\(rule.id):\(accrual.postings)",
            origin: origin(rule))
        news.credited(points, rule: rule, lot: credited.record.lot, expired: credited.expired)
        if let period = accrual.budgetPeriod { try RuleBudgets.add(points, rule: rule.id, period: period, db) }
    }

    /// The rule's own expiry and activation come before the tier's and the programme's. Only an order can be waited for.
    private mutating func dates(_ rule: EarningRule, at: Timestamp) throws -> LotDates {
        let expiry = try rule.expiry ?? judge.tierExpiry()
        guard let orderID else {
            return LotDates(
                happenedAt: at, now: change.now, programme: catalogue.programme, zone: catalogue.zone, expiry: expiry,
                activation: rule.activation)
        }
        return try LotDeliveries.dates(orderID: orderID, placedAt: at, catalogue, expiry: expiry, activation: rule.activation, change)
    }

    /// Moves the budget by what an accrual was changed without a credit.
    private func drawn(_ before: Accrual, _ after: Accrual, _ rule: EarningRule) throws {
        guard let period = after.budgetPeriod else { return }
        try RuleBudgets.add(after.standing - before.standing, rule: rule.id, period: period, db)
    }

    private func origin(_ rule: EarningRule) -> EntryOrigin {
        EntryOrigin(orderID: orderID, ruleID: rule.id, ruleVersion: rule.version)
    }

    // MARK: - The end

    /// Writes the account, says the news and keeps the trace.
    mutating func finish(reason: String? = nil, refundID: String? = nil, occasion: String? = nil) throws {
        try ledger.save()
        try news.emit(ledger.account, orderID: orderID, reason: reason, refundID: refundID, occasion: occasion, change)
        try TraceStore.put(trace, cause: cause, memberID: ledger.account.memberID, at: change.now, db)
    }
}
