import Shared
import SharedRuntime
import SharedStore
import SharedTesting
import Testing

@Suite("Loyalty: offers in use")
struct OfferUseTests {
    @Test("an offer is made, replaced and ended, and an unknown tier or another currency refused")
    func define() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["currency": "TRY"])
            let id = try await house.addOffer("percent", ["percent": 50, "minimum_order": 3_000, "max_uses": 5])
            let made = try await house.offer(id)
            #expect(made["state"] == "active" && made["version"] == 1 && made["uses"] == 0 && made["stacking"] == "all")
            let same = try await house.test.put("/v1/loyalty/offers/\(id)", made)
            #expect(same.status == 200 && same.json["version"] == 2)
            for (more, pointer) in [
                (["tiers": ["tier_none"], "percent": 5], "/tiers/0"), (["percent": 101], "/percent"),
            ] as [([String: JSON], String)] {
                let answer = try await house.test.post("/v1/loyalty/offers", offerBody("percent", more))
                #expect(answer.status == 422 && answer.pointers == [pointer])
            }
            let euro = try await house.test.post("/v1/loyalty/offers", offerBody("fixed", ["amount": 1, "currency": "EUR"]))
            #expect(euro.status == 422 && euro.pointers == ["/currency"])
            #expect(try await house.test.delete("/v1/loyalty/offers/\(id)").status == 204)
            #expect(try await house.test.get("/v1/loyalty/offers/\(id)").status == 404)
            #expect(try await house.use(id, "1").status == 404)
        }
    }

    @Test("a use counts, is said once, and the same order again is the same use; returning it makes room")
    func use() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addOffer("percent", ["percent": 50, "max_uses": 1, "minimum_order": 3_000])
            let first = try await house.use(id, "1", customer: ["id": "42"])
            #expect(first.status == 201 && first.json["discount"] == 2_000 && first.json["customer_id"] == "42")
            #expect(first.json["items"] == [["line_id": .null, "product_id": "mug", "discount": 2_000]])
            let again = try await house.use(id, "1", customer: ["id": "42"])
            #expect(again.status == 200 && again.json == first.json)
            let refused = try await house.use(id, "2", cart(2_000))
            #expect(refused.status == 409 && refused.code == "exhausted" && refused.json.reasonCodes == ["exhausted", "minimum_order"])
            let said = try await house.test.said("offer.used")
            #expect(
                said.count == 1 && said[0].subject == "42" && said[0].data["offer_id"] == .string(id) && said[0].data["order_id"] == "1")
            #expect(try await house.test.delete("/v1/loyalty/offers/\(id)/uses/1").status == 204)
            #expect(try await house.test.delete("/v1/loyalty/offers/\(id)/uses/9").status == 404)
            #expect(try await house.offer(id)["uses"] == 0)
            #expect(try await house.test.said("offer.released").map { $0.data["cause"] } == ["deleted"])
            #expect(try await house.use(id, "2").status == 201)
            #expect(try await house.use(id, "2", cart(1)).status == 200)
            let small = try await house.use(id, "3", cart(2_999))
            #expect(small.status == 409)
        }
    }

    @Test("once a month each: by id or e-mail, by the calendar of the programme's zone")
    func frequency() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("customer.created", ["customer": ["id": "42", "email": "ayse@example.com"]]))
            let id = try await house.addOffer("gift", ["gift": ["product_id": "soap"], "per_customer": ["times": 1, "every": "month"]])
            #expect(try await house.use(id, "1", customer: ["id": "42"]).status == 201)
            let byMail = try await house.use(id, "2", customer: ["email": "AYSE@example.com"])
            #expect(byMail.status == 409 && byMail.code == "customer_limit")
            let nobody = try await house.use(id, "3")
            #expect(nobody.status == 422 && nobody.code == "customer_required")
            #expect(try await house.use(id, "4", customer: ["email": "x@example.com"]).status == 201)
            #expect(try await house.use(id, "5", customer: ["email": "x@example.com"]).status == 409)
            try await house.test.advance(days: 31)
            #expect(try await house.use(id, "6", customer: ["id": "42"]).status == 201)
            #expect(try await house.offer(id)["uses"] == 3)
        }
    }

    @Test("an order says which offers it has; a later event may say otherwise, an earlier one may not, and a cancelled order has none")
    func orders() async throws {
        try await LoyaltyHouse.with { house in
            let a = try await house.addOffer("percent", ["percent": 10, "max_uses": 1])
            let b = try await house.addOffer("free_shipping", ["minimum_order": 9_000])
            func say(_ order: String, _ offers: [String], at minutes: Int64, type: String = "order.paid") async throws {
                try await house.send(
                    event(type, orderData(order, customer: "42", total: 5_000, more: ["offers": .from(offers)]), at: minutes))
            }
            try await say("1", [a, b, "of the store's own"], at: 10)
            #expect(try await house.offer(a)["uses"] == 1)
            #expect(try await house.offer(b)["uses"] == 1)
            let used = try await house.test.said("offer.used")
            #expect(used.map { $0.data["outside_terms"] } == [[], ["minimum_order"]] && used.first?.data["source"] == "order")
            #expect(try await house.use(a, "1").json["source"] == "order")
            try await say("1", [a], at: 20, type: "order.updated")
            #expect(try await house.offer(b)["uses"] == 0)
            try await say("1", [], at: 5, type: "order.updated")
            #expect(try await house.offer(a)["uses"] == 1)
            // What the store has given is noted, and no more is given by call.
            try await say("2", [a], at: 30)
            #expect(try await house.offer(a)["uses"] == 2)
            #expect(try await house.test.said("offer.used").last?.data["outside_terms"] == ["exhausted"])
            #expect(try await house.use(a, "3").code == "exhausted")
            try await say("1", [], at: 40, type: "order.cancelled")
            try await house.send(event("order.cancelled", orderData("2", customer: "42"), at: 41))
            #expect(try await house.offer(a)["uses"] == 0)
            #expect(try await house.use(a, "1").code == "order_cancelled")
            #expect(try await house.use(a, "3").status == 201)
            #expect(try await house.test.said("offer.released").map { $0.data["cause"] } == ["removed", "cancelled", "cancelled"])
        }
    }

    @Test("an order that says whose it is later is that person's use")
    func named() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addOffer("percent", ["percent": 10, "per_customer": ["times": 1, "every": "lifetime"]])
            try await house.send(event("order.placed", orderData("1", more: ["offers": [.string(id)]])))
            try await house.send(event("order.updated", orderData("1", customer: "42"), at: 1))
            #expect(try await house.use(id, "2", customer: ["id": "42"]).code == "customer_limit")
        }
    }

    @Test("what goes with nothing, and what goes with nothing of its group, on one order, coupons too")
    func stacking() async throws {
        try await LoyaltyHouse.with { house in
            let alone = try await house.addOffer("percent", ["percent": 10, "stacking": "none"])
            let one = try await house.addOffer("fixed", ["amount": 100, "stacking": ["group": "summer"]])
            let other = try await house.addOffer("fixed", ["amount": 200, "stacking": ["group": "summer"]])
            try await house.addCoupons(couponBatch("SPRING"))
            try await house.addCoupons(couponBatch("SUMMER", ["stacking": ["group": "summer"]]))
            #expect(try await house.use(one, "1").status == 201)
            #expect(try await house.use(other, "1").code == "not_stackable")
            #expect(try await house.use(alone, "1").code == "not_stackable")
            #expect(try await house.redeem("SUMMER", "1").code == "not_stackable")
            #expect(try await house.redeem("SPRING", "1").status == 201)
            #expect(try await house.use(alone, "2").status == 201)
            #expect(try await house.redeem("SPRING", "2").code == "not_stackable")
            #expect(try await house.redeem("SUMMER", "3").status == 201)
            #expect(try await house.use(one, "3").code == "not_stackable")
            #expect(try await house.use(one, "4").status == 201)
        }
    }

    @Test("sixty-four at once: the last use is one order's")
    func lastUse() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addOffer("percent", ["percent": 10, "max_uses": 1])
            let statuses = try await atOnce(64) { try await house.use(id, "order-\($0)").status }
            #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 409 } == 63)
            #expect(try await house.offer(id)["uses"] == 1)
        }
    }

    @Test("sixty-four at once: one customer has it once, by id and e-mail together")
    func oncePerCustomer() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("customer.created", ["customer": ["id": "42", "email": "ayse@example.com"]]))
            let id = try await house.addOffer("gift", ["gift": ["product_id": "soap"], "per_customer": ["times": 1, "every": "month"]])
            let statuses = try await atOnce(64) { number in
                let customer: JSON = number % 2 == 0 ? ["id": "42"] : ["email": "ayse@example.com"]
                return try await house.use(id, "order-\(number)", customer: customer).status
            }
            #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 409 } == 63)
            #expect(try await house.offer(id)["uses"] == 1)
        }
    }

    @Test("random uses, returns, orders and cancellations: the count is the uses, and no call goes over the limit")
    func random() async throws {
        try await LoyaltyHouse.with { house in
            let seed = UInt64.random(in: 0...UInt64.max)
            var chance = Rolls(seed: seed)
            let limited = try await house.addOffer("percent", ["percent": 10, "max_uses": 3])
            let free = try await house.addOffer("fixed", ["amount": 100])
            func uses() async throws -> Int64 { try await house.offer(limited)["uses"]?.int ?? -1 }
            for step in 0..<80 {
                let order = "o\(Int.random(in: 0..<8, using: &chance))"
                let before = try await uses()
                switch Int.random(in: 0..<6, using: &chance) {
                case 0, 1:
                    let isNew = try await house.use(limited, order, customer: ["id": "42"]).status == 201
                    #expect(!isNew || before < 3, "seed \(seed), step \(step)")
                case 2: _ = try await house.test.delete("/v1/loyalty/offers/\(limited)/uses/\(order)")
                case 3:
                    let named = [limited, free].filter { _ in Bool.random(using: &chance) }
                    try await house.send(
                        event("order.updated", orderData(order, customer: "42", more: ["offers": .from(named)]), at: Int64(step)))
                case 4 where step % 3 == 0:
                    try await house.send(event("order.cancelled", orderData(order, customer: "42"), at: Int64(step)))
                default:
                    let maximum: JSON = Bool.random(using: &chance) ? 3 : .null
                    _ = try await house.test.put(
                        "/v1/loyalty/offers/\(limited)", offerBody("percent", ["percent": 10, "max_uses": maximum]))
                    if maximum.isNull {
                        _ = try await house.test.put("/v1/loyalty/offers/\(limited)", offerBody("percent", ["percent": 10, "max_uses": 3]))
                    }
                }
                let counted = try await house.test.house.read { db in
                    try db.first("SELECT uses FROM offer_counts WHERE offer_id = \(limited)") { $0.int(0) }
                }
                #expect(try await uses() == counted ?? -2, "seed \(seed), step \(step)")
                if counted == nil { return }
            }
            let used = try await house.test.said("offer.used").count
            let said = used - (try await house.test.said("offer.released").count)
            let standing = try await house.offer(free)["uses"]?.int ?? -1
            #expect(try await uses() + standing == Int64(said), "seed \(seed)")
        }
    }

    private func atOnce(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Int) async throws -> [Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<count { group.addTask { try await body(number) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
