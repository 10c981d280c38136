import Crypto
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Rewards that the other services order: each given once for its key, whichever way and however often it is asked for.
struct Grants: Sendable {
    let catalogues: CatalogueCache

    static let issued = "grant.issued"
    static let refused = "grant.refused"
    static let revoked = "grant.revoked"

    // MARK: - Giving

    /// Gives a reward, or answers what became of its key before; the first grant of a key stands, whatever a later one asks for.
    func give(_ grant: Grant, _ change: Change) throws -> GrantOutcome {
        guard try GrantStore.claim(grant.key, change) else {
            guard let known = try GrantStore.find(grant.key, change.db) else { throw Problem.internalError }
            return known.outcome
        }
        let record: GrantRecord
        do {
            // Half a reward is none: what was written before the refusal goes.
            record = try change.db.savepoint {
                switch grant.reward {
                case .discount(let discount): try giveCoupon(discount, grant, change)
                case .points(let points): try givePoints(points, grant, change)
                }
            }
        } catch let refusal as EventRefusal {
            record = GrantRecord(
                outcome: GrantOutcome(
                    key: grant.key, state: .refused, reason: grant.reason, origin: grant.origin, code: refusal.code, detail: refusal.detail),
                customerID: grant.customerID)
        }
        try GrantStore.put(record, change)
        try say(record.outcome.state == .issued ? Self.issued : Self.refused, record, change)
        return record.outcome
    }

    private func giveCoupon(_ discount: Discount, _ grant: Grant, _ change: Change) throws -> GrantRecord {
        if let email = grant.email, EmailKey.make(email) == nil { throw EventRefusal("invalid", "the e-mail is no address") }
        // Ten of the programme's currency, as with a merchant's own batches: else 10.00 TRY off would be 10.000 KWD off for whoever pays in those.
        let discount = discount.inCurrency(try catalogues.current(change.db).programme.currency)
        var rules = CouponRules(discount, name: grant.name, terms: grant.terms)
        rules.customerID = grant.customerID
        let batchID = try CouponBatchStore.granted(for: grant.reason, change)
        let emailKey = EmailKey.make(grant.email)
        guard let coupon = try CouponStore.grant(rules, batchID: batchID, emailKey: emailKey, key: grant.key, change) else {
            throw EventRefusal("no_code", "no free code was found")
        }
        // Whoever claims a coupon is not a customer by that alone: nobody is made here.
        let holder = try CouponBuyer(customerID: grant.customerID, email: grant.email, change.db).customerID
        try CouponNews.issued(coupon, to: holder, reason: grant.reason, change)
        return GrantRecord(
            outcome: GrantOutcome(key: grant.key, state: .issued, reason: grant.reason, origin: grant.origin, couponCode: coupon.code),
            customerID: holder)
    }

    /// Granted points can be spent at once, whatever the programme says of an order's: the asking service has waited where there was something to
    /// wait for. They expire as the programme says.
    private func givePoints(_ points: Int64, _ grant: Grant, _ change: Change) throws -> GrantRecord {
        var data = CustomerData()
        data.email = grant.email
        guard let member = try Persons.find(id: grant.customerID, data: data, at: change.now, change) else {
            throw EventRefusal("invalid", "points are for somebody, by id or e-mail")
        }
        guard member.customer.deletedAt == nil else { throw EventRefusal("customer_deleted", "this customer was deleted") }
        let catalogue = try catalogues.current(change.db)
        let dates = LotDates(at: change.now, programme: catalogue.programme, zone: catalogue.zone)
        let cause = Self.cause(grant.key)
        var ledger = PointsLedger(member.account, change)
        let credited = try ledger.credit(
            points, dates: dates, cause: cause, postingKey: cause + ":1", origin: EntryOrigin(note: grant.name))
        try ledger.save()
        var news = PointsNews()
        news.credited(points, rule: nil, lot: credited.record.lot, expired: credited.expired)
        try news.emit(ledger.account, orderID: nil, reason: grant.reason, grantKey: grant.key, change)
        try Aftermath(catalogues: catalogues).follow(member.customer.id, [.points], change)
        return GrantRecord(
            outcome: GrantOutcome(key: grant.key, state: .issued, reason: grant.reason, origin: grant.origin, points: points),
            customerID: member.customer.id)
    }

    // MARK: - Taking back

    /// Takes a reward back: a coupon that is not used, points as far as the programme's policy goes. A key that nothing was given for is passed over,
    /// and so is one that was taken back before.
    func revoke(_ key: String, _ change: Change) throws {
        guard var record = try GrantStore.find(key, change.db), record.outcome.state == .issued else { return }
        record.outcome.state = .revoked
        if let code = record.outcome.couponCode {
            try revokeCoupon(code, &record, change)
        } else if let points = record.outcome.points {
            try revokePoints(points, record, change)
        }
        try GrantStore.put(record, change)
        try say(Self.revoked, record, change)
    }

    private func revokeCoupon(_ code: String, _ record: inout GrantRecord, _ change: Change) throws {
        guard let coupon = try CouponStore.claim(CouponCode(code), change.db) else { return }
        // A used one is cancelled too: should its order be cancelled later, the use must not come back to life.
        try CouponStore.cancel(code, change)
        if try CouponStore.counted(coupon, change.db).redemptions > 0 {
            record.outcome.state = .spent
        } else {
            try CouponNews.cancelled(
                code: code, batchID: coupon.batchID, customerID: record.customerID, grantKey: record.outcome.key, change)
        }
    }

    private func revokePoints(_ points: Int64, _ record: GrantRecord, _ change: Change) throws {
        guard let customerID = record.customerID, let member = try CustomerStore.find(customerID, change.db) else { return }
        let cause = Self.cause(record.outcome.key)
        var ledger = PointsLedger(member.account, change)
        let plan = try ledger.clawback(
            points, cause: cause, ruleID: nil, policy: try catalogues.current(change.db).programme.clawback, at: change.now,
            postingKey: "claw:" + cause, origin: EntryOrigin())
        try ledger.save()
        // A revoked grant stands at nothing, whatever of it could be taken: so it counts towards no tier either.
        let accrual = Accrual(
            cause: cause, ruleID: "", ruleVersion: 0, credited: points, reversed: plan.taken, forgiven: points - plan.taken, postings: 1)
        try AccrualStore.insert(accrual, memberID: member.account.memberID, isLimited: false, change.db)
        var news = PointsNews()
        news.clawedBack(plan)
        try news.emit(ledger.account, orderID: nil, reason: "revoked", grantKey: record.outcome.key, change)
        try Aftermath(catalogues: catalogues).follow(member.customer.id, [.points, .standing], change)
    }

    // MARK: - Both

    /// A key's name in the ledger. Keys may hold a customer's id, and the ledger must not.
    private static func cause(_ key: String) -> String {
        "grant:" + Base64URL.encode(Array(SHA256.hash(data: Array(key.utf8)).prefix(18)))
    }

    private func say(_ type: String, _ record: GrantRecord, _ change: Change) throws {
        try Self.say(type, record.outcome, customerID: record.customerID, change)
    }

    static func say(_ type: String, _ outcome: GrantOutcome, customerID: String?, _ change: Change) throws {
        var data = outcome.json.object ?? JSONObject()
        data["customer_id"] = .from(customerID)
        try change.emit(type, subject: customerID, data: .object(data))
    }
}
