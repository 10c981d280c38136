import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Coupon batches")
struct CouponBatchTests {
    @Test("one shared code, kept as it is compared")
    func shared() async throws {
        try await LoyaltyHouse.with { house in
            let batch = try await house.addCoupons(couponBatch(" indirim-10 ", ["metadata": ["campaign": "spring"], "max_redemptions": 5]))
            #expect(batch["kind"] == "shared" && batch["code"] == "INDIRIM-10" && batch["codes"] == ["INDIRIM-10"] && batch["count"] == 1)
            #expect(batch["state"] == "active" && batch["metadata"] == ["campaign": "spring"] && batch["max_redemptions"] == 5)
            let id = batch["id"]?.string ?? ""
            #expect(TypeID.isValid(id, prefix: "batch"))
            var expected = batch.object
            expected?["codes"] = nil
            #expect(try await house.test.get("/v1/coupon_batches/\(id)").json.object == expected)
            let coupon = try await house.coupon("%C4%B0ndirim-10")
            #expect(coupon["code"] == "INDIRIM-10" && coupon["batch_id"] == batch["id"] && coupon["state"] == "active")
            #expect(coupon["discount"] == ["type": "fixed", "amount": 1_000, "currency": "TRY"])
            let again = try await house.test.post("/v1/coupon_batches", couponBatch("İNDİRİM-10"))
            #expect(again.status == 409 && again.code == "code_taken")
            #expect(try await house.test.get("/v1/coupon_batches").json["data"]?.array?.count == 1)
        }
    }

