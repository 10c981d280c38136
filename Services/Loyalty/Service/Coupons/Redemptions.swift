import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Uses of coupons, whichever way they come: a call and the order event that names the same code and order are one use. What is checked and what is
/// written is one transaction.
struct Redemptions {
    let change: Change
    let catalogues: CatalogueCache
    let catalogue: Catalogue

    private var db: SQLConnection { change.db }

    // MARK: - By call

    /// Uses a coupon for an order if its terms allow it. The same order again answers the use that stands.
    func redeem(
        _ code: CouponCode?, orderID: String, cart: Cart, customer: (id: String?, email: String?), place: Place? = nil,
        channel: String? = nil
    ) throws -> (RedemptionRecord, isNew: Bool) {
        guard let coupon = try CouponStore.claim(code, db) else { throw Self.problem(.notFound) }
        if let known = try RedemptionStore.find(coupon.code, orderID: orderID, db), known.releasedAt == nil { return (known, false) }
        guard try !OrderStore.isCancelled(orderID, db) else { throw Problem.conflict("order_cancelled", "This order was cancelled.") }
        let buyer = try CouponBuyer(customerID: customer.id, email: customer.email, db)
        var shopper = Shopper(buyer, db)
        let setting = try CartSetting(
            cart, &shopper, place: place, channel: channel, for: [coupon.rules.conditions], orderID: orderID, catalogue,
            now: change.now)
        let standing = try CouponStanding(coupon, for: &shopper, setting, orderID: orderID, db)
        let verdict = CouponVerdict(standing, cart: cart, person: buyer.person, now: change.now)
        guard verdict.isValid else { throw Self.problem(verdict) }
        return (try use(coupon, orderID: orderID, cart: cart, buyer: buyer, worth: verdict.worth, source: .call), true)
    }

    /// Returns an order's use of a code; false where there never was one.
    func release(_ code: CouponCode?, orderID: String) throws -> Bool {
        guard let coupon = try CouponStore.claim(code, db), let known = try RedemptionStore.find(coupon.code, orderID: orderID, db) else {
            return false
        }
        if known.releasedAt == nil { try release(known, cause: "deleted") }
        return true
    }

    // MARK: - By order

    /// Brings an order's uses to what the order says now. `before` is the order as it was before this event.
    ///
    /// What the store has given is noted even where the terms would have refused it. A code that the order named and no longer names is returned, and
    /// so are all when it is cancelled. A use by call that no event of the order has named stays: not every store lists the codes.
    func settle(_ record: OrderRecord, before known: Order?, isCancelling: Bool, buyer: CustomerRecord?) throws {
        let order = record.order
        guard order.cancelledAt == nil else {
            guard isCancelling else { return }
            for known in try RedemptionStore.standing(orderID: order.id, db) { try release(known, cause: "cancelled") }
            return
        }
        if let known, known.customerID == nil, let buyer { try name(order, buyer) }
        let before = Self.codes(known?.couponCodes)
        let now = Self.codes(order.couponCodes)
        guard before != now else { return }
        for code in before where !now.contains(code) {
            guard let known = try RedemptionStore.find(code.text, orderID: order.id, db), known.releasedAt == nil else { continue }
            try release(known, cause: "removed")
        }
        for code in now where !before.contains(code) { try note(code, of: order, buyer) }
    }

    /// What the order names that can be a coupon of ours, each once.
    private static func codes(_ texts: [String]?) -> [CouponCode] {
        var codes: [CouponCode] = []
        for code in (texts ?? []).compactMap(CouponCode.init) where !codes.contains(code) { codes.append(code) }
        return codes
    }

    /// An order may say whose it is only after it said its codes: from then on its uses count for that person.
    private func name(_ order: Order, _ customer: CustomerRecord) throws {
        let uses = try RedemptionStore.standing(orderID: order.id, db).filter { $0.customerID == nil && $0.emailKey == nil }
        guard !uses.isEmpty else { return }
        let buyer = try CouponBuyer(customerID: customer.customer.id, email: order.emailKey, db)
        for use in uses { try RedemptionStore.name(use, customerID: buyer.customerID, emailKey: buyer.emailKey, db) }
    }

    private func note(_ code: CouponCode, of order: Order, _ customer: CustomerRecord?) throws {
        // The store's own coupons are none of ours.
        guard let coupon = try CouponStore.claim(code, db) else { return }
        let buyer = try CouponBuyer(customerID: customer?.customer.id, email: order.emailKey, db)
        if let known = try RedemptionStore.find(coupon.code, orderID: order.id, db), known.releasedAt == nil {
            if known.customerID == nil, known.emailKey == nil {
                try RedemptionStore.name(known, customerID: buyer.customerID, emailKey: buyer.emailKey, db)
            }
            return
        }
        let cart = Cart(order)
        let time = min(order.placedAt, change.now)
        var shopper = Shopper(buyer, db)
        let setting = try CartSetting(
            cart, &shopper, place: Place(country: order.country, city: order.city), channel: order.channel,
            for: [coupon.rules.conditions], orderID: order.id, catalogue, now: time)
        let standing = try CouponStanding(coupon, for: &shopper, setting, orderID: order.id, placedBy: order.placedAt, db)
        let verdict = CouponVerdict(standing, cart: cart, person: buyer.person, now: time)
        let worth = verdict.isValid ? verdict.worth : CouponWorth(coupon.rules.discount, on: cart, items: coupon.rules.items)
        _ = try use(
            coupon, orderID: order.id, cart: cart, buyer: buyer, worth: worth, source: .order,
            outsideTerms: verdict.refusals.map(\.reason.rawValue))
    }

    // MARK: - Both

    private func use(
        _ coupon: CouponRecord, orderID: String, cart: Cart, buyer: CouponBuyer, worth: CouponWorth, source: RedemptionRecord.Source,
        outsideTerms: [String] = []
    ) throws -> RedemptionRecord {
        let record = RedemptionRecord(
            id: TypeID.make("redemption", at: change.now), coupon: coupon, orderID: orderID, customerID: buyer.customerID,
            emailKey: buyer.emailKey,
            source: source, worth: worth, cart: cart, outsideTerms: outsideTerms, redeemedAt: change.now)
        try RedemptionStore.put(record, db)
        try CouponStore.count(1, of: coupon, db)
        try CouponNews.redeemed(record, coupon, change)
        try RewardUses(catalogues: catalogues, change: change).used(coupon, for: orderID)
        return record
    }

    private func release(_ record: RedemptionRecord, cause: String) throws {
        try RedemptionStore.release(record, at: change.now, db)
        let coupon = try CouponStore.claim(CouponCode(record.code), db)
        if let coupon { try CouponStore.count(-1, of: coupon, db) }
        try CouponNews.released(record, cause: cause, change)
        if let coupon { try RewardUses(catalogues: catalogues, change: change).released(coupon, from: record.orderID, cause: cause) }
    }

    // MARK: - Refusing

    /// The answer to a use that is refused: its code is the first reason, `reasons` has all.
    static func problem(_ verdict: CouponVerdict) -> Problem {
        guard let first = verdict.refusals.first else { return .internalError }
        var problem =
            first.reason == .notFound
            ? Problem.notFound("such coupon")
            : first.reason.isState
                ? Problem.conflict(first.reason.rawValue, first.detail) : Problem.refused(first.reason.rawValue, first.detail)
        problem.extensions["reasons"] = verdict.reasons(withVerdict: true)
        return problem
    }
}
