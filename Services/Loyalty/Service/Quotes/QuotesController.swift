import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// `/v1/loyalty/quotes`: what a cart would earn, get and may cost.
struct QuotesController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    func addRoutes(to router: Router<VefaContext>) { router.post("/v1/loyalty/quotes", use: quote) }

    /// Nothing is written: without an `Idempotency-Key` it takes no turn at the writer either.
    @Sendable private func quote(_ request: Request, _ context: VefaContext) async throws -> Reply {
        if request.headers[.idempotencyKey]?.isEmpty ?? true {
            let question = try QuoteQuestion(try await request.json())
            let principal = try context.requirePrincipal()
            let now = house.now
            return Reply(.ok, try await house.read { try answer(question, principal, now: now, $0) })
        }
        return try await house.command(request, context) { input, change in
            Reply(.ok, try answer(try QuoteQuestion(input.body), input.principal, now: change.now, change.db))
        }
    }

    private func answer(_ question: QuoteQuestion, _ principal: Principal, now: Timestamp, _ db: SQLConnection) throws -> JSON {
        let customer = principal.isServer ? question.customer : try ShopperReader.own(question.customer, principal, db)
        let catalogue = try catalogues.current(db)
        var shopper = Shopper(id: customer.id, email: customer.email, db)
        return try Quote(question, &shopper, catalogue, now: now, db).json(&shopper, isForServer: principal.isServer)
    }
}

/// What a quote is asked about.
struct QuoteQuestion: Sendable {
    let cart: Cart
    let customer: (id: String?, email: String?)
    let couponCodes: [String]
    let channel: String?
    let place: Place?
    let shipping: Int64?
    /// Whether the cart's prices are those of the place already.
    let arePricesAdjusted: Bool

    static let mostCoupons = 10

    init(_ body: JSON) throws {
        let issues = FieldIssues()
        let reader = FieldReader(body: body, issues: issues)
        let cart = ShopperReader.cart(reader)
        customer = ShopperReader.customer(reader)
        couponCodes = reader.strings("coupon_codes", maxCount: Self.mostCoupons) ?? []
        channel = ShopperReader.channel(reader)
        place = ShopperReader.place(reader)
        shipping = reader.amount("shipping_total")
        arePricesAdjusted = reader.bool("prices_adjusted") ?? false
        reader.refuseUnknown()
        try issues.throwIfAny()
        guard let cart else { throw Problem.internalError }
        self.cart = cart
    }
}
