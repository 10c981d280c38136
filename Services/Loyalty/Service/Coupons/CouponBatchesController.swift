import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// `/v1/coupon_batches`: coupons that a merchant makes, one shared code or many unique ones on the same terms.
struct CouponBatchesController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    /// How many of its codes the answer to a POST shows.
    static let codesShown = 100

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/coupon_batches", use: list)
        router.post("/v1/coupon_batches", use: create)
        router.get("/v1/coupon_batches/:id", use: get)
        router.put("/v1/coupon_batches/:id", use: put)
        router.delete("/v1/coupon_batches/:id", use: cancel)
        router.get("/v1/coupon_batches/:id/coupons", use: coupons)
    }

    @Sendable private func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let page = try request.page()
        let now = house.now
        let wanted = request.query("state")
        guard wanted == nil || wanted == CouponState.cancelled.rawValue else {
            throw Problem.invalid("?state", "invalid", "cancelled was expected")
        }
        let rows = try await house.read { try CouponBatchStore.rows(page, cancelled: wanted != nil, $0) }
        return Reply(.ok, Page(rows, page, key: { [.string($0.id)] }, json: { $0.json(now: now) }).json)
    }

    @Sendable private func get(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let id = try context.customerID("id")
        return Reply(.ok, try await house.read { try Self.batch(id, $0) }.json(now: house.now))
    }

    @Sendable private func coupons(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let id = try context.customerID("id")
        let page = try request.page()
        let now = house.now
        let rows = try await house.read { db in
            // What became of a cancelled batch's codes can still be looked up.
            guard try CouponBatchStore.find(id, db) != nil else { throw Problem.notFound("such coupon batch") }
            return try CouponStore.page(id, page, db)
        }
        return Reply(.ok, Page(rows, page, key: { [.string($0.code)] }, json: { $0.json(now: now) }).json)
    }

    // MARK: - Changing

    @Sendable private func create(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let rules = CouponRules(reader)
            let codes = CouponCodes(reader)
            reader.refuseUnknown()
            if let segmentID = rules?.segmentID, try !SegmentMembership.exists(segmentID, change.db) {
                reader.fail("segment_id", "unknown_segment", "there is no such segment")
            }
            let catalogue = try catalogues.current(change.db)
            try ConditionCheck.note(rules?.conditions, at: reader.pointer / "conditions", catalogue, issues, change.db)
            try issues.throwIfAny()
            guard var rules, let codes else { throw Problem.internalError }
            // Ten of what? A fixed amount without a currency is the programme's, where it has one.
            rules.discount = rules.discount.inCurrency(catalogue.programme.currency)
            let batch = try Self.make(codes, rules, change)
            let shown = try CouponStore.codes(batch.id, limit: Self.codesShown, change.db)
            if let customerID = rules.customerID {
                for code in shown {
                    guard let coupon = try CouponStore.find(CouponCode(code), change.db) else { continue }
                    try CouponNews.issued(coupon, to: customerID, change)
                }
            }
            return .created(batch.json(now: change.now, first: shown))
        }
    }

    private static func make(_ codes: CouponCodes, _ rules: CouponRules, _ change: Change) throws -> CouponBatchRecord {
        let id = TypeID.make("batch", at: change.now)
        switch codes {
        case .shared(let code):
            let batch = CouponBatchRecord(id: id, kind: .shared, code: code.text, codes: 1, rules: rules, now: change.now)
            try CouponBatchStore.insert(batch, change.db)
            guard try CouponStore.insert([code], batchID: id, customerID: rules.customerID, change) == 1 else {
                throw Problem.conflict("code_taken", "There is a coupon of this code already.")
            }
            return batch
        case .unique(let pattern, let count):
            var rules = rules
            rules.maxRedemptions = rules.maxRedemptions ?? 1
            let batch = CouponBatchRecord(id: id, kind: .unique, pattern: pattern.text, codes: Int64(count), rules: rules, now: change.now)
            try CouponBatchStore.insert(batch, change.db)
            guard try CouponStore.draw(count, pattern, batchID: id, customerID: rules.customerID, change) else {
                throw Problem.conflict("too_few_codes", "This pattern has not enough free codes left.")
            }
            return batch
        }
    }

    /// Changes the terms for every use from now on; what was used stays as it was.
    @Sendable private func put(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let present = try Self.ownBatch(try input.parameter("id"), change.db)
            guard let rules = present.rules else { throw Problem.internalError }
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let changed = rules.changed(by: reader)
            reader.ignore(
                "id", "kind", "state", "code", "pattern", "count", "codes", "redemptions", "created_at", "updated_at", "cancelled_at")
            reader.refuseUnknown()
            // What a later edit of the programme made impossible is no reason to refuse another change of the batch.
            if changed.conditions != rules.conditions {
                try ConditionCheck.note(
                    changed.conditions, at: reader.pointer / "conditions", try catalogues.current(change.db), issues, change.db)
            }
            try issues.throwIfAny()
            if changed != rules { try CouponBatchStore.update(present.id, from: rules, to: changed, change) }
            return Reply(.ok, try Self.batch(present.id, change.db).json(now: change.now))
        }
    }

    /// Cancels the batch: codes that are not used yet are good for nothing from now on.
    @Sendable private func cancel(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let present = try Self.ownBatch(try input.parameter("id"), change.db)
            try CouponBatchStore.cancel(present.id, change)
            try CouponNews.cancelled(code: present.code, batchID: present.id, customerID: present.rules?.customerID, change)
            return .noContent()
        }
    }

    /// A batch that is there: one that was cancelled is gone for whoever asks by its id.
    private static func batch(_ id: String, _ db: SQLConnection) throws -> CouponBatchRecord {
        guard let batch = try CouponBatchStore.find(id, db), batch.cancelledAt == nil else { throw Problem.notFound("such coupon batch") }
        return batch
    }

    /// A batch that a merchant made. What was granted is taken back by whoever granted it.
    private static func ownBatch(_ id: String, _ db: SQLConnection) throws -> CouponBatchRecord {
        let batch = try batch(id, db)
        guard batch.kind != .granted else { throw Problem.conflict("granted_batch", "These coupons were granted one by one.") }
        return batch
    }
}
