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
        try earn(event, person, change)
    }

    func earn(_ event: CloudEvent, _ person: CustomerRecord, _ change: Change) throws {
        try credit(event, person, change)
        try Aftermath(catalogues: catalogues).follow(person.customer.id, [.profile, .events, .points], event: event, change)
    }

    private func credit(_ event: CloudEvent, _ person: CustomerRecord, _ change: Change) throws {
        let catalogue = try catalogues.current(change.db)
        guard let rules = catalogue.rulesByTrigger[event.type] else { return }
        let memberID = person.account.memberID
        let cause = event.type == "customer.created" ? "member:\(memberID):customer.created" : "event:\(Self.digest(event))"
        let known = try AccrualStore.all(cause: cause, change.db)
        let facts = ConditionFacts(["customer": person.customer.data.json, "event": event.facts], now: change.now)
        var ledger = PointsLedger(person.account, change)
        var news = PointsNews()
        for rule in rules where rule.isInForce(at: event.time) && !known.contains(where: { $0.ruleID == rule.id }) {
            guard case .fixed(let points) = rule.award, rule.conditions?.verdict(facts).holds ?? true else { continue }
            let grant = try RuleGrant(rule, at: event.time, memberID: memberID, catalogue, change.db)
            let granted = min(points, grant.ceiling ?? points)
            guard granted > 0 else { continue }
            let accrual = Accrual(
                cause: cause, ruleID: rule.id, ruleVersion: rule.version, credited: granted, ceiling: grant.ceiling, postings: 1)
            let dates = LotDates(placedAt: event.time, now: change.now, programme: catalogue.programme, zone: catalogue.zone)
            let credited = try ledger.credit(
                granted, dates: dates, cause: cause, postingKey: "earn:\(cause):\(rule.id):1",
                origin: EntryOrigin(ruleID: rule.id, ruleVersion: rule.version))
            try AccrualStore.insert(accrual, memberID: memberID, capPeriod: grant.period, change.db)
            news.credited(granted, rule: rule, lot: credited.record.lot, expired: credited.expired)
        }
        try ledger.save()
        try news.emit(ledger.account, orderID: nil, change)
    }

    /// An event's identity without its text: ids and sources may hold what is personal, and the ledger must not.
    private static func digest(_ event: CloudEvent) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array("\(event.source)\u{0}\(event.id)".utf8)).prefix(18)))
    }
}