    @Test("many unique codes: each once, each good for one order")
    func unique() async throws {
        try await LoyaltyHouse.with { house in
            let batch = try await house.addCoupons(couponBatch(nil, ["count": 250, "pattern": "spring-####-##"]))
            #expect(
                batch["kind"] == "unique" && batch["count"] == 250 && batch["codes"]?.array?.count == 100 && batch["max_redemptions"] == 1)
            let id = batch["id"]?.string ?? ""
            var codes: [String] = []
            var cursor = ""
            repeat {
                let page = try await house.test.get("/v1/coupon_batches/\(id)/coupons?limit=60&cursor=\(cursor)").json
                codes += (page["data"]?.array ?? []).compactMap { $0["code"]?.string }
                cursor = page["next_cursor"]?.string ?? ""
            } while !cursor.isEmpty
            #expect(codes.count == 250 && Set(codes).count == 250)
            #expect(codes.allSatisfy { $0.hasPrefix("SPRING-") && $0.utf8.count == 14 })
            #expect(Array(codes.prefix(100)) == batch["codes"]?.array?.compactMap(\.string))
            try await house.test.advance(seconds: 1)
            let prefixed = try await house.addCoupons(couponBatch(nil, ["count": 3, "prefix": "vip"]))
            #expect(prefixed["pattern"] == "VIP##########")
            try await house.test.advance(seconds: 1)
            let plain = try await house.addCoupons(couponBatch(nil, ["count": 3]))
            let plainCodes = plain["codes"]?.array?.compactMap(\.string) ?? []
            #expect(plainCodes.count == 3 && plainCodes.allSatisfy { $0.utf8.count == 10 })
            #expect(
                try await house.test.get("/v1/coupon_batches?limit=2").json["data"]?.array?.map { $0["id"] } == [
                    plain["id"], prefixed["id"],
                ])
        }
    }

    @Test("a hundred thousand codes come in seconds")
    func many() async throws {
        try await LoyaltyHouse.with { house in
            let start = ContinuousClock.now
            let batch = try await house.addCoupons(couponBatch(nil, ["count": 100_000, "pattern": "BIG-########"]))
            #expect(ContinuousClock.now - start < .seconds(60))
            let id = batch["id"]?.string ?? ""
            let count = try await house.test.house.read { db in
                try db.first("SELECT COUNT(*) FROM coupons WHERE batch_id = \(id)") { $0.int(0) }
            }
            #expect(count == 100_000)
        }
    }

    @Test(
        "what is wrong with a batch is named",
        arguments: [
            (couponBatch(nil), "/code", "missing"),
            (couponBatch("SPR\u{406}NG"), "/code", "invalid_code"),
            (couponBatch("☕️"), "/code", "invalid_code"),
            (couponBatch("A", ["count": 5]), "/count", "conflict"),
            (couponBatch("A", ["pattern": "A-##"]), "/pattern", "conflict"),
            (couponBatch(nil, ["count": 5, "pattern": "A-####", "prefix": "B"]), "/prefix", "conflict"),
            (couponBatch(nil, ["count": 5, "pattern": "ABC"]), "/pattern", "invalid_pattern"),
            (couponBatch(nil, ["count": 5, "pattern": "é####"]), "/pattern", "invalid_pattern"),
            (couponBatch(nil, ["count": 5, "prefix": "é"]), "/prefix", "invalid_code"),
            (couponBatch(nil, ["count": 5, "pattern": "A-#"]), "/pattern", "too_few_codes"),
            (couponBatch(nil, ["count": 0, "pattern": "A-####"]), "/count", "out_of_range"),
            (couponBatch(nil, ["count": 100_001, "pattern": "A-########"]), "/count", "out_of_range"),
            (couponBatch("A", ["name": ""]), "/name", "empty"),
            (couponBatch("A", ["discount": ["type": "half"]]), "/discount/type", "invalid"),
            (couponBatch("A", ["discount": ["type": "fixed", "amount": 0]]), "/discount/amount", "out_of_range"),
            (couponBatch("A", ["discount": ["type": "fixed", "amount": 1, "currency": "LIRA"]]), "/discount/currency", "unknown_currency"),
            (couponBatch("A", ["discount": ["type": "percent", "percent": 101]]), "/discount/percent", "out_of_range"),
            (couponBatch("A", ["discount": ["type": "percent", "percent": 1.234]]), "/discount/percent", "too_precise"),
            (couponBatch("A", ["minimum_order": -1]), "/minimum_order", "out_of_range"),
            (couponBatch("A", ["max_redemptions": 0]), "/max_redemptions", "out_of_range"),
            (couponBatch("A", ["per_customer": 0]), "/per_customer", "out_of_range"),
            (couponBatch("A", ["first_order_only": 1]), "/first_order_only", "wrong_type"),
            (couponBatch("A", ["starts_at": "soon"]), "/starts_at", "invalid_time"),
            (couponBatch("A", ["starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-02T00:00:00Z"]), "/ends_at", "out_of_range"),
            (couponBatch("A", ["stacking": "some"]), "/stacking", "invalid"),
            (couponBatch("A", ["stacking": ["group": ""]]), "/stacking/group", "empty"),
            (couponBatch("A", ["segment_id": ""]), "/segment_id", "empty"),
            (couponBatch("A", ["conditions": ["field": "event.type", "op": "eq", "value": "x"]]), "/conditions/field", "unknown_field"),
            (couponBatch("A", ["items": ["field": "cart.total", "op": "eq", "value": 1]]), "/items/field", "unknown_field"),
            (couponBatch("A", ["channels": "till"]), "/channels", "wrong_type"),
            (couponBatch("A", ["discount": ["type": "product", "quantity": 1]]), "/discount/product_id", "missing"),
            (couponBatch("A", ["metadata": ["a": .string(String(repeating: "x", count: 9_000))]]), "/metadata", "too_long"),
            (couponBatch("A", ["colour": "red"]), "/colour", "unknown_field"),
        ] as [(JSON, String, String)])
    func wrong(_ body: JSON, _ pointer: String, _ code: String) async throws {
        try await LoyaltyHouse.with { house in
            let answer = try await house.test.post("/v1/coupon_batches", body)
            #expect(answer.status == 422)
            #expect(answer.pointers == [pointer])
            #expect(answer.json["errors"]?[0]?["code"] == .string(code))
            #expect(try await house.test.get("/v1/coupon_batches").json["data"] == [])
        }
    }

    @Test("terms may change for what comes; what was promised may not")
    func put() async throws {
        try await LoyaltyHouse.with { house in
            let batch = try await house.addCoupons(couponBatch("SPRING", ["minimum_order": 5_000, "max_redemptions": 3]))
            let path = "/v1/coupon_batches/\(batch["id"]?.string ?? "")"
            #expect(try await house.validate("spring").reasonCodes == ["minimum_order"])
            let changed = try await house.test.put(path, ["minimum_order": .null, "name": "Spring!"])
            #expect(changed.status == 200 && changed.json["minimum_order"] == .null && changed.json["name"] == "Spring!")
            #expect(changed.json["max_redemptions"] == 3)
            #expect(try await house.validate("spring")["valid"] == true)
            // What a GET returned may be sent back.
            let same = try await house.test.put(path, try await house.test.get(path).json)
            #expect(same.status == 200 && same.json == changed.json)
            for (body, pointer) in [
                (["discount": ["type": "free_shipping"]], "/discount"),
                (["discount": ["type": "fixed", "amount": 1_001, "currency": "TRY"]], "/discount"), (["customer_id": "42"], "/customer_id"),
            ] as [(JSON, String)] {
                let answer = try await house.test.put(path, body)
                #expect(answer.status == 422 && answer.pointers == [pointer] && answer.json["errors"]?[0]?["code"] == "immutable")
            }
            #expect(try await house.test.put(path, ["prefix": "A"]).pointers == ["/prefix"])
            #expect(try await house.test.put("/v1/coupon_batches/none", ["name": "x"]).status == 404)
        }
    }

    @Test("null clears what may be cleared, and is no way round what may not")
    func clear() async throws {
        try await LoyaltyHouse.with { house in
            let batch = try await house.addCoupons(
                couponBatch("MINE", ["customer_id": "42", "first_order_only": true, "stacking": "none", "per_customer": 2]))
            let path = "/v1/coupon_batches/\(batch["id"]?.string ?? "")"
            for (field, code) in [("customer_id", "immutable"), ("discount", "immutable"), ("name", "missing")] {
                let answer = try await house.test.put(path, [field: .null])
                #expect(answer.status == 422 && answer.pointers == ["/\(field)"] && answer.json["errors"]?[0]?["code"] == .string(code))
            }
            let answer = try await house.test.put(path, ["first_order_only": .null, "stacking": .null, "per_customer": .null])
            #expect(answer.json["first_order_only"] == false && answer.json["stacking"] == "all" && answer.json["per_customer"] == .null)
            #expect(try await house.test.put(path, answer.json).json == answer.json)
        }
    }

    @Test(
        "counting a batch's uses reads an index and no row of them",
        .enabled(if: TestStores.engine == .sqlite, "an empty table's plan says nothing on PostgreSQL"))
    func count() async throws {
        try await LoyaltyHouse.with { house in
            let plan = try await house.test.house.read { db in
                try db.all("EXPLAIN QUERY PLAN SELECT COUNT(*) FROM coupon_redemptions r WHERE r.batch_id = 'x' AND r.released_at IS NULL")
                {
                    $0.text(3)
                }
            }
            #expect(plan.contains { $0.contains("USING COVERING INDEX coupon_redemptions_batch") })
        }
    }

    @Test("a cancelled batch's unused codes are good for nothing; what was used stays used")
    func cancel() async throws {
        try await LoyaltyHouse.with { house in
            let batch = try await house.addCoupons(couponBatch(nil, ["count": 2]))
            let codes = batch["codes"]?.array?.compactMap(\.string) ?? []
            let path = "/v1/coupon_batches/\(batch["id"]?.string ?? "")"
            #expect(try await house.redeem(codes[0], "1").status == 201)
            #expect(try await house.test.delete(path).status == 204)
            #expect(try await house.test.delete(path).status == 404)
            #expect(try await house.validate(codes[1]).reasonCodes == ["cancelled"])
            let refused = try await house.redeem(codes[1], "2")
            #expect(refused.status == 409 && refused.code == "cancelled")
            #expect(try await house.coupon(codes[0])["state"] == "redeemed")
            #expect(try await house.coupon(codes[1])["state"] == "cancelled")
            #expect(try await house.redeem(codes[0], "1").status == 200)
            #expect(try await house.test.get(path).status == 404)
            #expect(try await house.test.put(path, ["name": "x"]).status == 404)
            #expect(try await house.test.get("/v1/coupon_batches").json["data"] == [])
            let kept = try await house.test.get("/v1/coupon_batches?state=cancelled").json["data"]?[0]
            #expect(kept?["id"] == batch["id"] && kept?["state"] == "cancelled" && kept?["redemptions"] == 1)
            #expect(try await house.test.get("/v1/coupon_batches?state=lost").pointers == ["?state"])
            #expect(try await house.test.get("\(path)/coupons").json["data"]?.array?.count == 2)
            #expect(try await house.test.said("coupon.cancelled").map { $0.data["batch_id"] } == [batch["id"]])
            #expect(try await house.test.delete("/v1/coupon_batches/none").status == 404)
        }
    }

    @Test("a fixed amount without a currency is the programme's, where it has one")
    func currency() async throws {
        try await LoyaltyHouse.with { house in
            let bare: JSON = ["type": "fixed", "amount": 1_000]
            try await house.addCoupons(couponBatch("BEFORE", ["discount": bare]))
            try await house.setProgramme(["currency": "TRY"])
            try await house.addCoupons(couponBatch("AFTER", ["discount": bare]))
            #expect(try await house.validate("BEFORE", cart(currency: "EUR"))["discount"] == 1_000)
            #expect(try await house.validate("AFTER", cart(currency: "EUR")).reasonCodes == ["currency_mismatch"])
            #expect(try await house.coupon("AFTER")["discount"]?["currency"] == "TRY")
        }
    }

    @Test("only a server may see or make them; a page's limit and cursor are checked")
    func access() async throws {
        try await LoyaltyHouse.with { house in
            let batch = try await house.addCoupons(couponBatch())
            let id = batch["id"]?.string ?? ""
            let storefront = Principal(kind: .publishable, keyID: "pk", customerID: "42")
            for path in ["/v1/coupon_batches", "/v1/coupon_batches/\(id)", "/v1/coupon_batches/\(id)/coupons", "/v1/coupons/SPRING"] {
                #expect(try await house.test.request(.get, path, principal: storefront).status == 403)
                #expect(try await house.test.request(.get, path, principal: nil).status == 401)
            }
            #expect(
                try await house.test.request(.post, "/v1/coupon_batches", body: couponBatch("B").bytes, principal: storefront).status == 403
            )
            let body = couponBody(order: "1", cart: cart(), customer: nil).bytes
            #expect(try await house.test.request(.post, "/v1/coupons/SPRING/redemptions", body: body, principal: storefront).status == 403)
            #expect(try await house.test.request(.delete, "/v1/coupons/SPRING/redemptions/1", principal: storefront).status == 403)
            #expect(try await house.test.get("/v1/coupon_batches?cursor=W10").status == 422)
            #expect(try await house.test.get("/v1/coupon_batches/\(id)/coupons?cursor=W10").status == 422)
            #expect(try await house.test.get("/v1/coupon_batches/none/coupons").status == 404)
            #expect(try await house.test.get("/v1/coupon_batches/none").status == 404)
        }
    }

    @Test("the same call again with its key makes no second batch")
    func idempotent() async throws {
        try await LoyaltyHouse.with { house in
            let first = try await house.test.post("/v1/coupon_batches", couponBatch(nil, ["count": 2]), headers: [.idempotencyKey: "k"])
            let second = try await house.test.post("/v1/coupon_batches", couponBatch(nil, ["count": 2]), headers: [.idempotencyKey: "k"])
            #expect(first.body == second.body && second.headers[.idempotencyReplayed] == "true")
            #expect(try await house.test.get("/v1/coupon_batches").json["data"]?.array?.count == 1)
        }
    }
}
