import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Uses of offers, whichever way they come: a call and the order event that names the same offer and order are one use. What is checked and what is
/// written is one transaction.
struct OfferUses {
    let change: Change
    let catalogue: Catalogue

    private static let mostOfAnOrder = 100

    private var db: SQLConnection { change.db }

    // MARK: - By call

    /// Gives an order an offer if its terms allow it. The same order again answers the use that stands.
    func use(
        _ offerID: String, orderID: String, cart: Cart, customer: (id: String?, email: String?), place: Place?, channel: String?,
        shipping: Int64?
    ) throws -> (OfferUseRecord, isNew: Bool) {
        guard let offer = catalogue.offers.first(where: { $0.id == offerID }) else { throw Problem.notFound("such offer") }
        if case .priceAdjustment = offer.gives { throw Problem.conflict("not_used", "A price in a place is not used up.") }
        if let known = try OfferUseStore.find(offer.id, orderID: orderID, db), known.releasedAt == nil { return (known, false) }
        guard try !OrderStore.isCancelled(orderID, db) else { throw Problem.conflict("order_cancelled", "This order was cancelled.") }
        try OfferUseStore.claim(offer, db)
        var shopper = Shopper(id: customer.id, email: customer.email, db)
        let setting = try CartSetting(
            cart, &shopper, place: place, channel: channel, for: [offer.conditions], orderID: orderID, catalogue, now: change.now)
        let verdict = try verdict(offer, cart, &shopper, setting, orderID: orderID)
        guard verdict.isGood else { throw Self.problem(verdict) }
        return (try note(offer, orderID: orderID, cart, try shopper.buyer(), .call, shipping: shipping, usedAt: change.now), true)
    }

    /// Returns an order's use; false where there never was one.
    func release(_ offerID: String, orderID: String) throws -> Bool {
        guard let known = try OfferUseStore.find(offerID, orderID: orderID, db) else { return false }
        if known.releasedAt == nil { try release(known, cause: "deleted") }
        return true
    }

    // MARK: - By order

    /// Brings an order's uses to what the order says now. What the store has given is noted even where the terms would have refused it. An offer that
    /// the order named and no longer names is returned, and so are all when it is cancelled. A use by call stays while no event names offers at all.
    func settle(_ event: CloudEvent, _ record: OrderRecord, before known: Order?, isCancelling: Bool, buyer: CustomerRecord?) throws {
        let order = record.order
        guard order.cancelledAt == nil else {
            guard isCancelling else { return }
            for use in try OfferUseStore.standing(orderID: order.id, db) { try release(use, cause: "cancelled") }
            return
        }
        if let known, known.customerID == nil, let buyer {
            let buyer = try CouponBuyer(customerID: buyer.customer.id, email: order.emailKey, db)
            try OfferUseStore.name(orderID: order.id, customerID: buyer.customerID, emailKey: buyer.emailKey, db)
        }
        guard let said = event.data["offers"]?.array, try OfferUseStore.isLatest(order.id, saidAt: event.time, db) else { return }
        let named = Array(said.compactMap(\.string).prefix(Self.mostOfAnOrder))
        let standing = try OfferUseStore.standing(orderID: order.id, db)
        for use in standing where use.source == .order && !named.contains(use.offerID) { try release(use, cause: "removed") }
        var noted = Set(standing.map(\.offerID))
        for id in named where noted.insert(id).inserted {
            // The shop's own offers are none of ours, and a price in a place is not used up.
            guard let offer = catalogue.offers.first(where: { $0.id == id }), offer.gives.name != .priceAdjustment else { continue }
            try note(offer, of: order, buyer)
        }
    }

    private func note(_ offer: Offer, of order: Order, _ customer: CustomerRecord?) throws {
        try OfferUseStore.claim(offer, db)
        let buyer = try CouponBuyer(customerID: customer?.customer.id, email: order.emailKey, db)
        var shopper = Shopper(buyer, db)
        let cart = Cart(order)
        let time = min(order.placedAt, change.now)
        let setting = try CartSetting(
            cart, &shopper, place: Place(country: order.country, city: order.city), channel: order.channel, for: [offer.conditions],
            orderID: order.id, catalogue, now: time)
        let verdict = try verdict(offer, cart, &shopper, setting, orderID: order.id)
        _ = try note(
            offer, orderID: order.id, cart, buyer, .order, shipping: order.shippingTotal, usedAt: time,
            outsideTerms: verdict.refusals.map(\.reason.rawValue))
    }

    // MARK: - Both

    private func verdict(
        _ offer: Offer, _ cart: Cart, _ shopper: inout Shopper, _ setting: CartSetting, orderID: String
    ) throws -> OfferVerdict {
        let standings = try OfferStandings([offer], &shopper, setting, db)
        var standing = try standings.standing(offer, &shopper, setting)
        standing.isShutOut = try OrderStack.shutsOut(offer.stacking, orderID: orderID, exceptOffer: offer.id, db)
        return OfferVerdict(
            standing, cart: cart, audience: standings.audience, now: setting.now, zone: setting.catalogue.zone)
    }

    private func note(
        _ offer: Offer, orderID: String, _ cart: Cart, _ buyer: CouponBuyer, _ source: OfferUseRecord.Source, shipping: Int64?,
        usedAt: Timestamp, outsideTerms: [String] = []
    ) throws -> OfferUseRecord {
        var basket = Basket(cart, shipping: shipping)
        let taken = basket.take(offer.effect(on: cart) ?? CartEffect(.gift))
        let record = OfferUseRecord(
            id: TypeID.make("use", at: change.now), offer, orderID: orderID, buyer: buyer, source: source, taken: taken, cart: cart,
            outsideTerms: outsideTerms, usedAt: usedAt)
        try OfferUseStore.put(record, db)
        try OfferUseStore.count(1, of: offer.id, db)
        try OfferNews.used(record, offer, change)
        return record
    }

    private func release(_ record: OfferUseRecord, cause: String) throws {
        try OfferUseStore.release(record, at: change.now, db)
        try OfferUseStore.count(-1, of: record.offerID, db)
        try OfferNews.released(record, cause: cause, change)
    }

    /// The answer to a use that is refused: its code is the first reason, `reasons` has all.
    private static func problem(_ verdict: OfferVerdict) -> Problem {
        guard let first = verdict.refusals.first else { return .internalError }
        var problem =
            first.reason.isState
            ? Problem.conflict(first.reason.rawValue, first.detail) : Problem.refused(first.reason.rawValue, first.detail)
        problem.extensions["reasons"] = .array(verdict.refusals.map { $0.json(withVerdict: true) })
        return problem
    }
}

/// What loyalty says about offers.
enum OfferNews {
    static func used(_ use: OfferUseRecord, _ offer: Offer, _ change: Change) throws {
        let data: JSON = [
            "offer_id": .string(use.offerID), "offer": .string(offer.name), "kind": .string(offer.gives.name.rawValue),
            "version": .int(use.version), "order_id": .string(use.orderID), "customer_id": .from(use.customerID),
            "discount": .int(use.discount), "currency": .from(use.currency), "source": .string(use.source.rawValue),
            "outside_terms": .from(use.outsideTerms),
        ]
        try change.emit("offer.used", subject: use.customerID, data: data)
    }

    static func released(_ use: OfferUseRecord, cause: String, _ change: Change) throws {
        let data: JSON = [
            "offer_id": .string(use.offerID), "order_id": .string(use.orderID), "customer_id": .from(use.customerID),
            "cause": .string(cause),
        ]
        try change.emit("offer.released", subject: use.customerID, data: data)
    }
}
