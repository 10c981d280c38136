import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// `/v1/coupons`: one coupon by its code.
struct CouponsController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/coupons/:code", use: get)
        router.post("/v1/coupons/:code/validate", use: validate)
        router.post("/v1/coupons/:code/redemptions", use: redeem)
        router.delete("/v1/coupons/:code/redemptions/:order_id", use: release)
    }

    @Sendable private func get(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let code = CouponCode(try context.parameter("code"))
        let found = try await house.read { db in try CouponStore.find(code, db).map { try CouponStore.counted($0, db) } }
        guard let coupon = found else { throw Problem.notFound("such coupon") }
        return Reply(.ok, coupon.json(now: house.now))
    }

    // MARK: - Validating

    /// Whether a coupon is good for a cart. Nothing is written: without an `Idempotency-Key` it takes no turn at the writer either.
    @Sendable private func validate(_ request: Request, _ context: VefaContext) async throws -> Reply {
        if request.headers[.idempotencyKey]?.isEmpty ?? true {
            let body = try await request.json()
            let code = context.parameters.get("code")?.removingPercentEscapes ?? ""
            let principal = try context.requirePrincipal()
            let now = house.now
            return Reply(.ok, try await house.read { try verdict(code, body, principal, now: now, $0) })
        }
        return try await house.command(request, context) { input, change in
            Reply(.ok, try verdict(input.parameters["code"] ?? "", input.body, input.principal, now: change.now, change.db))
        }
    }

    private func verdict(_ text: String, _ body: JSON, _ principal: Principal, now: Timestamp, _ db: SQLConnection) throws -> JSON {
        let issues = FieldIssues()
        let reader = FieldReader(body: body, issues: issues)
        let cart = ShopperReader.cart(reader)
        var customer = ShopperReader.customer(reader)
        let place = ShopperReader.place(reader)
        let channel = ShopperReader.channel(reader)
        reader.refuseUnknown()
        try issues.throwIfAny()
        guard let cart else { throw Problem.internalError }
        if !principal.isServer { customer = try ShopperReader.own(customer, principal, db) }
        let withVerdict = principal.isServer
        guard let coupon = try CouponStore.find(CouponCode(text), db) else {
            return CouponVerdict.notFound.json(cart, withVerdict: withVerdict)
        }
        var shopper = Shopper(try CouponBuyer(customerID: customer.id, email: customer.email, db), db)
        let setting = try CartSetting(
            cart, &shopper, place: place, channel: channel, for: [coupon.rules.conditions], try catalogues.current(db), now: now)
        let standing = try CouponStanding(coupon, for: &shopper, setting, orderID: nil, db)
        return CouponVerdict(standing, cart: cart, person: try shopper.buyer().person, now: now).json(cart, withVerdict: withVerdict)
    }

    // MARK: - Using

    @Sendable private func redeem(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let orderID = reader.requiredString("order_id", max: CloudEvent.maximumTextLength)
            let cart = ShopperReader.cart(reader)
            let customer = ShopperReader.customer(reader)
            let place = ShopperReader.place(reader)
            let channel = ShopperReader.channel(reader)
            reader.refuseUnknown()
            try issues.throwIfAny()
            guard let orderID, let cart else { throw Problem.internalError }
            let redemptions = Redemptions(change: change, catalogues: catalogues, catalogue: try catalogues.current(change.db))
            let (redemption, isNew) = try redemptions.redeem(
                CouponCode(try input.parameter("code")), orderID: orderID, cart: cart, customer: customer, place: place, channel: channel)
            return Reply(isNew ? .created : .ok, redemption.json)
        }
    }

    @Sendable private func release(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let code = CouponCode(try input.parameter("code"))
            let redemptions = Redemptions(change: change, catalogues: catalogues, catalogue: try catalogues.current(change.db))
            guard try redemptions.release(code, orderID: try input.parameter("order_id")) else {
                throw Problem.notFound("such redemption")
            }
            return .noContent()
        }
    }
}
