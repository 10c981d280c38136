import LoyaltyDomain
import Shared
import Testing

@Suite("Offers")
struct OfferTests {
    private static func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? .epoch }
    private let now = time("2026-03-02T09:00:00Z")

    private func reasons(
        _ offer: Offer?, _ cart: Cart = pieces([(5_000, 1)]), _ audience: OfferAudience = OfferAudience(isNobody: false),
        change: (inout OfferStanding) -> Void = { _ in }, at time: Timestamp? = nil
    ) -> [OfferVerdict.Reason] {
        guard let offer else { return [.paused] }
        var standing = OfferStanding(offer)
        standing.currency = Currency("TRY")
        change(&standing)
        return OfferVerdict(standing, cart: cart, audience: audience, now: time ?? now, zone: .utc).refusals.map(\.reason)
    }

    @Test(
        "each kind reads back as it was written",
        arguments: [
            ("percent", ["percent": 12.5, "maximum": 500]), ("fixed", ["amount": 1_000, "currency": "TRY"]), ("free_shipping", [:]),
            ("gift", ["gift": ["product_id": "soap", "name": "A soap"]]), ("gift", ["gift": ["choices": ["a", "b"]]]),
            (
                "buy_x_get_y",
                [
                    "buy": ["items": ["field": "item.categories", "op": "contains", "value": "mugs"], "quantity": 2],
                    "get": ["quantity": 1, "percent": 50], "max_times": 3,
                ]
            ),
            ("price_adjustment", ["percent": -10, "place": ["country": "TR", "city": "Izmir"]]), ("price_adjustment", ["amount": -50]),
        ] as [(String, [String: JSON])])
    func readBack(_ kind: String, _ more: [String: JSON]) throws {
        let common: [String: JSON] = [
            "minimum_order": 3_000, "conditions": ["field": "time.hour", "op": "gte", "value": 18],
            "schedule": ["weekdays": [1, 7], "hours": [18, 2]], "starts_at": "2026-03-01T00:00:00Z", "ends_at": "2026-04-01T00:00:00Z",
            "tiers": ["tier_1"], "segments": ["seg_1"], "channels": ["web"], "priority": 7, "metadata": ["a": 1],
        ]
        let issues = FieldIssues()
        let first = try #require(offer(kind, common.merging(more) { $1 }, issues: issues))
        #expect(issues.isEmpty)
        let again = Offer(reader(.object(first.json)), id: first.id, version: 1)
        #expect(again == first)
    }

    @Test(
        "contradictions are named",
        arguments: [
            ("percent", ["percent": 101], "/percent"), ("percent", [:], "/percent"), ("fixed", [:], "/amount"),
            ("fixed", ["amount": 1, "percent": 5], "/percent"), ("half", [:], "/kind"), ("gift", [:], "/gift"),
            ("gift", ["gift": [:]], "/gift/product_id"), ("buy_x_get_y", ["get": ["quantity": 1]], "/buy"),
            ("buy_x_get_y", ["buy": [:], "get": ["quantity": 1]], "/buy/quantity"),
            ("buy_x_get_y", ["buy": ["quantity": 1], "get": ["quantity": 1, "percent": 150]], "/get/percent"),
            ("price_adjustment", [:], "/percent"), ("price_adjustment", ["percent": 0], "/percent"),
            ("price_adjustment", ["percent": -101], "/percent"), ("price_adjustment", ["percent": 1, "amount": 1], "/amount"),
            ("price_adjustment", ["percent": 1, "stacking": "none"], "/stacking"),
            ("free_shipping", ["ends_at": "2026-01-01T00:00:00Z", "starts_at": "2026-02-01T00:00:00Z"], "/ends_at"),
            ("free_shipping", ["schedule": ["hours": [9, 9]]], "/schedule/hours"),
            ("free_shipping", ["schedule": ["hours": []]], "/schedule/hours"),
            ("free_shipping", ["schedule": ["weekdays": []]], "/schedule/weekdays"),
            ("free_shipping", ["schedule": ["weekdays": [8]]], "/schedule/weekdays"),
            ("free_shipping", ["items": ["field": "item.sku", "op": "eq", "value": "a"]], "/items"),
            ("free_shipping", ["conditions": ["field": "order.total", "op": "eq", "value": 1]], "/conditions/field"),
            ("free_shipping", ["per_customer": ["times": 1]], "/per_customer/every"), ("free_shipping", ["stacking": "some"], "/stacking"),
            ("free_shipping", ["colour": "red"], "/colour"),
        ] as [(String, [String: JSON], String)])
    func contradictions(_ kind: String, _ more: [String: JSON], _ pointer: String) {
        let issues = FieldIssues()
        #expect(offer(kind, more, issues: issues) == nil)
        #expect(issues.issues.map(\.pointer) == [pointer])
    }

    @Test("every term by itself")
    func verdicts() {
        #expect(reasons(offer("percent", ["percent": 50])) == [])
        #expect(reasons(offer("percent", ["percent": 50, "state": "paused"])) == [.paused])
        #expect(reasons(offer("percent", ["percent": 50, "starts_at": "2026-03-03T00:00:00Z"])) == [.notStarted])
        #expect(reasons(offer("percent", ["percent": 50, "ends_at": "2026-03-02T09:00:00Z"])) == [.ended])
        #expect(reasons(offer("percent", ["percent": 50, "schedule": ["weekdays": [2]]])) == [.outsideSchedule])
        #expect(reasons(offer("percent", ["percent": 50, "max_uses": 2]), pieces([(1, 1)]), change: { $0.uses = 2 }) == [.exhausted])
        let monthly = offer("gift", ["gift": ["product_id": "a"], "per_customer": ["times": 1, "every": "month"]])
        #expect(reasons(monthly, change: { $0.usesOfPerson = 1 }) == [.customerLimit])
        #expect(reasons(monthly, pieces([(1, 1)]), OfferAudience()) == [.customerRequired])
        #expect(reasons(offer("percent", ["percent": 50, "minimum_order": 3_000]), pieces([(2_999, 1)])) == [.minimumOrder])
        let euro = Cart(currency: Currency("EUR"), total: 5_000)
        #expect(reasons(offer("fixed", ["amount": 1]), euro) == [.currencyMismatch])
        #expect(reasons(offer("percent", ["percent": 50]), euro) == [])
        let izmir = offer("price_adjustment", ["percent": 10, "place": ["city": "izmir"]])
        #expect(reasons(izmir) == [.wrongPlace])
        #expect(reasons(izmir, pieces([(1, 1)]), OfferAudience(place: Place(country: "TR", city: "Izmir"))) == [])
        #expect(reasons(offer("percent", ["percent": 1, "channels": ["till"]])) == [.wrongChannel])
        #expect(reasons(offer("percent", ["percent": 1, "tiers": ["tier_1"]])) == [.tierOnly])
        #expect(
            reasons(
                offer("percent", ["percent": 1, "tiers": ["tier_1"]]), pieces([(1, 1)]), OfferAudience(isNobody: false, tierID: "tier_1"))
                == [])
        #expect(reasons(offer("percent", ["percent": 1, "segments": ["a"]])) == [.segmentOnly])
        #expect(
            reasons(
                offer("percent", ["percent": 1, "segments": ["a", "b"]]), pieces([(1, 1)]), OfferAudience(isNobody: false, segments: ["b"]))
                == [])
        #expect(reasons(offer("percent", ["percent": 1]), change: { $0.conditions = .any(false, []) }) == [.conditionsNotMet])
        #expect(reasons(offer("percent", ["percent": 1, "items": ["field": "item.sku", "op": "eq", "value": "x"]])) == [.noMatchingItems])
        #expect(reasons(offer("percent", ["percent": 1]), change: { $0.isShutOut = true }) == [.notStackable])
    }

    @Test("hours and days by the programme's clock, past midnight too, and across a change of clocks")
    func schedule() {
        let evening = OfferSchedule(weekdays: nil, hours: (18, 2))
        #expect(evening.contains(Self.time("2026-03-02T18:00:00Z"), zone: .utc))
        #expect(evening.contains(Self.time("2026-03-02T01:59:59Z"), zone: .utc))
        #expect(!evening.contains(Self.time("2026-03-02T02:00:00Z"), zone: .utc))
        let plusThree = ZoneRules { _ in 3 * 3_600_000 }
        #expect(!evening.contains(Self.time("2026-03-02T23:30:00Z"), zone: plusThree))
        #expect(OfferSchedule(weekdays: [1]).contains(now, zone: .utc) && !OfferSchedule(weekdays: [7]).contains(now, zone: .utc))
        // Summer time begins on 29 March at 01:00 UTC.
        let change = Self.time("2026-03-29T01:00:00Z")
        let berlin = ZoneRules { $0 < change ? 3_600_000 : 7_200_000 }
        #expect(LocalMoment(Self.time("2026-03-29T00:59:00Z"), zone: berlin).hour == 1)
        #expect(LocalMoment(change, zone: berlin).hour == 3)
        let march = OfferFrequency(times: 1, every: .month).period(of: now, zone: berlin)
        #expect(march == Self.time("2026-02-28T23:00:00Z")..<Self.time("2026-03-31T22:00:00Z"))
        let week = OfferFrequency(times: 1, every: .week).period(of: Self.time("2026-03-01T12:00:00Z"), zone: .utc)
        #expect(week == Self.time("2026-02-23T00:00:00Z")..<Self.time("2026-03-02T00:00:00Z"))
        let year = OfferFrequency(times: 1, every: .year).period(of: now, zone: .utc)
        #expect(year == Self.time("2026-01-01T00:00:00Z")..<Self.time("2027-01-01T00:00:00Z"))
        #expect(OfferFrequency(times: 1, every: .lifetime).period(of: now, zone: .utc).contains(now))
    }

    @Test("the price of the narrowest place counts, and nothing is cheaper than nothing")
    func prices() throws {
        func priced(_ offers: [Offer?], _ cart: Cart) -> AdjustedCart {
            AdjustedCart(
                cart,
                adjustments: offers.compactMap { offer in
                    guard let offer, case .priceAdjustment(let adjustment) = offer.gives else { return nil }
                    return (offer, adjustment)
                })
        }
        let country = offer("price_adjustment", ["percent": 10, "place": ["country": "TR"]], id: "a")
        let city = offer("price_adjustment", ["amount": -300, "place": ["city": "Izmir"]], id: "b")
        let mugs = offer(
            "price_adjustment",
            [
                "percent": -50, "place": ["city": "Izmir", "country": "TR"],
                "items": ["field": "item.product_id", "op": "eq", "value": "p1"],
            ], id: "c")
        let cart = pieces([(1_005, 2), (100, 1)])
        let adjusted = priced([country, city, mugs], cart)
        #expect(adjusted.cart.lines.map(\.item.unitPrice) == [705, 50] && adjusted.lines == ["b", "c"])
        #expect(adjusted.cart.total == 1_460 && adjusted.changes == ["b": -600, "c": -50])
        #expect(priced([country], cart).cart.lines.map(\.item.unitPrice) == [1_106, 110])
        #expect(priced([city], pieces([(200, 3)])).cart.total == 0)
        #expect(priced([country], Cart(currency: nil, total: 1_000)).cart.total == 1_100)
        #expect(priced([], cart) == priced([], cart) && priced([], cart).cart == cart)
    }
}
