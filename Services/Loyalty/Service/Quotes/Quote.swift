import LoyaltyDomain
import Shared
import SharedStore

/// Everything that applies to one cart, chosen and reckoned. Nothing is kept of it.
struct Quote {
    struct OfferLine {
        let offer: Offer
        var verdict: OfferVerdict
    }

    struct CouponLine {
        let code: String
        let verdict: CouponVerdict
        var id: String { "coupon:\(code)" }
    }

    let question: QuoteQuestion
    let catalogue: Catalogue
    let now: Timestamp
    let db: SQLConnection
    /// The cart at the prices of its place.
    let adjusted: AdjustedCart
    let offers: [OfferLine]
    let coupons: [CouponLine]
    let outcome: Stacking.Outcome

    var cart: Cart { adjusted.cart }

    init(_ question: QuoteQuestion, _ shopper: inout Shopper, _ catalogue: Catalogue, now: Timestamp, _ db: SQLConnection) throws {
        self.question = question
        self.catalogue = catalogue
        self.now = now
        self.db = db
        let current = catalogue.offers.filter { $0.isCurrent(now) }
        let prices = current.filter { $0.gives.name == .priceAdjustment }
        let others = current.filter { $0.gives.name != .priceAdjustment }
        // Prices hang on where the shopper is.
        let place = try question.place ?? (prices.isEmpty ? nil : shopper.place)

        func judge(_ offers: [Offer], _ cart: Cart, _ shopper: inout Shopper, _ setting: CartSetting) throws -> [OfferLine] {
            guard !offers.isEmpty else { return [] }
            let standings = try OfferStandings(offers, &shopper, setting, db)
            return try offers.map { offer in
                let standing = try standings.standing(offer, &shopper, setting)
                let verdict = OfferVerdict(standing, cart: cart, audience: standings.audience, now: now, zone: catalogue.zone)
                return OfferLine(offer: offer, verdict: verdict)
            }
        }

        // Prices first: everything else is reckoned on them.
        let listed = try CartSetting(
            question.cart, &shopper, place: place, channel: question.channel, for: prices.map(\.conditions), catalogue, now: now)
        let priced = try judge(prices, question.cart, &shopper, listed)
        let good = priced.compactMap { line -> (offer: Offer, adjustment: PriceAdjustment)? in
            guard line.verdict.isGood, case .priceAdjustment(let adjustment) = line.offer.gives else { return nil }
            return (line.offer, adjustment)
        }
        adjusted = AdjustedCart(question.cart, adjustments: question.arePricesAdjusted ? [] : good)
        let cart = adjusted.cart

        let found = try Self.find(question.couponCodes, db)
        let conditions = others.map(\.conditions) + found.map { $0.coupon?.rules.conditions }
        let setting = try CartSetting(
            cart, &shopper, place: place, channel: question.channel, for: conditions, catalogue, now: now)
        let judged = try judge(others, cart, &shopper, setting)
        var candidates = judged.compactMap { line -> StackCandidate? in
            guard line.verdict.isGood, let effect = line.offer.effect(on: cart) else { return nil }
            return StackCandidate(id: line.offer.id, rule: line.offer.stacking, priority: line.offer.priority, effect: effect)
        }
        var coupons: [CouponLine] = []
        for (code, coupon) in found {
            guard let coupon else {
                coupons.append(CouponLine(code: code, verdict: .notFound))
                continue
            }
            let standing = try CouponStanding(coupon, for: &shopper, setting, orderID: nil, db)
            let person = try shopper.isNobody ? CouponPerson.nobody : shopper.buyer().person
            let line = CouponLine(code: coupon.code, verdict: CouponVerdict(standing, cart: cart, person: person, now: now))
            coupons.append(line)
            guard line.verdict.isValid else { continue }
            let effect = CartEffect(coupon.rules.discount, on: cart, items: coupon.rules.items)
            candidates.append(StackCandidate(id: line.id, rule: coupon.rules.stacking, effect: effect))
        }
        outcome = Stacking(
            candidates, policy: catalogue.programme.stacking, basket: Basket(cart, shipping: question.shipping)
        ).outcome()
        let chosen = Set(outcome.chosen.ids)
        offers =
            priced
            + judged.map { line in
                var line = line
                if line.verdict.isGood, !chosen.contains(line.offer.id) {
                    line.verdict.refusals = [OfferVerdict.Refusal(.notChosen, "What was chosen takes as much or more off, or comes first.")]
                }
                return line
            }
        self.coupons = coupons
    }

    /// The coupons of these codes, each code once as it is kept.
    private static func find(_ texts: [String], _ db: SQLConnection) throws -> [(code: String, coupon: CouponRecord?)] {
        var seen: Set<String> = []
        return try texts.compactMap { text in
            let code = CouponCode(text)
            guard seen.insert(code?.text ?? text).inserted else { return nil }
            return (code?.text ?? text, try CouponStore.find(code, db))
        }
    }

    // MARK: - Sums

    /// Off the goods, by all that was chosen.
    var goodsDiscount: Int64 { Exact.amount(outcome.taken.values.reduce(Int128(0)) { $0 + Int128($1.goods) }) }
    var shippingDiscount: Int64 { outcome.taken.values.reduce(0) { $0 + $1.shipping } }
    var goodsTotal: Int64 { max(0, cart.total - goodsDiscount) }

    /// The cart as the order it would become.
    var order: OrderData {
        var data = OrderData(orderID: "quote")
        var items: [OrderItem] = []
        var (gross, value) = (Int128(0), Int128(0))
        for (index, line) in cart.lines.enumerated() {
            var item = line.item
            gross += Int128(item.unitPrice) * Int128(item.quantity)
            value += Int128(line.value)
            let taken = outcome.taken.values.reduce(Int128(0)) { $0 + Int128($1.parts[index]) }
            item.discount = Exact.amount(Int128(item.discount) + taken)
            items.append(item)
        }
        let subtotal = Exact.amount(max(Int128(cart.total), value) + gross - value)
        data.currency = cart.currency ?? catalogue.programme.currency
        data.subtotal = subtotal
        data.discountTotal = subtotal - goodsTotal
        data.shippingTotal = question.shipping.map { max(0, $0 - shippingDiscount) }
        data.total = Exact.amount(Int128(goodsTotal) + Int128(data.shippingTotal ?? 0))
        data.couponCodes = coupons.filter { outcome.chosen.ids.contains($0.id) }.map(\.code)
        data.channel = question.channel
        data.country = question.place?.country
        data.city = question.place?.city
        data.placedAt = now
        data.items = cart.lines.isEmpty ? nil : items
        return data
    }
}
