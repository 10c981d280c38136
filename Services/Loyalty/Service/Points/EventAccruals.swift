import Crypto
import LoyaltyDomain
import Shared
import SharedRuntime

/// Points for things that are no orders: any event with a customer may be a rule's trigger. Once per event; for `customer.created` once per member.
struct EventAccruals: Sendable {
    let catalogues: CatalogueCache

    /// Every event that no other handler took: whoever it is about is known from now on, and earns what the rules say.
    func apply(_ event: CloudEvent, _ change: Change) throws {
        var data = event.data["customer"]?.object.map { CustomerData(FieldReader($0, issues: FieldIssues(), strict: false)) }
        if data?.email == nil, let email = event.customerEmail {
            data = data ?? CustomerData()
            data?.email = email
        }
        guard let person = try Persons.find(id: event.customerID, data: data, at: event.time, change) else { return }
        try EventLog.note(event, person.customer.id, change)
        // Most events (somebody looks at a page) tell nothing of the customer, and segments over the profile need not be asked: only where this one
        // made them known, filled a gap, or is the earliest of them.
        let isDescribed = person.updatedAt >= change.now || person.customer.createdAt >= event.time
        try earn(event, person, changing: isDescribed ? [.profile, .events] : .events, change)
    }

    func earn(_ event: CloudEvent, _ person: CustomerRecord, changing known: MemberChanges = [.profile, .events], _ change: Change) throws {
        var changes = known
        var person = person
        if event.type == Self.reversed, let after = try takeBack(event, person, change) {
            person = after
            changes.insert(.points)
        }
        if try credit(event, person, change) { changes.insert(.points) }
        try Aftermath(catalogues: catalogues).follow(person.customer.id, changes, event: event, change)
    }

    /// True where the member's points may be others by it.
    private func credit(_ event: CloudEvent, _ person: CustomerRecord, _ change: Change) throws -> Bool {
        let catalogue = try catalogues.current(change.db)
        // Occasions and milestones come of themselves, not because a store says so.
        guard let rules = catalogue.rulesByTrigger[event.type], Occasion(rawValue: event.type) == nil,
            event.type != Milestone.ordersTrigger, event.type != Milestone.spentTrigger
        else { return false }
        let memberID = person.account.memberID
        let referral = event.type == Self.approved ? Self.referral(event) : nil
        let cause = referral ?? (event.type == "customer.created" ? "member:\(memberID):customer.created" : "event:\(Self.digest(event.id, of: event))")
        let known = try AccrualStore.all(cause: cause, change.db)
        let fresh = rules.filter { rule in !known.contains { $0.ruleID == rule.id } }
        guard !fresh.isEmpty || (referral != nil && !known.isEmpty) else { return false }
        var session = RuleSession(
            person, cause: cause, at: event.time, trace: Trace(event, config: catalogue.config), documents: ["event": event.facts],
            catalogues, catalogue, change)
        let given = try known.compactMap { accrual in
            try catalogues.rule(accrual.ruleID, version: accrual.ruleVersion, present: catalogue, change.db).map { (accrual, $0) }
        }
        for (accrual, rule) in given {
            if referral == nil {
                session.trace.add(rule, .earned, points: accrual.standing)
            } else {
                // Approved once more after it was taken back: what it gave comes back, and no more.
                let kept = rule.worth(event.data, multiplier: accrual.multiplier)
                try session.settle(accrual, rule, kept: kept, stopped: nil, clawedAt: event.time)
            }
        }
        let taken = Set(given.compactMap { RuleGroup($0.1, catalogue.programme) })
        try session.consider(fresh, taken: taken) { $0.worth(event.data, multiplier: $1) }
        try session.finish()
        return true
    }

    // MARK: - Referrals

    private static let approved = "referral.approved"
    private static let reversed = "referral.reversed"

    /// A referral may be approved, reversed and approved again: it is one cause however often it is said.
    private static func referral(_ event: CloudEvent) -> String? {
        event.data["referral_id"]?.string.map { "referral:\(digest($0, of: event))" }
    }

    /// What rules gave for the approval goes back with it, as the grants of the referral do.
    /// Nil where there was nothing to take.
    private func takeBack(_ event: CloudEvent, _ person: CustomerRecord, _ change: Change) throws -> CustomerRecord? {
        guard let cause = Self.referral(event) else { return nil }
        let known = try AccrualStore.all(cause: cause, change.db)
        guard !known.isEmpty else { return nil }
        let catalogue = try catalogues.current(change.db)
        var session = RuleSession(
            person, cause: cause, at: event.time, trace: Trace(event, config: catalogue.config), documents: ["event": event.facts],
            catalogues, catalogue, change)
        for accrual in known {
            guard let rule = try catalogues.rule(accrual.ruleID, version: accrual.ruleVersion, present: catalogue, change.db) else { continue }
            try session.settle(accrual, rule, kept: 0, stopped: .reversed, clawedAt: event.time)
        }
        try session.finish(reason: "reversed")
        var person = person
        person.account = session.ledger.account
        return person
    }

    /// An identity without its text: ids and sources may hold what is personal, and the ledger must not.
    private static func digest(_ id: String, of event: CloudEvent) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array("\(event.source)\u{0}\(id)".utf8)).prefix(18)))
    }
}
