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
            return Reply(.ok, try await house.read { try Self.verdict(code, body, principal, now: now, $0) })
        }
        return try await house.command(request, context) { input, change in
            Reply(.ok, try Self.verdict(input.parameters["code"] ?? "", input.body, input.principal, now: change.now, change.db))
        }
    }

    private static func verdict(_ text: String, _ body: JSON, _ principal: Principal, now: Timestamp, _ db: SQLConnection) throws -> JSON {
        let issues = FieldIssues()
        let reader = FieldReader(body: body, issues: issues)
        let cart = cart(reader)
        var customer = customer(reader)
        reader.refuseUnknown()
        try issues.throwIfAny()
        guard let cart else { throw Problem.internalError }
        if !principal.isServer { customer = try own(customer, principal, db) }
        guard let coupon = try CouponStore.find(CouponCode(text), db) else { return CouponVerdict.notFound.json(cart) }
        let buyer = try CouponBuyer(customerID: customer.id, email: customer.email, db)
        let standing = try CouponStanding(coupon, for: buyer, orderID: nil, db)
        return CouponVerdict(standing, cart: cart, person: buyer.person, now: now).json(cart)
    }

    /// A storefront asks for the shopper whom the store vouched for, or for nobody in particular: whether somebody else has ordered before is not
    /// everybody's business.
    private static func own(
        _ customer: (id: String?, email: String?), _ principal: Principal, _ db: SQLConnection
    ) throws -> (id: String?, email: String?) {
        var isOwn = customer.id == nil || customer.id == principal.customerID
        if let email = customer.email {
            let known = try principal.customerID.flatMap { try CustomerStore.find($0, db)?.customer.emailKey }
            if known == nil || known != EmailKey.make(email) { isOwn = false }
        }
        guard isOwn else {
            throw Problem.forbidden("A storefront names a customer only with that customer's own token.", code: "customer_token_required")
        }
        return (principal.customerID, customer.email)
    }

    // MARK: - Using

    @Sendable private func redeem(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let orderID = reader.requiredString("order_id", max: CloudEvent.maximumTextLength)
            let cart = Self.cart(reader)
            let customer = Self.customer(reader)
            reader.refuseUnknown()
            try issues.throwIfAny()
            guard let orderID, let cart else { throw Problem.internalError }
            let (redemption, isNew) = try Redemptions(change: change, catalogues: catalogues)
                .redeem(CouponCode(try input.parameter("code")), orderID: orderID, cart: cart, customer: customer)
            return Reply(isNew ? .created : .ok, redemption.json)
        }
    }

    @Sendable private func release(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let code = CouponCode(try input.parameter("code"))
            guard try Redemptions(change: change, catalogues: catalogues).release(code, orderID: try input.parameter("order_id")) else {
                throw Problem.notFound("such redemption")
            }
            return .noContent()
        }
    }

    // MARK: - Reading

    private static func cart(_ reader: FieldReader) -> Cart? {
        reader.require("cart", reader.reader("cart")).flatMap(Cart.init)
    }

    /// `{"id"?, "email"?}`; unknown ones are allowed.
    private static func customer(_ reader: FieldReader) -> (id: String?, email: String?) {
        guard let customer = reader.reader("customer") else { return (nil, nil) }
        let id = customer.string("id", max: CloudEvent.maximumTextLength, allowEmpty: false)
        let email = customer.string("email", max: CustomerData.maximumEmail, allowEmpty: false)
        if let email, EmailKey.make(email) == nil { customer.fail("email", "invalid_email", "an e-mail address was expected") }
        customer.refuseUnknown()
        return (id, email)
    }
}
