import Shared
import SharedTesting
import Testing

/// Random programmes and carts: what a quote promises is what the order brings. A seed that fails is in the message.
@Suite("Loyalty: any programme, any cart")
struct QuotePropertyTests {
    @Test(
        "a quote's points and tier are the order's",
        arguments: 1...16)
    func run(_ seed: Int) async throws {
        var chance = Rolls(seed: UInt64(seed) &* 7_919)
        try await LoyaltyHouse.with { house in
            if chance.coin() { try await house.removeDefaultRule() }
            try await house.setProgramme(["rule_matching": chance.coin() ? "sum" : "first_match"])
            let windows: [JSON] = [["kind": "lifetime"], yearly, ["kind": "rolling_days", "days": 3], ["kind": "calendar_year"]]
            let basis = chance.coin() ? "points_earned" : "amount_spent"
            for (index, name) in ["Silver", "Gold", "Black"].enumerated() {
                try await house.addTier(
                    name, Int64(index) * chance.int(60...400) + (basis == "points_earned" ? 20 : 2_000), basis: basis,
                    window: windows[Int(chance.int(0...3))], multiplier: [1.0, 1.5, 2.37, 0.5][Int(chance.int(0...3))])
            }
            let tiers = try await house.test.get("/v1/loyalty/tiers").json["data"]?.array?.compactMap { $0["id"]?.string } ?? []
            for index in 0..<Int(chance.int(2...6)) { try await house.addRule(randomRule(index, tiers, &chance)) }
            for _ in 0..<Int(chance.int(0...2)) {
                try await house.addOffer(
                    chance.coin() ? "percent" : "free_shipping",
                    chance.coin() ? ["minimum_order": .int(chance.int(1...4_000))] : [:], percent: chance.int(1...60))
            }
            let registered = chance.int(0...3) > 0
            let customer: JSON = registered ? ["id": "42"] : ["email": "ada@example.com"]
            for number in 0..<5 {
                let label: Comment = "seed \(seed), order \(number)"
                try await house.test.advance(seconds: chance.int(60...200_000))
                let items = randomItems(&chance)
                let shipping = chance.int(0...900)
                var more: [String: JSON] = ["shipping_total": .int(shipping)]
                if chance.coin() { more["channel"] = "web" }
                if chance.coin() { more["place"] = ["country": "TR"] }
                let quote = try await house.quote(["currency": "TRY", "items": .array(items)], customer: customer, more: more)
                let before = try await held(house, customer)
                let placedAt = house.test.house.now
                let data = order("o\(number)", items, quote, customer, more)
                let types = chance.coin() ? ["order.paid"] : ["order.placed", "order.paid"]
                for type in types {
                    try await house.send(
                        CloudEvent(id: "\(type)-\(number)", source: "shop", type: type, time: placedAt, subject: nil, data: data))
                }
                let after = try await held(house, customer)
                let why = try await house.test.get("/v1/customers/\(after.id)/why?about=points&ref=o\(number)").json["data"]?.array?.first
                #expect(
                    quote["points"]?["earn"]?.int == after.points - before.points,
                    "\(label): quoted \(quote["points"]?.text ?? ""), got \(why?["rules"]?.text ?? "")")
                #expect(quote["tier"]?["now"]?["name"]?.string == before.tier, label)
                #expect(quote["tier"]?["after"]?["name"]?.string == after.tier, label)
                #expect(quote["tier"]?["next"]?["name"]?.string == after.next, label)
                #expect(quote["tier"]?["remaining_after"]?.int == after.remaining, label)
            }
            #expect(try await house.fault() == nil, "seed \(seed)")
        }
    }

    private struct Held {
        var id = ""
        var points: Int64 = 0
        var tier: String?
        var next: String?
        var remaining: Int64?
    }

    private func held(_ house: LoyaltyHouse, _ customer: JSON) async throws -> Held {
        var id = customer["id"]?.string
        if id == nil {
            id = try await house.test.house.read { db in try db.first("SELECT customer_id FROM customers") { $0.text(0) } }
        }
        guard let id else { return Held() }
        let answer = try await house.test.get("/v1/loyalty/members/\(id)")
        guard answer.status == 200 else { return Held() }
        let member = answer.json
        return Held(
            id: id, points: (member["balance"]?.int ?? 0) + (member["pending"]?.int ?? 0), tier: member["tier"]?["name"]?.string,
            next: member["next_tier"]?["name"]?.string, remaining: member["next_tier"]?["remaining"]?.int)
    }

    /// The order as a shop places it that does as the quote says.
    private func order(_ id: String, _ items: [JSON], _ quote: JSON, _ customer: JSON, _ more: [String: JSON]) -> JSON {
        var taken: [String: Int64] = [:]
        for line in quote["offers"]?.array ?? [] where line["applied"] == true {
            for item in line["items"]?.array ?? [] { taken[item["line_id"]?.string ?? "", default: 0] += item["discount"]?.int ?? 0 }
        }
        let lines = items.map { item -> JSON in
            var item = item.object ?? JSONObject()
            item["discount"] = .int(taken[item["line_id"]?.string ?? ""] ?? 0)
            return .object(item)
        }
        var data = JSONObject([
            .init(name: "order_id", value: .string(id)), .init(name: "customer", value: customer), .init(name: "currency", value: "TRY"),
            .init(name: "items", value: .array(lines)), .init(name: "subtotal", value: quote["totals"]?["subtotal"] ?? .null),
            .init(name: "discount_total", value: quote["totals"]?["discount"] ?? .null),
            // What is charged for it, not what it would have been.
            .init(
                name: "shipping_total",
                value: .from(quote["totals"]?["shipping"]?.int.map { $0 - (quote["totals"]?["shipping_discount"]?.int ?? 0) })),
            .init(name: "total", value: quote["totals"]?["total"] ?? .null), .init(name: "channel", value: more["channel"] ?? .null),
        ])
        data["country"] = more["place"]?["country"] ?? .null
        return .object(data)
    }

    private func randomItems(_ chance: inout Rolls) -> [JSON] {
        (0..<Int(chance.int(1...4))).map { line -> JSON in
            [
                "line_id": .string("l\(line)"), "product_id": .string("p\(chance.int(0...2))"),
                "categories": .array([chance.coin() ? "kids" : "home"]), "quantity": .int(chance.int(1...3)),
                "unit_price": .int(chance.int(1...3_000)),
            ]
        }
    }

    private func randomRule(_ index: Int, _ tiers: [String], _ chance: inout Rolls) -> JSON {
        var rule = JSONObject([
            .init(name: "name", value: .string("r\(index)")), .init(name: "trigger", value: chance.int(0...3) == 0 ? "order.placed" : "order.paid"),
            .init(name: "basis", value: chance.coin() ? "net" : "gross"),
        ])
        switch chance.int(0...3) {
        case 0: rule["points"] = ["fixed": .int(chance.int(1...40))]
        case 1:
            rule["points"] = ["per_item": ["points": .int(chance.int(1...9))]]
            if chance.coin() { rule["items"] = ["field": "item.quantity", "op": "gte", "value": 2] }
        default:
            rule["points"] = ["per_amount": ["points": .int(chance.int(1...5)), "amount": .int(chance.int(1...300))]]
            switch chance.int(0...3) {
            case 0: rule["include"] = ["shipping"]
            case 1: rule["items"] = ["field": "item.categories", "op": "contains", "value": "kids"]
            default: break
            }
        }
        if chance.coin() { rule["multiplied"] = .bool(chance.coin()) }
        if chance.coin() { rule["group"] = chance.coin() ? "a" : "b" }
        if chance.coin() { rule["priority"] = .int(chance.int(-2...2)) }
        if chance.int(0...2) == 0 {
            rule["caps"] = ["per_member": ["points": .int(chance.int(40...120)), "every": ["day", "month", "lifetime"][Int(chance.int(0...2))]]]
        } else if chance.int(0...2) == 0 {
            rule["caps"] = ["total": ["points": .int(chance.int(40...200))]]
        }
        if chance.int(0...3) == 0 { rule["limits"] = ["per_member": ["times": .int(chance.int(1...2)), "every": "month"]] }
        if chance.int(0...4) == 0 { rule["limits"] = ["cooldown_hours": .int(chance.int(1...48))] }
        if chance.coin() { rule["conditions"] = randomCondition(tiers, &chance) }
        return .object(rule)
    }

    private func randomCondition(_ tiers: [String], _ chance: inout Rolls) -> JSON {
        func test(_ field: String, _ op: String, _ value: JSON) -> JSON { ["field": .string(field), "op": .string(op), "value": value] }
        let tests: [JSON] = [
            test("order.items.categories", "contains", "kids"), test("order.total", "gte", .int(chance.int(1...5_000))),
            test("order.number", "lte", .int(chance.int(1...3))), test("orders.count", "gte", .int(chance.int(1...4))),
            test("orders.total", "gt", .int(chance.int(0...9_000))), test("order.channel", "eq", "web"),
            test("order.country", "eq", "TR"), test("order.guest", "eq", .bool(chance.coin())),
            test("order.discount_total", "gt", 0), test("order.shipping_total", "lt", .int(chance.int(1...900))),
            test("tier.id", chance.coin() ? "eq" : "ne", .string(tiers[Int(chance.int(0...Int64(tiers.count - 1)))])),
            test("time.hour", "lt", .int(chance.int(1...23))), test("order.currency", "eq", "TRY"),
        ]
        let one = tests[Int(chance.int(0...Int64(tests.count - 1)))]
        let other = tests[Int(chance.int(0...Int64(tests.count - 1)))]
        switch chance.int(0...3) {
        case 0: return ["any": .array([one, other])]
        case 1: return ["not": one]
        default: return one
        }
    }
}

extension LoyaltyHouse {
    fileprivate func addOffer(_ kind: String, _ more: [String: JSON], percent: Int64) async throws {
        var more = more
        if kind == "percent" { more["percent"] = .int(percent) }
        _ = try await addOffer(kind, more)
    }
}
