import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// What offers have beside being defined: their uses, and the prices of a place.
struct OffersController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    func addRoutes(to router: Router<VefaContext>) {
        router.post("/v1/loyalty/offers/:id/uses", use: use)
        router.delete("/v1/loyalty/offers/:id/uses/:order_id", use: release)
        router.get("/v1/loyalty/price_adjustments", use: prices)
    }

    @Sendable private func use(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let orderID = reader.requiredString("order_id", max: CloudEvent.maximumTextLength)
            let cart = ShopperReader.cart(reader)
            let customer = ShopperReader.customer(reader)
            let place = ShopperReader.place(reader)
            let channel = ShopperReader.channel(reader)
            let shipping = reader.amount("shipping_total")
            reader.refuseUnknown()
            try issues.throwIfAny()
            guard let orderID, let cart else { throw Problem.internalError }
            let (record, isNew) = try OfferUses(change: change, catalogue: try catalogues.current(change.db)).use(
                try input.parameter("id"), orderID: orderID, cart: cart, customer: customer, place: place, channel: channel,
                shipping: shipping)
            return Reply(isNew ? .created : .ok, record.json)
        }
    }

    @Sendable private func release(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let uses = OfferUses(change: change, catalogue: try catalogues.current(change.db))
            guard try uses.release(try input.parameter("id"), orderID: try input.parameter("order_id")) else {
                throw Problem.notFound("such use of an offer")
            }
            return .noContent()
        }
    }

    // MARK: - Prices

    /// What everybody in a place pays. Prices that hang on the cart or the customer are told by a quote.
    @Sendable private func prices(_ request: Request, _ context: VefaContext) async throws -> Reply {
        _ = try context.requirePrincipal()
        let place = Place(country: request.query("country"), region: request.query("region"), city: request.query("city"))
        let now = house.now
        let catalogue = try await house.read { try catalogues.current($0) }
        let moment = LocalMoment(now, zone: catalogue.zone)
        let facts = ConditionFacts(["place": place.json, "time": moment.facts], now: now)
        let found = catalogue.offers.compactMap { offer -> (offer: Offer, adjustment: PriceAdjustment)? in
            guard case .priceAdjustment(let adjustment) = offer.gives, adjustment.place.contains(place), offer.isCurrent(now),
                offer.tiers.isEmpty, offer.segments.isEmpty, offer.channels.isEmpty, offer.minimumOrder == nil,
                (offer.conditions?.roots ?? []).isSubset(of: ["place", "time"]), offer.conditions?.verdict(facts).holds ?? true,
                offer.schedule?.contains(now, zone: catalogue.zone) ?? true
            else { return nil }
            return (offer, adjustment)
        }
        let data = AdjustedCart.firstThatCounts(found).map { Self.json($0.offer, $0.adjustment) }
        return Reply(.ok, ["place": place.json, "data": .array(data)])
    }

    private static func json(_ offer: Offer, _ adjustment: PriceAdjustment) -> JSON {
        let terms = OfferKind.priceAdjustment(adjustment).members
        var object = JSONObject([.init(name: "id", value: .string(offer.id)), .init(name: "name", value: .string(offer.name))])
        object.members += terms
        object["items"] = offer.items?.json ?? .null
        object["starts_at"] = .from(offer.startsAt)
        object["ends_at"] = .from(offer.endsAt)
        return .object(object)
    }
}

/// What offers add to being listed, made, replaced and ended.
enum OfferHooks {
    static let all = DefinitionHooks<Offer>(
        check: { offer, _, catalogue, db, reader in
            try SegmentMembership.check(offer.segments, at: reader.pointer / "segments", reader.issues, db)
            for (index, id) in offer.tiers.enumerated() where catalogue.tier(id) == nil {
                reader.issues.add(reader.pointer / "tiers" / index, "unknown_tier", "there is no such tier")
            }
            try ConditionCheck.cart(offer.conditions, at: reader.pointer / "conditions", catalogue, reader.issues, db)
            if let currency = offer.gives.currency, CouponWorth.isMismatch(currency, catalogue.programme.currency) {
                reader.fail("currency", "conflict", "the programme counts in \(catalogue.programme.currency?.code ?? "")")
            }
        },
        changed: { before, after, catalogue, change in
            if after?.conditions?.roots.contains("rfm") ?? false { _ = try RFMKeeper.ensure(catalogue, change) }
            guard let offer = after else {
                if let before { try OfferUseStore.uncount(before.id, change.db) }
                return
            }
            if offer.maxUses == nil, before?.maxUses != nil { try OfferUseStore.uncount(offer.id, change.db) }
            if offer.maxUses != nil, before?.maxUses == nil { try OfferUseStore.recount(offer.id, change.db) }
        },
        answer: { json, db in
            guard var object = json.object, let id = json["id"]?.string else { return json }
            object["uses"] = .int(try OfferUseStore.count(id, db))
            return .object(object)
        })
}
