import LoyaltyDomain
import Shared
import Testing

@Suite("What a coupon takes off a cart")
struct CouponWorthTests {
    private func cart(_ total: Int64? = nil, _ values: [Int64] = [], currency: String? = "TRY") -> Cart {
        Cart(currency: currency.flatMap(Currency.init), total: total, lines: values.map { Cart.Line(value: $0) })
    }

    @Test("a fixed amount, a share with a maximum, free shipping")
    func kinds() {
        #expect(CouponWorth(.fixed(amount: 1_000, currency: nil), on: cart(4_000)).discount == 1_000)
        #expect(CouponWorth(.fixed(amount: 5_000, currency: Currency("TRY")), on: cart(4_000)).discount == 4_000)
        #expect(CouponWorth(.fixed(amount: 1_000, currency: Currency("EUR")), on: cart(4_000)).discount == 0)
        #expect(CouponWorth(.fixed(amount: 1_000, currency: Currency("EUR")), on: cart(4_000, currency: nil)).discount == 1_000)
        #expect(CouponWorth(.percent(basisPoints: 1_000, maximum: nil), on: cart(4_995)).discount == 500)
        #expect(CouponWorth(.percent(basisPoints: 1_000, maximum: nil), on: cart(4_994)).discount == 499)
        #expect(CouponWorth(.percent(basisPoints: 5_000, maximum: 300), on: cart(4_000)).discount == 300)
        let shipping = CouponWorth(.freeShipping, on: cart(4_000, [4_000]))
        #expect(shipping.freeShipping && shipping.discount == 0 && shipping.parts == [0])
    }

    @Test("is spread over the lines by largest remainder")
    func spread() {
        #expect(CouponWorth(.fixed(amount: 100, currency: nil), on: cart(nil, [100, 100, 100])).parts == [34, 33, 33])
        #expect(CouponWorth(.fixed(amount: 1_000, currency: nil), on: cart(nil, [3_000, 1_000])).parts == [750, 250])
        #expect(CouponWorth(.fixed(amount: 3, currency: nil), on: cart(10, [0, 0])).parts == [2, 1])
        #expect(CouponWorth(.fixed(amount: 1, currency: nil), on: cart(nil, [1, 2])).parts == [0, 1])
    }

