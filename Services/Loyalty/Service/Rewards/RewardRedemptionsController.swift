import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime

/// Rewards that members have for their points.
struct RewardRedemptionsController: Sendable {
    let house: House
    let desk: RewardDesk

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/loyalty/members/:customer_id/rewards", use: options)
        router.post("/v1/loyalty/members/:customer_id/redemptions", use: reserve)
        router.get("/v1/loyalty/members/:customer_id/redemptions", use: list)
        router.get("/v1/loyalty/redemptions/:id", use: get)
        router.post("/v1/loyalty/redemptions/:id/commit", use: commit)
        router.post("/v1/loyalty/redemptions/:id/cancel", use: cancel)
    }

    /// The rewards there are, each with what it costs this member and what speaks against it. Nothing is held by asking.
    @Sendable private func options(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.customerID()
        try context.requirePrincipal().requireServer(orCustomer: id)
        let issues = FieldIssues()
        var said = JSONObject()
        for name in ["order_total", "currency", "channel"] {
            guard let text = request.query(name), !text.isEmpty else { continue }
            said[name] = name == "order_total" ? Int64(text).map(JSON.int) ?? .string(text) : .string(text)
        }
        let asked = Self.request(FieldReader(said, issues: issues))
        try issues.throwIfAny()
        let now = house.now
        let catalogues = desk.catalogues
        let rows = try await house.read { db in
            var options = RewardOptions(try MembersController.member(id, db), try catalogues.current(db), now: now, db)
            return try options.all(asked).map { Self.json($0.reward, $0.verdict) }
        }
        return Reply(.ok, ["data": .array(rows)])
    }

    private static func json(_ reward: CatalogueReward, _ verdict: RewardVerdict) -> JSON {
        var object = JSONObject([
            .init(name: "reward_id", value: .string(reward.id)), .init(name: "name", value: .string(reward.name)),
            .init(name: "points", value: .int(verdict.points)),
        ])
        object.members += reward.gift.members
        object["currency"] = .from(reward.currency?.code)
        object["minimum_order"] = .from(reward.minimumOrder)
        object["available"] = .bool(verdict.isGranted)
        object["reasons"] = verdict.reasons
        return .object(object)
    }

    private static func request(_ reader: FieldReader) -> RewardRequest {
        RewardRequest(
            orderTotal: reader.amount("order_total"), currency: reader.currency("currency"),
            channel: reader.string("channel", max: 255, allowEmpty: false))
    }

    /// A storefront's page may ask for its own shopper, whose order is then checked once more when the coupon is used.
    @Sendable private func reserve(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer(orCustomer: context.customerID())
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let rewardID = reader.requiredString("reward_id", max: 255)
            let asked = Self.request(reader)
            let orderID = reader.string("order_id", max: CloudEvent.maximumTextLength, allowEmpty: false)
            reader.refuseUnknown()
            try issues.throwIfAny()
            // With the order's money the points come back: a shopper could name an order that was sent back, and have the reward for nothing.
            guard orderID == nil || input.principal.isServer else {
                throw Problem.forbidden("Only a secret key says which order it goes into.", code: "secret_key_required")
            }
            guard let rewardID else { throw Problem.internalError }
            return .created(
                try desk.reserve(try input.parameter("customer_id"), rewardID: rewardID, asked, orderID: orderID, change).json)
        }
    }

    @Sendable private func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.customerID()
        try context.requirePrincipal().requireServer(orCustomer: id)
        let page = try request.page()
        let rows = try await house.read { try RewardRedemptionStore.page(try MembersController.member(id, $0).account.memberID, page, $0) }
        return Reply(.ok, Page(rows, page, key: { [.string($0.id)] }, json: \.json).json)
    }

    @Sendable private func get(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let id = try context.parameter("id")
        guard let record = try await house.read({ try RewardRedemptionStore.find(id, $0) }) else {
            throw Problem.notFound("such redemption")
        }
        return Reply(.ok, record.json)
    }

    @Sendable private func commit(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let orderID = reader.string("order_id", max: CloudEvent.maximumTextLength, allowEmpty: false)
            reader.refuseUnknown()
            try issues.throwIfAny()
            return Reply(.ok, try desk.commit(try input.parameter("id"), orderID: orderID, change).json)
        }
    }

    @Sendable private func cancel(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let reason = reader.string("reason", max: 500)
            reader.refuseUnknown()
            try issues.throwIfAny()
            return Reply(.ok, try desk.cancel(try input.parameter("id"), reason: reason, change).json)
        }
    }
}
