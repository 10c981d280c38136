import Shared
import SharedRuntime
import SharedStore
import SharedTesting
import Testing

@Suite("Loyalty: quotes")
struct QuoteTests {
    private let two: JSON = [
        "currency": "TRY",
        "items": [
            ["line_id": "1", "product_id": "mug", "categories": ["kitchen"], "quantity": 2, "unit_price": 1_500],
            ["line_id": "2", "product_id": "tea", "quantity": 1, "unit_price": 1_000],
        ],
    ]

    @Test(
        "the tier after the order, and what is missing of the next, are what the member has once it is paid",
        arguments: ["points_earned", "amount_spent"], [yearly, ["kind": "calendar_year"], ["kind": "lifetime"]])
    func tiers(_ basis: String, _ window: JSON) async throws {
        try await LoyaltyHouse.with { house in
            let unit: Int64 = basis == "points_earned" ? 1 : 100
            let ids = [
                try await house.addTier("Glow", 0, basis: basis, window: window),
                try await house.addTier("Radiance", 50 * unit, basis: basis, window: window, multiplier: 2),
                try await house.addTier("Icon", 200 * unit, basis: basis, window: window, multiplier: 3),
            ]
            let stranger = try await house.quote(two)["tier"]
            #expect(stranger?["now"] == .null && stranger?["after"]?["id"]?.string == ids[0], "as one who joins")
            #expect(stranger?["next"]?["id"]?.string == ids[1] && stranger?["remaining_after"]?.int == 10 * unit)
            for round in 0..<6 {
                let quote = try await house.quote(two, customer: ["id": "42"])["tier"]
                if round > 0 { #expect(quote?["now"]?["name"]?.string == (try await house.tier("42"))) }
                try await house.pay("o\(round)", "42", 40)
                let member = try await house.member("42")
                #expect(quote?["after"]?["id"] == member["tier"]?["id"], "\(round)")
                #expect(quote?["next"]?["id"] ?? .null == member["next_tier"]?["id"] ?? .null, "\(round)")
                #expect(quote?["remaining_after"] ?? .null == member["next_tier"]?["remaining"] ?? .null, "\(round)")
                try await house.test.advance(days: 1)
            }
            #expect(try await house.tier("42") == "Icon")
        }
    }

    @Test("points are what the order earns when it is placed so")
    func points() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addRule(["name": "any order", "trigger": "order.placed", "points": ["fixed": 7]])
            try await house.addRule(
                [
                    "name": "kitchen", "trigger": "order.paid", "points": ["per_amount": ["points": 3, "amount": 1_000]],
                    "conditions": ["field": "order.items.categories", "op": "contains", "value": "kitchen"],
                    "caps": ["per_member": ["points": 20, "every": "month"]],
                ])
            try await house.addRule(
                [
                    "name": "never", "trigger": "order.paid", "points": ["fixed": 1_000],
                    "conditions": ["field": "order.channel", "op": "eq", "value": "till"],
                ])
            let tenth = try await house.addOffer("percent", ["percent": 10])
            for round in 0..<3 {
                let before = try await house.test.get("/v1/loyalty/members/42").json["balance"]?.int ?? 0
                let quote = try await house.quote(two, customer: ["id": "42"], more: ["shipping_total": 500])
                #expect(quote["totals"]?["total"] == 4_100 && quote["totals"]?["discount"] == 400)
                let codes = quote["points"]?["by_rule"]?.array?.compactMap { $0["code"]?.string } ?? []
                #expect(codes.contains("conditions_not_met"))
                var data = orderData("o\(round)", customer: "42", total: 4_000).object ?? JSONObject()
                data["discount_total"] = 400
                data["shipping_total"] = 500
                data["total"] = 4_100
                data["items"] = two["items"] ?? []
                data["offers"] = [.string(tenth)]
                try await house.send(event("order.paid", .object(data), at: Int64(round)))
                #expect(try await house.balance("42") - before == quote["points"]?["earn"]?.int ?? -1)
            }
            #expect(try await house.offer(tenth)["uses"] == 3)
            #expect(try await house.test.said("offer.used").allSatisfy { $0.data["discount"] == 400 })
        }
    }

    @Test("the cart that docs/offers.md reckons by hand")
    func byHand() async throws {
        try await LoyaltyHouse.with { house in
            let tenth = try await house.addOffer("percent", ["percent": 10])
            let shipping = try await house.addOffer("free_shipping", ["minimum_order": 6_000])
            try await house.addCoupons(couponBatch("TEN"))
            let quote = try await house.quote(two, more: ["coupon_codes": ["TEN"], "shipping_total": 500])
            #expect(quote.offer(tenth)?["items"]?.array?.map { $0["discount"] } == [300, 100])
            #expect(quote["coupons"]?[0]?["items"]?.array?.map { $0["discount"] } == [750, 250])
            #expect(quote["free_shipping"] == ["reached": false, "missing": 2_000, "offer": .string(shipping)])
            #expect(quote["totals"]?["total"] == 3_100 && quote["points"]?["earn"] == 26)
        }
    }

    @Test("a quote keeps nothing, with a key or without")
    func dry() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addOffer("percent", ["percent": 10, "max_uses": 1])
            try await house.addCoupons(couponBatch("SPRING", ["max_redemptions": 1]))
            func count() async throws -> [Int64] {
                try await house.test.house.read { db in
                    try ["offer_uses", "coupon_redemptions", "orders", "customers", "outbox"].map { table in
                        try db.first("SELECT COUNT(*) FROM \(raw: table)") { $0.int(0) } ?? -1
                    }
                }
            }
            let before = try await count()
            let first = try await house.quote(
                two, customer: ["email": "new@example.com"], more: ["coupon_codes": ["spring", "SPRING", "none"]])
            #expect(
                try await house.quote(two, customer: ["email": "new@example.com"], more: ["coupon_codes": ["SPRING", "none"]]) == first)
            #expect(try await count() == before)
            #expect(first["coupons"]?.array?.map { $0["code"] } == ["SPRING", "NONE"])
            #expect(first["coupons"]?[0]?["applied"] == true && first["coupons"]?[1]?.reasonCodes == ["not_found"])
            // 10 % of 40.00, then 10.00 of the rest.
            #expect(first["totals"]?["discount"] == 1_400 && first["totals"]?["subtotal"] == 4_000)
            let keyed = try await house.test.post(
                "/v1/loyalty/quotes", couponBody(cart: two, customer: nil), headers: [.idempotencyKey: "k"])
            #expect(keyed.status == 200 && keyed.json["totals"]?["discount"] == 400)
        }
    }

    @Test("the best for the shopper, and what else there would be; the merchant may put priority first")
    func stacking() async throws {
        try await LoyaltyHouse.with { house in
            let half = try await house.addOffer("percent", ["percent": 50, "stacking": "none", "minimum_order": 3_000])
            let tenth = try await house.addOffer("percent", ["percent": 10, "priority": 9])
            let gift = try await house.addOffer("gift", ["gift": ["choices": ["soap", "tea"]]])
            let quote = try await house.quote(two)
            #expect(quote["stacking"]?["chosen"] == [.string(half)] && quote["stacking"]?["discount"] == 2_000)
            #expect(quote["stacking"]?["rule"] == ["choose": "best_for_shopper", "order": "percent_first", "search": "exact"])
            #expect(quote.offer(tenth)?["applied"] == false && quote.offer(tenth)?.reasonCodes == ["not_chosen"])
            #expect(quote.offer(gift)?["gift"] == ["product_id": .null, "name": .null, "choices": ["soap", "tea"]])
            let other = quote["stacking"]?["alternatives"]?.array?.first { $0["with"]?.string == tenth }
            #expect(other?["chosen"] == [.string(tenth), .string(gift)] && other?["discount"] == 400)
            try await house.setProgramme(["stacking": ["choose": "priority"]])
            let byPriority = try await house.quote(two)
            #expect(byPriority["stacking"]?["chosen"] == [.string(tenth), .string(gift)] && byPriority["totals"]?["total"] == 3_600)
            #expect(try await house.test.get("/v1/loyalty/program").json["stacking"] == ["choose": "priority", "order": "percent_first"])
            let wrong = try await house.test.put("/v1/loyalty/program", ["stacking": ["choose": "chance"]])
            #expect(wrong.status == 422 && wrong.pointers == ["/stacking/choose"])
        }
    }

    @Test("free shipping: the nearest threshold that is the shopper's, and its share of the sums")
    func freeShipping() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("customer.created", ["customer": ["id": "vip"]]))
            let segment = try await house.addSegment(["field": "customer.id", "op": "eq", "value": "vip"])
            let all = try await house.addOffer("free_shipping", ["minimum_order": 6_000])
            let vip = try await house.addOffer("free_shipping", ["minimum_order": 5_000, "segments": [.string(segment)]])
            let stranger = try await house.quote(two, more: ["shipping_total": 500])
            #expect(stranger["free_shipping"] == ["reached": false, "missing": 2_000, "offer": .string(all)])
            #expect(stranger.offer(all)?["missing"] == ["amount": 2_000])
            let member = try await house.quote(two, customer: ["id": "vip"], more: ["shipping_total": 500])
            #expect(member["free_shipping"] == ["reached": false, "missing": 1_000, "offer": .string(vip)])
            #expect(member["totals"]?["total"] == 4_500)
            let reached = try await house.quote(cart(7_000), customer: ["id": "vip"], more: ["shipping_total": 500])
            #expect(reached["free_shipping"]?["reached"] == true && reached["totals"]?["shipping_discount"] == 500)
            #expect(reached["totals"]?["total"] == 7_000 && reached["totals"]?["discount"] == 0)
        }
    }

    @Test(
        "conditions over the cart, the customer, the clock and the place; a storefront hears no verdicts and nothing of what is not its own"
    )
    func conditions() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", customer: "42", email: "ayse@example.com", total: 90_000)))
            let top = try await house.addOffer(
                "fixed", ["amount": 500, "conditions": ["field": "orders.total", "op": "gte", "value": 80_000]])
            let izmir = try await house.addOffer(
                "fixed", ["amount": 50, "conditions": ["field": "place.city", "op": "eq", "value": "Izmir"]])
            let clock = try await house.addOffer(
                "percent",
                [
                    "percent": 1,
                    "conditions": [
                        "all": [
                            ["field": "time.hour", "op": "gte", "value": 0],
                            ["field": "cart.items.categories", "op": "contains", "value": "kitchen"],
                        ]
                    ],
                ])
            let known = try await house.quote(two, customer: ["id": "42"], more: ["place": ["city": "Izmir"]])
            #expect([top, izmir, clock].allSatisfy { known.offer($0)?["applied"] == true })
            let byMail = try await house.quote(two, customer: ["email": "Ayse@example.com"])
            #expect(byMail.offer(top)?["applied"] == true && byMail.offer(izmir)?.reasonCodes == ["conditions_not_met"])
            #expect(byMail.offer(izmir)?["reasons"]?[0]?["verdict"]?["holds"] == false)
            let nobody = try await house.quote(two)
            #expect(nobody.offer(top)?.reasonCodes == ["customer_required"])
            func ask(_ token: String?, _ customer: JSON? = nil) async throws -> TestHouse.Answer {
                try await house.test.request(
                    .post, "/v1/loyalty/quotes", body: couponBody(cart: two, customer: customer).bytes,
                    principal: Principal(kind: .publishable, keyID: "pk", scopes: ["*"], customerID: token))
            }
            let shop = try await ask("42")
            #expect(shop.json.offer(top)?["applied"] == true && shop.json.offer(izmir) == nil)
            #expect(try await ask(nil).json.offer(top) == nil)
            #expect(try await ask("43", ["id": "42"]).status == 403)
        }
    }

    @Test("a coupon for a segment, under conditions, for some items or a product")
    func coupons() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("customer.created", ["customer": ["id": "vip"]]))
            let segment = try await house.addSegment(["field": "customer.id", "op": "eq", "value": "vip"])
            let batch = try await house.addCoupons(couponBatch("VIP", ["segment_id": .string(segment), "channels": ["till"]]))
            #expect(batch["segment_id"]?.string == segment && batch["channels"] == ["till"])
            #expect(try await house.validate("VIP", customer: ["id": "vip"]).reasonCodes == ["wrong_channel"])
            let body = couponBody(cart: cart(), customer: ["id": "vip"]).object ?? JSONObject()
            let till = try await house.test.post(
                "/v1/coupons/VIP/validate", .object(JSONObject(body.members + [.init(name: "channel", value: "till")])))
            #expect(till.json["valid"] == true)
            #expect(try await house.validate("VIP", customer: ["id": "x"]).reasonCodes == ["segment_only", "wrong_channel"])
            try await house.addCoupons(
                couponBatch("BIG", ["conditions": ["field": "cart.items.unit_price", "op": "gte", "value": 5_000]]))
            let refused = try await house.validate("BIG")
            #expect(refused.reasonCodes == ["conditions_not_met"] && refused["reasons"]?[0]?["verdict"]?["actual"] == 4_000)
            try await house.addCoupons(
                couponBatch(
                    "KITCHEN",
                    [
                        "discount": ["type": "percent", "percent": 10],
                        "items": ["field": "item.categories", "op": "contains", "value": "kitchen"],
                    ]))
            let kitchen = try await house.validate("KITCHEN", two)
            #expect(kitchen["discount"] == 300 && kitchen["items"]?.array?.map { $0["discount"] } == [300, 0])
            try await house.addCoupons(couponBatch("FREE", ["discount": ["type": "product", "product_id": "mug"]]))
            #expect(try await house.validate("FREE", two)["discount"] == 1_500)
            #expect(try await house.validate("FREE", cart(1_000))["valid"] == true)
            #expect(try await house.validate("FREE", ["currency": "TRY", "total": 10]).reasonCodes == ["product_not_in_cart"])
            let used = try await house.redeem("KITCHEN", "1", two)
            #expect(used.status == 201 && used.json["discount"] == 300)
            let path = "/v1/coupon_batches/\(batch["id"]?.string ?? "")"
            #expect(try await house.test.put(path, try await house.test.get(path).json).status == 200)
            #expect(try await house.test.put(path, ["segment_id": .null]).pointers == ["/segment_id"])
        }
    }

    @Test("prices of a place: told to everybody, and reckoned first")
    func prices() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addOffer("price_adjustment", ["percent": -10, "place": ["country": "TR", "city": "Izmir"]])
            try await house.addOffer("price_adjustment", ["percent": 5, "place": ["country": "DE"]])
            let tenth = try await house.addOffer("percent", ["percent": 10])
            let answer = try await house.test.request(
                .get, "/v1/loyalty/price_adjustments?country=tr&city=Izmir", principal: Principal(kind: .publishable, keyID: "pk"))
            #expect(answer.json["data"]?.array?.map { $0["id"] } == [.string(id)] && answer.json["data"]?[0]?["percent"] == -10)
            #expect(try await house.test.get("/v1/loyalty/price_adjustments").json["data"] == [])
            let place: JSON = ["country": "TR", "city": "Izmir"]
            let quote = try await house.quote(two, more: ["place": place])
            #expect(quote["totals"]?["subtotal"] == 3_600 && quote["totals"]?["total"] == 3_240)
            #expect(quote.offer(id)?["price_change"] == -400 && quote.offer(tenth)?["discount"] == 360)
            let priced = try await house.quote(two, more: ["place": place, "prices_adjusted": true])
            #expect(priced["totals"]?["subtotal"] == 4_000)
            #expect(try await house.quote(two)["totals"]?["subtotal"] == 4_000)
        }
    }

    @Test("what is wrong with a question is named")
    func wrong() async throws {
        try await LoyaltyHouse.with { house in
            for (body, pointer) in [
                ([:], "/cart"), (["cart": ["currency": "TRY"]], "/cart/total"),
                (["cart": ["total": 1], "place": ["town": "x"]], "/place/town"),
                (["cart": ["total": 1], "customer": ["email": "x"]], "/customer/email"),
                (["cart": ["total": 1], "shipping_total": -1], "/shipping_total"),
                (["cart": ["total": 1], "coupon_codes": ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]], "/coupon_codes"),
                (["cart": ["total": 1], "colour": 1], "/colour"),
            ] as [(JSON, String)] {
                let answer = try await house.test.post("/v1/loyalty/quotes", body)
                #expect(answer.status == 422 && answer.pointers == [pointer])
            }
        }
    }
}