    @Test("is never negative, never above the cart or the maximum, grows with the cart, and its parts are the whole", arguments: 0..<50)
    func properties(_ round: Int) {
        let seed = UInt64(round) * 7_919 + 11
        var chance = Chance(seed: seed)
        for _ in 0..<200 {
            let count = Int(chance.int(0...8))
            let top: Int64 = chance.coin() ? 5_000 : FieldReader.maximumAmount
            let values = (0..<count).map { _ in chance.coin() ? chance.int(0...top) : chance.int(0...3) }
            let total: Int64? = chance.coin() ? chance.int(0...top) : nil
            let maximum: Int64? = chance.coin() ? chance.int(1...top) : nil
            let discount: Discount =
                chance.coin()
                ? .percent(basisPoints: chance.int(1...10_000), maximum: maximum) : .fixed(amount: chance.int(1...top), currency: nil)
            let cart = cart(total, values)
            let worth = CouponWorth(discount, on: cart)
            let comment: Comment = "seed \(seed): \(discount) on \(cart)"
            #expect(worth.discount >= 0 && worth.discount <= cart.total, comment)
            if case .percent(_, let maximum?) = discount { #expect(worth.discount <= maximum, comment) }
            #expect(worth.parts.count == count && worth.parts.allSatisfy { $0 >= 0 }, comment)
            if count > 0 { #expect(worth.parts.reduce(Int128(0)) { $0 + Int128($1) } == Int128(worth.discount), comment) }
            if total == nil { #expect(zip(worth.parts, values).allSatisfy { $0 <= $1 }, comment) }
            let more = CouponWorth(discount, on: self.cart(min(FieldReader.maximumAmount, cart.total + chance.int(0...1_000)), values))
            #expect(more.discount >= worth.discount, comment)
        }
    }

    @Test("ten thousand of the largest lines there can be do not overflow")
    func extremes() {
        let most = FieldReader.maximumAmount
        let worth = CouponWorth(.fixed(amount: most, currency: nil), on: cart(most, Array(repeating: most, count: 10_000)))
        #expect(worth.discount == most)
        #expect(worth.parts.reduce(Int128(0)) { $0 + Int128($1) } == Int128(most))
        let issues = FieldIssues()
        let item: JSON = ["product_id": "a", "quantity": 1_000_000, "unit_price": .int(most)]
        let body: JSON = ["currency": "TRY", "items": .array([item, item])]
        #expect(Cart(FieldReader(body: body, issues: issues))?.total == most)
        #expect(issues.isEmpty)
    }
}

@Suite("A coupon's verdict")
struct CouponVerdictTests {
    private let now = Timestamp(rfc3339: "2026-03-01T09:00:00Z") ?? .epoch
    private let ayse = CouponPerson(customerIDs: ["42"], emailKeys: ["ayse@example.com"])
    private let cart = Cart(currency: Currency("TRY"), total: 4_000)

    private func standing(_ change: (inout CouponStanding) -> Void = { _ in }) -> CouponStanding {
        var standing = CouponStanding(CouponRules(name: "spring", discount: .fixed(amount: 1_000, currency: Currency("TRY"))))
        change(&standing)
        return standing
    }

    private func reasons(_ standing: CouponStanding, _ person: CouponPerson = .nobody, _ cart: Cart? = nil) -> [CouponVerdict.Reason] {
        CouponVerdict(standing, cart: cart ?? self.cart, person: person, now: now).refusals.map(\.reason)
    }

    @Test("good, for anybody")
    func good() {
        let verdict = CouponVerdict(standing(), cart: cart, person: .nobody, now: now)
        #expect(verdict.isValid && verdict.worth.discount == 1_000)
        #expect(reasons(standing(), ayse) == [])
    }

    @Test("each rule by itself, on either side of its edge")
    func each() {
        #expect(reasons(standing { $0.isCancelled = true }) == [.cancelled])
        #expect(reasons(standing { $0.rules.startsAt = now.adding(milliseconds: 1) }) == [.notStarted])
        #expect(reasons(standing { $0.rules.startsAt = now }) == [])
        #expect(reasons(standing { $0.rules.endsAt = now }) == [.expired])
        #expect(reasons(standing { $0.rules.endsAt = now.adding(milliseconds: 1) }) == [])
        #expect(reasons(standing { ($0.rules.maxRedemptions, $0.redemptions) = (10, 10) }) == [.exhausted])
        #expect(reasons(standing { ($0.rules.maxRedemptions, $0.redemptions) = (10, 9) }) == [])
        #expect(reasons(standing { ($0.rules.perCustomer, $0.redemptionsOfPerson) = (1, 1) }, ayse) == [.customerLimit])
        #expect(reasons(standing { ($0.rules.perCustomer, $0.redemptionsOfPerson) = (2, 1) }, ayse) == [])
        #expect(reasons(standing { $0.rules.minimumOrder = 4_001 }) == [.minimumOrder])
        #expect(reasons(standing { $0.rules.minimumOrder = 4_000 }) == [])
        #expect(reasons(standing(), .nobody, Cart(currency: Currency("EUR"), total: 4_000)) == [.currencyMismatch])
        #expect(reasons(standing { ($0.rules.firstOrderOnly, $0.hasOtherOrder) = (true, true) }, ayse) == [.firstOrderOnly])
        #expect(reasons(standing { $0.rules.firstOrderOnly = true }, ayse) == [])
        #expect(reasons(standing { $0.isShutOut = true }) == [.notStackable])
    }

    @Test("for a segment, a channel, certain lines, or under conditions")
    func narrowed() {
        #expect(reasons(standing { $0.rules.segmentID = "seg_1" }, ayse) == [.segmentOnly])
        #expect(reasons(standing { ($0.rules.segmentID, $0.isInSegment) = ("seg_1", true) }, ayse) == [])
        #expect(reasons(standing { $0.rules.segmentID = "seg_1" }) == [.customerRequired])
        #expect(reasons(standing { $0.rules.channels = ["till"] }) == [.wrongChannel])
        #expect(reasons(standing { ($0.rules.channels, $0.channel) = (["till"], "till") }) == [])
        #expect(reasons(standing { $0.conditions = .any(false, []) }) == [.conditionsNotMet])
        #expect(reasons(standing { $0.conditions = .any(true, []) }) == [])
        let member = Condition.test(ConditionTest(field: "orders.count", op: .gte, value: 1))
        #expect(reasons(standing { ($0.rules.conditions, $0.conditions) = (member, .any(false, [])) }) == [.customerRequired])
        let mugs = ItemScope(condition: .test(ConditionTest(field: "item.categories", op: .contains, value: "mugs")))
        let cart = Cart(
            currency: Currency("TRY"),
            lines: [
                Cart.Line(OrderItem(lineID: "1", productID: "a", categories: ["mugs"], quantity: 2, unitPrice: 1_500)),
                Cart.Line(OrderItem(lineID: "2", productID: "b", quantity: 1, unitPrice: 1_000)),
            ])
        #expect(reasons(standing { $0.rules.items = mugs }) == [.noMatchingItems])
        #expect(reasons(standing { $0.rules.items = mugs }, .nobody, cart) == [])
        #expect(reasons(standing { $0.rules.discount = .product(productID: "z", quantity: 1) }, .nobody, cart) == [.productNotInCart])
        let tenth = CouponWorth(.percent(basisPoints: 1_000, maximum: nil), on: cart, items: mugs)
        #expect(tenth.discount == 300 && tenth.parts == [300, 0])
        let all = CouponWorth(.fixed(amount: 5_000, currency: nil), on: cart, items: mugs)
        #expect(all.discount == 3_000 && all.parts == [3_000, 0])
        let piece = CouponWorth(.product(productID: "a", quantity: 1), on: cart)
        #expect(piece.discount == 1_500 && piece.parts == [1_500, 0])
        #expect(CouponWorth(.product(productID: "a", quantity: 9), on: cart).discount == 3_000)
    }

    @Test("somebody's own: by id or by e-mail, and not without either")
    func holder() {
        #expect(reasons(standing { $0.rules.customerID = "42" }, ayse) == [])
        #expect(reasons(standing { $0.holderEmailKey = "ayse@example.com" }, ayse) == [])
        #expect(reasons(standing { ($0.rules.customerID, $0.holderEmailKey) = ("7", "ayse@example.com") }, ayse) == [])
        #expect(reasons(standing { $0.rules.customerID = "7" }, ayse) == [.wrongCustomer])
        #expect(reasons(standing { $0.holderEmailKey = "x@example.com" }, ayse) == [.wrongCustomer])
        #expect(reasons(standing { $0.rules.customerID = "42" }) == [.customerRequired])
        #expect(reasons(standing { $0.holderEmailKey = "x@example.com" }) == [.customerRequired])
        #expect(reasons(standing { $0.rules.firstOrderOnly = true }) == [.customerRequired])
        #expect(reasons(standing { $0.rules.perCustomer = 1 }) == [.customerRequired])
    }

    @Test("everything that speaks against it at once, in the order in which it is told, and nothing off")
    func all() {
        let wrong = standing {
            $0.isCancelled = true
            $0.rules.startsAt = now.adding(seconds: 1)
            $0.rules.endsAt = now
            ($0.rules.maxRedemptions, $0.redemptions) = (1, 1)
            ($0.rules.perCustomer, $0.redemptionsOfPerson) = (1, 1)
            $0.rules.minimumOrder = 5_000
            ($0.rules.firstOrderOnly, $0.hasOtherOrder) = (true, true)
            $0.rules.customerID = "7"
            $0.rules.segmentID = "seg_1"
            $0.rules.channels = ["till"]
            $0.conditions = .all(false, [])
            $0.rules.items = ItemScope(condition: .test(ConditionTest(field: "item.sku", op: .eq, value: "x")))
            $0.isShutOut = true
        }
        let verdict = CouponVerdict(wrong, cart: Cart(currency: Currency("EUR"), total: 4_000), person: ayse, now: now)
        let expected = CouponVerdict.Reason.allCases.filter { ![.notFound, .customerRequired, .productNotInCart].contains($0) }
        #expect(verdict.refusals.map(\.reason) == expected)
        #expect(verdict.worth == .nothing)
        #expect(CouponVerdict.notFound.refusals.map(\.reason) == [.notFound])
    }
}
