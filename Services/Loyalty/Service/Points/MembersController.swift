import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// `/v1/loyalty/members`: a member's points, where they came from, and corrections by hand.
struct MembersController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    static let expiringMoments = 20
    /// The most one adjustment can be.
    static let adjustmentRange: ClosedRange<Int64> = -1_000_000_000...1_000_000_000

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/loyalty/members/:customer_id", use: get)
        router.post("/v1/loyalty/members/:customer_id/enroll", use: enroll)
        router.get("/v1/loyalty/members/:customer_id/transactions", use: transactions)
        router.get("/v1/loyalty/members/:customer_id/lots", use: lots)
        router.post("/v1/loyalty/members/:customer_id/adjustments", use: adjust)
    }

    @Sendable private func get(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.customerID()
        try context.requirePrincipal().requireServer(orCustomer: id)
        let now = house.now
        return Reply(
            .ok,
            try await house.read { try Self.json(try Self.member(id, $0).account, try catalogues.current($0), now: now, $0) })
    }

    /// Whoever is a customer is a member already: this answers how they stand.
    @Sendable private func enroll(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer(orCustomer: context.customerID())
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            FieldReader(body: input.body, issues: issues).refuseUnknown()
            try issues.throwIfAny()
            let member = try Self.member(try input.parameter("customer_id"), change.db)
            return Reply(.ok, try Self.json(member.account, try catalogues.current(change.db), now: change.now, change.db))
        }
    }

    @Sendable private func transactions(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.customerID()
        try context.requirePrincipal().requireServer(orCustomer: id)
        let page = try request.page()
        let rows = try await house.read { try LedgerStore.transactions(try Self.member(id, $0).account.memberID, page, $0) }
        return Reply(.ok, Page(rows, page, key: { [.int($0.at.milliseconds), .int($0.sequence)] }, json: \.json).json)
    }

    @Sendable private func lots(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.customerID()
        try context.requirePrincipal().requireServer(orCustomer: id)
        let page = try request.page()
        let rows = try await house.read { try LotStore.page(try Self.member(id, $0).account.memberID, page, $0) }
        return Reply(.ok, Page(rows, page, key: { [.int($0.lot.earnedAt.milliseconds), .string($0.lot.id)] }, json: \.json).json)
    }

    /// Points given or taken by hand. Given ones are active at once and expire as the programme says; taken ones never exceed the balance.
    @Sendable private func adjust(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let points = reader.require("points", reader.int("points", in: Self.adjustmentRange))
            let reason = reader.requiredString("reason", max: 500)
            reader.refuseUnknown()
            if points == 0 { reader.fail("points", "out_of_range", "points to give (above 0) or to take (below 0)") }
            try issues.throwIfAny()
            let id = try input.parameter("customer_id")
            return .created(try adjust(id, by: points ?? 0, reason: reason ?? "", change))
        }
    }

    private func adjust(_ id: String, by points: Int64, reason: String, _ change: Change) throws -> JSON {
        var ledger = PointsLedger(try Self.member(id, change.db).account, change)
        let origin = EntryOrigin(note: reason)
        var news = PointsNews()
        let entry: LedgerEntry
        if points > 0 {
            let catalogue = try catalogues.current(change.db)
            let dates = LotDates(at: change.now, programme: catalogue.programme, zone: catalogue.zone)
            let key = "adjust:\(TypeID.make("adj", at: change.now))"
            let credited = try ledger.credit(
                points, dates: dates, from: .adjusted, kind: .adjusted, cause: key, postingKey: key, origin: origin)
            entry = credited.entry
            news.credited(points, rule: nil, lot: credited.record.lot, expired: credited.expired)
        } else {
            guard let taken = try ledger.deduct(-points, to: .adjusted, kind: .adjusted, origin: origin) else {
                throw Problem.conflict("insufficient_points", "The member has \(ledger.account.counters.balance) points to spend.")
            }
            entry = taken
            news.clawedBack(ClawbackPlan(active: taken.lots))
        }
        try ledger.save()
        try news.emit(ledger.account, orderID: nil, reason: points > 0 ? reason : "adjusted", change)
        try Aftermath(catalogues: catalogues).follow(ledger.account.customerID, [.points], change)
        return LedgerStore.json(entry, origin)
    }

    // MARK: - A member

    static func member(_ id: String, _ db: SQLConnection) throws -> CustomerRecord {
        guard let record = try CustomerStore.find(id, db), record.customer.deletedAt == nil else { throw Problem.notFound("such member") }
        return record
    }

    /// How a member stands. `balance`, `pending` and `reserved` together are the sum of their transactions. `expiring` lists the next moments at
    /// which points run out, soonest first.
    static func json(_ account: MemberAccount, _ catalogue: Catalogue, now: Timestamp, _ db: SQLConnection) throws -> JSON {
        let counters = account.counters
        let tier = try TierAnswer(account.customerID, catalogue, now: now, db)
        let expiring = try LotStore.expiring(account.memberID, limit: expiringMoments, db)
        return [
            "customer_id": .string(account.customerID), "enrolled_at": .from(account.enrolledAt), "balance": .int(counters.balance),
            "pending": .int(counters.pending), "reserved": .int(counters.reserved), "lifetime_earned": .int(counters.lifetimeEarned),
            "lifetime_spent": .int(counters.lifetimeSpent),
            "expiring": .array(expiring.map { ["points": .int($0.points), "at": .from($0.at)] }), "tier": tier.json,
            "next_tier": tier.nextJSON,
        ]
    }
}
