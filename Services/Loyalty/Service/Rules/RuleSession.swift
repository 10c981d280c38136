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
    var facts: MemberFacts
    var ledger: PointsLedger
    var news = PointsNews()
    var trace: Trace
    private var asOf: (tier: Tier?, multiplier: Int64)?

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
        facts = MemberFacts(member, catalogue, now: self.at, change.db, documents: documents)
        ledger = PointsLedger(member.account, change)
    }

    // MARK: - What may begin

    /// Asks the rules in their turn. `stopped` says why a rule cannot begin whatever its conditions are; `worth` what the cause is worth to it.
    /// `taken` are groups that an earlier settlement gave to one of their rules. `moment` is when a rule has to be in force.
    mutating func consider(
        _ rules: [EarningRule], taken: Set<RuleGroup> = [], moment: ((EarningRule) -> Timestamp)? = nil,
        stopped: (EarningRule) -> RuleCode? = { _ in nil }, worth: (EarningRule, _ multiplier: Int64) -> Int64
    ) throws {
        guard !rules.isEmpty else { return }
        var taken = taken
        var memo: ConditionMemo?
        for rule in rules.inTurn {
            let group = RuleGroup(rule, catalogue.programme)
            if let code = idle(rule, at: moment?(rule) ?? at) ?? stopped(rule)
                ?? (group.map(taken.contains) ?? false ? .otherRuleFirst : nil)
            {
                trace.add(rule, code)
                continue
            }
            if let conditions = rule.conditions {
                let asked = try memo ?? ConditionMemo(gather(rules))
                memo = asked
                guard asked.holds(conditions) else {
                    trace.add(rule, .conditionsNotMet, saw: asked)
                    continue
                }
            }
            let multiplier = rule.effective(rule.isMultiplied ? try multiplier() : PointsAward.single)
            let kept = worth(rule, multiplier)
            guard kept > 0 else {
                trace.add(rule, .zeroBasis)
                continue
            }
            if let group { taken.insert(group) }
            try begin(rule, cause: cause, kept: kept, multiplier: multiplier, at: at)
        }
    }

    private func idle(_ rule: EarningRule, at moment: Timestamp) -> RuleCode? {
        if rule.state == .paused { return .paused }
        return rule.isInForce(at: moment) ? nil : .notInForce
    }

    /// Whether one rule's conditions hold; where they do not, the trace says so.
    mutating func meets(_ rule: EarningRule) throws -> Bool {
        guard let conditions = rule.conditions else { return true }
        let memo = ConditionMemo(try gather([rule]))
        if memo.holds(conditions) { return true }
        trace.add(rule, .conditionsNotMet, saw: memo)
        return false
    }

    private mutating func gather(_ rules: [EarningRule]) throws -> ConditionFacts {
        let roots = rules.reduce(into: Set<String>()) { $0.formUnion($1.needs) }
        if roots.contains("time") { facts.documents["time"] = catalogue.zone.facts(of: at) }
        if roots.contains("tier") {
            _ = try multiplier()
            facts.documents["tier"] = asOf?.tier.map { ["id": .string($0.id), "name": .string($0.name)] } ?? .object(JSONObject())
        }
        return try facts.facts(for: roots)
    }

    /// The multiplier of the tier that counted at the time.
    mutating func multiplier() throws -> Int64 {
        if let asOf { return asOf.multiplier }
        let tier = catalogue.tiers.isEmpty ? nil : try TierKeeper(catalogue: catalogue).tier(of: member.account, at: at, db)
        let multiplier = tier?.multiplier ?? PointsAward.single
        asOf = (tier, multiplier)
        trace.tier = tier?.id
        return multiplier
    }

    /// Gives what a rule's limits, cap and budget leave. What a cap leaves nothing of is kept as nothing, so that what others give back later does not
    /// make a replay of this cause earn.
    mutating func begin(_ rule: EarningRule, cause: String, kept: Int64, multiplier: Int64, at: Timestamp) throws {
        if let limits = rule.limits, let code = try exceeded(limits, rule, at) {
            trace.add(rule, code)
            return
        }
        let memberID = ledger.account.memberID
        let capPeriod = rule.cap?.period(of: at, zone: catalogue.zone)
        let budgetPeriod = rule.budget?.period(of: at, zone: catalogue.zone)
        var ceiling: Int64?
        var code = RuleCode.earned
        if let cap = rule.cap, let capPeriod {
            ceiling = try AccrualStore.room(cap, rule: rule.id, memberID: memberID, period: capPeriod, db)
            if ceiling == 0 { code = .capReached }
        }
        if let budget = rule.budget, let budgetPeriod, ceiling != 0 {
            let room = try RuleBudgets.room(budget, rule: rule.id, period: budgetPeriod, db)
            if room == 0 { code = .budgetUsed }
            ceiling = min(ceiling ?? room, room)
        }
        var accrual = Accrual(
            cause: cause, ruleID: rule.id, ruleVersion: rule.version, ceiling: ceiling, multiplier: multiplier, capPeriod: capPeriod,
            budgetPeriod: budgetPeriod, earnedAt: at)
        if case .credit(let points, _) = accrual.settle(kept: kept), points > 0 {
            accrual.postings = 1
            accrual.credited = points
            try credit(points, accrual, rule, at: at)
        }
        try AccrualStore.insert(accrual, memberID: memberID, isLimited: rule.limits != nil, db)
        trace.add(rule, code, points: accrual.credited, bounded: accrual.credited < kept)
        if multiplier != PointsAward.single { trace.multiplier = multiplier }
    }

    private func exceeded(_ limits: RuleLimits, _ rule: EarningRule, _ at: Timestamp) throws -> RuleCode? {
        let memberID = ledger.account.memberID
        if let frequency = limits.frequency {
            let bounds = frequency.every.bounds(of: at, zone: catalogue.zone)
            let times = try AccrualStore.times(
                rule: rule.id, memberID: memberID, from: bounds.from, until: bounds.until, most: frequency.times, db)
            if times >= frequency.times { return .limitReached }
        }
        if let hours = limits.cooldownHours {
            // Both ways: what comes late must not fill the pause behind it.
            let pause = hours * 3_600
            let times = try AccrualStore.times(
                rule: rule.id, memberID: memberID, from: at.adding(milliseconds: 1).adding(seconds: -pause),
                until: at.adding(seconds: pause),
                most: 1, db)
            if times > 0 { return .cooldown }
        }
        return nil
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
        let dates = LotDates(placedAt: at, now: change.now, rule: rule, programme: catalogue.programme, zone: catalogue.zone)
        let credited = try ledger.credit(
            points, dates: dates, cause: accrual.cause, postingKey: "earn:\(accrual.cause):\(rule.id):\(accrual.postings)",
            origin: origin(rule))
        news.credited(points, rule: rule, lot: credited.record.lot, expired: credited.expired)
        if let period = accrual.budgetPeriod { try RuleBudgets.add(points, rule: rule.id, period: period, db) }
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
