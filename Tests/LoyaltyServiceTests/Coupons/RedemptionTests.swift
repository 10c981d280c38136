import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Coupons in use")
struct RedemptionTests {
    @Test("a good coupon says what it takes off, line by line, and nothing is written")
    func validate() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(
                couponBatch("TENTH", ["discount": ["type": "percent", "percent": 12.5, "maximum": 1_000], "max_redemptions": 1]))
            let cart: JSON = [
                "currency": "TRY",
                "items": [
                    [
                        "line_id": "1", "product_id": "mug", "quantity": 2, "unit_price": 1_000, "discount": 200, "sku": "M",
                        "categories": ["kitchen"],
                    ],
                    ["product_id": "tea", "quantity": 1, "unit_price": 333],
                ],
            ]
            let verdict = try await house.validate("tenth", cart)
            // 12.5 % of 2133 is 266.625.
            #expect(
                verdict == [
                    "valid": true, "discount": 267, "free_shipping": false,
                    "items": [
                        ["line_id": "1", "product_id": "mug", "discount": 225], ["line_id": .null, "product_id": "tea", "discount": 42],
                    ], "reasons": [],
                ])
            #expect(try await house.validate("tenth", cart) == verdict)
            #expect(try await house.validate("tenth", ["currency": "TRY", "total": 900_000])["discount"] == 1_000)
            try await house.addCoupons(couponBatch("SHIP", ["discount": ["type": "free_shipping"]]))
            #expect(try await house.validate("ship")["free_shipping"] == true)
            let keyed = try await house.test.post(
                "/v1/coupons/SHIP/validate", couponBody(cart: cart, customer: nil), headers: [.idempotencyKey: "k"])
            #expect(keyed.status == 200 && keyed.json["valid"] == true)
        }
    }

    @Test(
        "any text may be asked about",
        arguments: ["NONE", "%F0%9F%8D%B5", "S%D0%A0RING", "a%2Fb", "%E2%80%AE", "%FF", "A%20B", "..%2F..", "%27OR%201"])
    func unknown(_ code: String) async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("SPRING"))
            let verdict = try await house.validate(code)
            #expect(verdict["valid"] == false && verdict.reasonCodes == ["not_found"] && verdict["discount"] == 0)
            #expect(try await house.test.get("/v1/coupons/\(code)").status == 404)
            let refused = try await house.redeem(code, "1")
            #expect(refused.status == 404 && refused.code == "not_found" && refused.json.reasonCodes == ["not_found"])
            #expect(try await house.test.delete("/v1/coupons/\(code)/redemptions/1").status == 404)
        }
    }

    @Test("a use counts, is said once, and the same order again is the same use")
    func redeem() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("SPRING", ["max_redemptions": 1]))
            let first = try await house.redeem("spring", "o/1", customer: ["id": "42", "email": "Ayse@Example.com"])
            #expect(first.status == 201)
            #expect(first.json["code"] == "SPRING" && first.json["order_id"] == "o/1" && first.json["discount"] == 1_000)
            #expect(first.json["customer_id"] == "42" && first.json["source"] == "call" && first.json["outside_terms"] == [])
            let second = try await house.redeem("SPRING", "o/1", cart(1))
            #expect(second.status == 200 && second.json == first.json)
            let third = try await house.redeem("SPRING", "o/2")
            #expect(third.status == 409 && third.code == "exhausted" && third.json.reasonCodes == ["exhausted"])
            #expect(try await house.coupon("SPRING")["state"] == "redeemed")
            let said = try await house.test.said("coupon.redeemed")
            #expect(said.count == 1 && said[0].subject == "42" && said[0].data["order_id"] == "o/1" && said[0].data["discount"] == 1_000)

            #expect(try await house.test.delete("/v1/coupons/spring/redemptions/o%2F1").status == 204)
            #expect(try await house.test.delete("/v1/coupons/spring/redemptions/o%2F1").status == 204)
            #expect(try await house.test.delete("/v1/coupons/spring/redemptions/o%2F2").status == 404)
            #expect(try await house.coupon("SPRING")["redemptions"] == 0)
            #expect(try await house.test.said("coupon.released").map { $0.data["cause"] } == ["deleted"])
            #expect(try await house.redeem("SPRING", "o/2").status == 201)
            #expect(try await house.redeem("SPRING", "o/1").code == "exhausted")
        }
    }

    @Test("every rule is kept, and every broken one is told at once")
    func reasons() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", customer: "42", email: "ayse@example.com")))
            try await house.addCoupons(
                couponBatch(
                    "ALL",
                    [
                        "minimum_order": 5_000, "first_order_only": true, "customer_id": "7", "starts_at": "2026-04-01T00:00:00Z",
                        "per_customer": 1,
                    ]))
            let ayse: JSON = ["id": "42"]
            #expect(
                try await house.validate("ALL", cart(currency: "EUR"), customer: ayse).reasonCodes
                    == ["not_started", "minimum_order", "currency_mismatch", "first_order_only", "wrong_customer"])
            let refused = try await house.redeem("ALL", "2", cart(currency: "EUR"), customer: ayse)
            #expect(refused.status == 422 && refused.code == "not_started")
            #expect(
                refused.json.reasonCodes == ["not_started", "minimum_order", "currency_mismatch", "first_order_only", "wrong_customer"])
            #expect(try await house.validate("ALL", cart(9_000)).reasonCodes == ["not_started", "customer_required"])
            try await house.addCoupons(couponBatch("OVER", ["ends_at": "2026-03-01T09:00:00Z"]))
            #expect(try await house.redeem("OVER", "2").code == "expired")
            #expect(try await house.coupon("OVER")["state"] == "expired")
            #expect(try await house.coupon("ALL")["state"] == "not_started")
            try await house.test.advance(days: 31)
            #expect(try await house.validate("ALL", cart(9_000), customer: ["id": "7"])["valid"] == true)
            #expect(try await house.test.said("coupon.redeemed").isEmpty)
        }
    }

    @Test("each refusal by itself has its status and code")
    func codes() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", customer: "42", email: "ayse@example.com")))
            func answer(_ rule: [String: JSON], _ cart: JSON = cart(), customer: JSON? = nil) async throws -> String {
                let batch = try await house.addCoupons(couponBatch(nil, rule))
                let refused = try await house.redeem(batch["codes"]?[0]?.string ?? "", "9", cart, customer: customer)
                return refused.status == 201 ? "201" : "\(refused.status) \(refused.code ?? "")"
            }
            #expect(try await answer(["count": 1, "minimum_order": 4_001]) == "422 minimum_order")
            #expect(try await answer(["count": 1], cart(currency: "EUR")) == "422 currency_mismatch")
            #expect(
                try await answer(["count": 1, "first_order_only": true], customer: ["email": "AYSE@example.com"]) == "422 first_order_only")
            #expect(try await answer(["count": 1, "customer_id": "7"], customer: ["id": "42"]) == "422 wrong_customer")
            #expect(try await answer(["count": 1, "per_customer": 1]) == "422 customer_required")
            #expect(try await answer(["count": 1, "first_order_only": true], customer: ["email": "new@example.com"]) == "201")
        }
    }

    @Test("a limit for each customer counts by id and by e-mail, whichever is named")
    func perCustomer() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("customer.created", ["customer": ["id": "42", "email": "ayse@example.com"]]))
            try await house.addCoupons(couponBatch("ONCE", ["per_customer": 1]))
            #expect(try await house.redeem("ONCE", "1", customer: ["email": "Ayse@example.com "]).status == 201)
            for customer in [["id": "42"], ["email": "ayse@example.com"], ["id": "43", "email": "AYSE@example.com"]] as [JSON] {
                let refused = try await house.redeem("ONCE", "2", customer: customer)
                #expect(refused.status == 409 && refused.code == "customer_limit")
            }
            #expect(try await house.redeem("ONCE", "3", customer: ["id": "43"]).status == 201)
            #expect(try await house.redeem("ONCE", "4", customer: ["id": "43", "email": "other@example.com"]).code == "customer_limit")
            // Over the whole batch, not for each of its codes.
            let many = try await house.addCoupons(couponBatch(nil, ["count": 2, "per_customer": 1]))
            let codes = many["codes"]?.array?.compactMap(\.string) ?? []
            #expect(try await house.redeem(codes[0], "1", customer: ["id": "42"]).status == 201)
            #expect(try await house.redeem(codes[1], "2", customer: ["email": "ayse@example.com"]).code == "customer_limit")
        }
    }

    @Test("a coupon for a first order is used once, even before any order is heard of")
    func firstOrder() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("FIRST", ["first_order_only": true]))
            let statuses = try await Self.atOnce { number in
                try await house.redeem("FIRST", "order-\(number)", customer: ["email": "new@example.com"]).status
            }
            #expect(statuses == [201: 1, 422: 63])
            #expect(try await house.validate("FIRST", customer: ["email": "New@example.com"]).reasonCodes == ["first_order_only"])
            #expect(try await house.validate("FIRST", customer: ["email": "other@example.com"])["valid"] == true)
        }
    }

    @Test("a use of any coupon is an order that came before; the same order's other codes are none")
    func firstOrderOfOtherCoupons() async throws {
        try await LoyaltyHouse.with { house in
            for code in ["FIRST", "WELCOME"] { try await house.addCoupons(couponBatch(code, ["first_order_only": true])) }
            try await house.addCoupons(couponBatch("ANY"))
            let many = try await house.addCoupons(couponBatch(nil, ["count": 2, "first_order_only": true]))
            let codes = many["codes"]?.array?.compactMap(\.string) ?? []
            #expect(try await house.redeem("FIRST", "1", customer: ["id": "42"]).status == 201)
            #expect(try await house.redeem("WELCOME", "2", customer: ["id": "42"]).code == "first_order_only")
            #expect(try await house.redeem("WELCOME", "1", customer: ["id": "42"]).status == 201)
            for code in codes { #expect(try await house.redeem(code, "1", customer: ["id": "42"]).status == 201) }
            #expect(try await house.redeem("ANY", "3", customer: ["email": "x@example.com"]).status == 201)
            #expect(try await house.redeem("FIRST", "4", customer: ["email": "X@example.com"]).code == "first_order_only")
            // What is returned was no order.
            #expect(try await house.test.delete("/v1/coupons/ANY/redemptions/3").status == 204)
            #expect(try await house.redeem("FIRST", "4", customer: ["email": "X@example.com"]).status == 201)
        }
    }

    @Test("a coupon that stands alone goes together with no other")
    func stacking() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("ALONE", ["stacking": "none"]))
            for code in ["A", "B"] { try await house.addCoupons(couponBatch(code)) }
            #expect(try await house.redeem("A", "1").status == 201)
            #expect(try await house.redeem("B", "1").status == 201)
            let refused = try await house.redeem("ALONE", "1")
            #expect(refused.status == 409 && refused.code == "not_stackable")
            #expect(try await house.redeem("ALONE", "2").status == 201)
            #expect(try await house.redeem("A", "2").code == "not_stackable")
        }
    }

    @Test(
        "what is wrong with a call is named",
        arguments: [
            (#"{"cart": {"currency": "TRY", "total": 1}}"#, "/order_id", "missing"), (#"{"order_id": "1"}"#, "/cart", "missing"),
            (#"{"order_id": "1", "cart": {"currency": "TRY"}}"#, "/cart/total", "missing"),
            (#"{"order_id": "1", "cart": {"currency": "XXX", "total": 1}}"#, "/cart/currency", "unknown_currency"),
            (#"{"order_id": "1", "cart": {"total": -1}}"#, "/cart/total", "out_of_range"),
            (#"{"order_id": "1", "cart": {"total": 9007199254740993}}"#, "/cart/total", "out_of_range"),
            (
                #"{"order_id": "1", "cart": {"items": [{"product_id": "a", "quantity": 0, "unit_price": 1}]}}"#, "/cart/items/0/quantity",
                "out_of_range"
            ),
            (#"{"order_id": "1", "cart": {"items": [{"product_id": "a", "quantity": 1}]}}"#, "/cart/items/0/unit_price", "missing"),
            (#"{"order_id": "1", "cart": {"total": 1, "shipping": 1}}"#, "/cart/shipping", "unknown_field"),
            (#"{"order_id": "1", "cart": {"total": 1}, "customer": {"email": "nobody"}}"#, "/customer/email", "invalid_email"),
            (#"{"order_id": "1", "cart": {"total": 1}, "customer": {"id": ""}}"#, "/customer/id", "empty"),
            (#"{"order_id": "1", "cart": {"total": 1}, "customer": {"name": "A"}}"#, "/customer/name", "unknown_field"),
            (#"{"order_id": "1", "cart": {"total": 1}, "note": "x"}"#, "/note", "unknown_field"),
        ])
    func wrong(_ body: String, _ pointer: String, _ code: String) async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch())
            let answer = try await house.test.request(.post, "/v1/coupons/SPRING/redemptions", body: Array(body.utf8))
            #expect(answer.status == 422 && answer.pointers == [pointer], "\(answer.text)")
            #expect(answer.json["errors"]?[0]?["code"] == .string(code))
        }
    }

    @Test("a storefront may ask for its own shopper or for nobody, and for nobody else")
    func storefront() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", customer: "42", email: "ayse@example.com")))
            try await house.addCoupons(couponBatch("FIRST", ["first_order_only": true]))
            func ask(_ token: String?, _ customer: JSON?) async throws -> TestHouse.Answer {
                try await house.test.request(
                    .post, "/v1/coupons/FIRST/validate", body: couponBody(cart: cart(), customer: customer).bytes,
                    principal: Principal(kind: .publishable, keyID: "pk", scopes: ["*"], customerID: token))
            }
            #expect(try await ask(nil, nil).json.reasonCodes == ["customer_required"])
            #expect(try await ask("42", nil).json.reasonCodes == ["first_order_only"])
            #expect(try await ask("42", ["id": "42", "email": "Ayse@example.com"]).json.reasonCodes == ["first_order_only"])
            #expect(try await ask("43", ["id": "43"]).json["valid"] == true)
            for (token, customer) in [
                (nil, ["id": "42"]), (nil, ["email": "ayse@example.com"]), ("43", ["id": "42"]), ("43", ["email": "ayse@example.com"]),
            ] as [(String?, JSON)] {
                let answer = try await ask(token, customer)
                #expect(answer.status == 403 && answer.code == "customer_token_required")
            }
        }
    }

    @Test("sixty-four at once use a code ten times, where ten is the limit")
    func exhaustion() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("TEN", ["max_redemptions": 10]))
            let statuses = try await Self.atOnce {
                try await house.redeem("TEN", "order-\($0)", customer: ["id": .string("c\($0)")]).status
            }
            #expect(statuses == [201: 10, 409: 54])
            #expect(try await house.coupon("TEN")["redemptions"] == 10)
            #expect(try await house.test.said("coupon.redeemed").count == 10)
        }
    }

    @Test("sixty-four at once use a code twice, where one customer may use it twice")
    func customerLimit() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("customer.created", ["customer": ["id": "42", "email": "ayse@example.com"]]))
            try await house.addCoupons(couponBatch("TWICE", ["per_customer": 2]))
            let statuses = try await Self.atOnce { number in
                let customer: JSON = number.isMultiple(of: 2) ? ["id": "42"] : ["email": "Ayse@example.com"]
                return try await house.redeem("TWICE", "order-\(number)", customer: customer).status
            }
            #expect(statuses == [201: 2, 409: 62])
        }
    }

    @Test("sixty-four at once for one order are one use")
    func sameOrder() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("ONE", ["max_redemptions": 5]))
            let statuses = try await Self.atOnce { _ in try await house.redeem("ONE", "1").status }
            #expect(statuses == [201: 1, 200: 63])
            #expect(try await house.coupon("ONE")["redemptions"] == 1)
            #expect(try await house.test.said("coupon.redeemed").count == 1)
        }
    }

    private static func atOnce(_ body: @escaping @Sendable (Int) async throws -> Int) async throws -> [Int: Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<64 { group.addTask { try await body(number) } }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
    }
}
