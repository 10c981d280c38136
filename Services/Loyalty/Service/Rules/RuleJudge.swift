import LoyaltyDomain
import Shared
import SharedStore

/// What a rule says to a cause.
enum RuleVerdict {
    /// `saw` is what its conditions were asked about, where they were not met.
    case refused(RuleCode, saw: ConditionMemo?)
    /// What the cause is worth to it, before its cap and budget.
    case worth(Int64, multiplier: Int64)
}

/// What a rule's limits, cap and budget leave for one more accrual.
struct RuleRoom {
    /// Nil without cap and budget; 0 where one of them is used up, which `code` says.
    var ceiling: Int64?
    var capPeriod: String?
    var budgetPeriod: String?
    var code = RuleCode.earned

    enum Answer {
        case none(RuleCode)
        case some(RuleRoom)
    }
}

/// Earning rules asked about one member and one cause, as of a moment. It reads and writes nothing: settlements post what it says, quotes only tell
/// it. Facts are gathered once, and only those that a rule asks about.
struct RuleJudge {
    let catalogue: Catalogue
    let member: CustomerRecord
    let at: Timestamp
    let db: SQLConnection
    var facts: MemberFacts
    private var asOf: (tier: Tier?, multiplier: Int64)?

    init(_ member: CustomerRecord, _ catalogue: Catalogue, at: Timestamp, _ db: SQLConnection, documents: [String: JSON]) {
        self.catalogue = catalogue
        self.member = member
        self.at = at
        self.db = db
        facts = MemberFacts(member, catalogue, now: at, db, documents: documents)
    }

    /// Asks the rules in their turn. `stopped` says why a rule cannot begin whatever its conditions are; `worth` what the cause is worth to it.
    /// `taken` are groups that an earlier settlement gave to one of their rules. `moment` is when a rule has to be in force.
    mutating func consider(
        _ rules: [EarningRule], taken: Set<RuleGroup> = [], moment: ((EarningRule) -> Timestamp)? = nil,
        stopped: (EarningRule) -> RuleCode? = { _ in nil }, worth: (EarningRule, _ multiplier: Int64) -> Int64
    ) throws -> [(rule: EarningRule, verdict: RuleVerdict)] {
        var taken = taken
        var memo: ConditionMemo?
        var verdicts: [(rule: EarningRule, verdict: RuleVerdict)] = []
        for rule in rules.inTurn {
            let group = RuleGroup(rule, catalogue.programme)
            if let code = idle(rule, at: moment?(rule) ?? at) ?? stopped(rule) ?? (group.map(taken.contains) ?? false ? .otherRuleFirst : nil) {
                verdicts.append((rule, .refused(code, saw: nil)))
                continue
            }
            if let conditions = rule.conditions {
                let asked = try memo ?? ConditionMemo(gather(rules))
                memo = asked
                guard asked.holds(conditions) else {
                    verdicts.append((rule, .refused(.conditionsNotMet, saw: asked)))
                    continue
                }
            }
            let multiplier = rule.effective(rule.isMultiplied ? try multiplier() : PointsAward.single)
            let kept = worth(rule, multiplier)
            guard kept > 0 else {
                verdicts.append((rule, .refused(.zeroBasis, saw: nil)))
                continue
            }
            if let group { taken.insert(group) }
            verdicts.append((rule, .worth(kept, multiplier: multiplier)))
        }
        return verdicts
    }

    private func idle(_ rule: EarningRule, at moment: Timestamp) -> RuleCode? {
        if rule.state == .paused { return .paused }
        return rule.isInForce(at: moment) ? nil : .notInForce
    }

    /// What one rule's conditions saw where they do not hold; nil where they do.
    mutating func fails(_ rule: EarningRule) throws -> ConditionMemo? {
        guard let conditions = rule.conditions else { return nil }
        let memo = ConditionMemo(try gather([rule]))
        return memo.holds(conditions) ? nil : memo
    }

    private mutating func gather(_ rules: [EarningRule]) throws -> ConditionFacts {
        let roots = rules.reduce(into: Set<String>()) { $0.formUnion($1.needs) }
        if roots.contains("time") { facts.documents["time"] = catalogue.zone.facts(of: at) }
        if roots.contains("tier") {
            let tier = try tier()
            facts.documents["tier"] = tier.map { ["id": .string($0.id), "name": .string($0.name)] } ?? .object(JSONObject())
        }
        return try facts.facts(for: roots)
    }

    // MARK: - The tier

    /// Of the tier that counted at the time, where anybody asked for it.
    var tierID: String? { asOf?.tier?.id }

    private mutating func tier() throws -> Tier? {
        if let asOf { return asOf.tier }
        let tier = catalogue.tiers.isEmpty ? nil : try TierKeeper(catalogue: catalogue).tier(of: member.account, at: at, db)
        asOf = (tier, tier?.multiplier ?? PointsAward.single)
        return tier
    }

    /// The multiplier of the tier that counted at the time.
    mutating func multiplier() throws -> Int64 {
        _ = try tier()
        return asOf?.multiplier ?? PointsAward.single
    }

    /// The expiry of the tier that counted at the time, where it has one of its own.
    mutating func tierExpiry() throws -> ExpiryPolicy? {
        guard catalogue.tiers.contains(where: { $0.expiry != nil }) else { return nil }
        return try tier()?.expiry
    }

    // MARK: - Limits

    /// What limits, cap and budget leave at a moment.
    func room(_ rule: EarningRule, at: Timestamp) throws -> RuleRoom.Answer {
        if let limits = rule.limits, let code = try exceeded(limits, rule, at) { return .none(code) }
        let memberID = member.account.memberID
        var room = RuleRoom()
        if let cap = rule.cap {
            let period = cap.period(of: at, zone: catalogue.zone)
            let left = try AccrualStore.room(cap, rule: rule.id, memberID: memberID, period: period, db)
            room.capPeriod = period
            room.ceiling = left
            if left == 0 { room.code = .capReached }
        }
        if let budget = rule.budget {
            let period = budget.period(of: at, zone: catalogue.zone)
            room.budgetPeriod = period
            if room.ceiling != 0 {
                let left = try RuleBudgets.room(budget, rule: rule.id, period: period, db)
                if left == 0 { room.code = .budgetUsed }
                room.ceiling = min(room.ceiling ?? left, left)
            }
        }
        return .some(room)
    }

    private func exceeded(_ limits: RuleLimits, _ rule: EarningRule, _ at: Timestamp) throws -> RuleCode? {
        let memberID = member.account.memberID
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
                rule: rule.id, memberID: memberID, from: at.adding(milliseconds: 1).adding(seconds: -pause), until: at.adding(seconds: pause),
                most: 1, db)
            if times > 0 { return .cooldown }
        }
        return nil
    }
}
