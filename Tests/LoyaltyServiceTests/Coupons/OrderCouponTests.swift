import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Coupons that orders name")
struct OrderCouponTests {
    private func order(
        _ id: String, _ codes: [String], customer: String? = "42", email: String? = "ayse@example.com", total: Int64 = 4_000
    ) -> JSON {
        orderData(id, customer: customer, email: email, total: total, more: ["coupon_codes": .from(codes)])
    }

    private func uses(_ house: LoyaltyHouse, _ code: String) async throws -> Int64? { try await house.coupon(code)["redemptions"]?.int }

    @Test("an order uses them once, however often and in whichever way it is said, by call too")
    func once() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("SPRING", ["max_redemptions": 10]))
            try await house.send(
                event("order.placed", order("1", ["spring", " SPRING", "THEIRS", "☕️"])), event("order.paid", order("1", ["SPRING"]), at: 1))
            #expect(try await uses(house, "SPRING") == 1)
            let called = try await house.redeem("SPRING", "1")
            #expect(called.status == 200 && called.json["source"] == "order" && called.json["discount"] == 1_000)
            #expect(called.json["customer_id"] == "42" && called.json["outside_terms"] == [])

            #expect(try await house.redeem("SPRING", "2", customer: nil).status == 201)
            try await house.send(event("order.placed", order("2", ["SPRING"]), at: 2))
            #expect(try await uses(house, "SPRING") == 2)
            #expect(try await house.redeem("SPRING", "2").json["customer_id"] == "42")
            #expect(try await house.test.said("coupon.redeemed").count == 2)
            #expect(try await house.test.refused().isEmpty)
        }
    }

    @Test("what the store has given is noted even where the terms would have refused it, with the reasons")
    func outsideTerms() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("ONE", ["max_redemptions": 1, "minimum_order": 5_000, "first_order_only": true]))
            try await house.send(
                event("order.placed", order("1", ["ONE"], total: 6_000)), event("order.placed", order("2", ["ONE"]), at: 1),
                event("order.placed", order("3", ["ONE"], customer: nil, email: nil), at: 2))
            #expect(try await uses(house, "ONE") == 3)
            #expect(try await house.redeem("ONE", "1").json["outside_terms"] == [])
            #expect(try await house.redeem("ONE", "2").json["outside_terms"] == ["exhausted", "minimum_order", "first_order_only"])
            #expect(try await house.redeem("ONE", "2").json["discount"] == 1_000)
            #expect(try await house.redeem("ONE", "3").json["outside_terms"] == ["exhausted", "minimum_order", "customer_required"])
        }
    }

    @Test("an order that says only later whose it is counts for that person")
    func namedLater() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("ONCE", ["per_customer": 1]))
            try await house.send(event("order.placed", order("1", ["once"], customer: nil, email: nil)))
            #expect(try await house.validate("ONCE", customer: ["id": "42"])["valid"] == true)
            try await house.send(event("order.paid", order("1", ["once"]), at: 1))
            #expect(try await house.coupon("ONCE")["redemptions"] == 1)
            for customer in [["id": "42"], ["email": "Ayse@example.com"]] as [JSON] {
                #expect(try await house.validate("ONCE", customer: customer).reasonCodes == ["customer_limit"])
            }
        }
    }

    @Test("an order counts by when it was placed, not by when it was heard of")
    func window() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("FEB", ["ends_at": "2026-02-15T00:00:00Z"]))
            var data = order("1", ["FEB"]).object
            data?["placed_at"] = "2026-02-14T12:00:00Z"
            try await house.send(event("order.placed", .object(data ?? JSONObject())), event("order.placed", order("2", ["FEB"]), at: 1))
            #expect(try await house.redeem("FEB", "1").json["outside_terms"] == [])
            #expect(try await house.redeem("FEB", "2").json["outside_terms"] == ["expired"])
        }
    }

    @Test("a cancelled order returns its uses, those by call too, and takes none afterwards")
    func cancelled() async throws {
        try await LoyaltyHouse.with { house in
            for code in ["A", "B"] { try await house.addCoupons(couponBatch(code)) }
            try await house.send(event("order.placed", order("1", ["A"])))
            #expect(try await house.redeem("B", "1").status == 201)
            try await house.send(event("order.cancelled", ["order_id": "1"], at: 5), event("order.cancelled", ["order_id": "1"], at: 6))
            #expect(try await uses(house, "A") == 0)
            #expect(try await uses(house, "B") == 0)
            #expect(try await house.test.said("coupon.released").map { $0.data["cause"] } == ["cancelled", "cancelled"])
            try await house.send(event("order.paid", order("1", ["A", "B"]), at: 7))
            #expect(try await uses(house, "A") == 0)
            let refused = try await house.redeem("A", "1")
            #expect(refused.status == 409 && refused.code == "order_cancelled")
            // A cancellation that comes before its order.
            try await house.send(event("order.cancelled", order("2", ["A"]), at: 9), event("order.placed", order("2", ["A"]), at: 8))
            #expect(try await uses(house, "A") == 0)
            // The next order is the first again.
            try await house.addCoupons(couponBatch("FIRST", ["first_order_only": true]))
            #expect(try await house.validate("FIRST", customer: ["id": "42"])["valid"] == true)
        }
    }

    @Test("a code taken off the order is returned; a use by call that no event named is not")
    func removed() async throws {
        try await LoyaltyHouse.with { house in
            for code in ["A", "B", "C"] { try await house.addCoupons(couponBatch(code)) }
            #expect(try await house.redeem("C", "1").status == 201)
            try await house.send(event("order.placed", order("1", ["A", "B"])), event("order.updated", order("1", ["B"]), at: 1))
            #expect(try await uses(house, "A") == 0)
            #expect(try await uses(house, "B") == 1)
            #expect(try await uses(house, "C") == 1)
            // An event that says nothing of codes, and one that is older than what is known.
            try await house.send(
                event("order.updated", ["order_id": "1", "total": 3_000], at: 2), event("order.updated", order("1", []), at: -5))
            #expect(try await uses(house, "B") == 1)
            try await house.send(event("order.updated", order("1", ["A"]), at: 3))
            #expect(try await uses(house, "A") == 1)
            #expect(try await uses(house, "B") == 0)
            #expect(try await uses(house, "C") == 1)
        }
    }

    @Test("a use that was returned by call is not taken again by an event that says nothing new")
    func deleted() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addCoupons(couponBatch("A"))
            try await house.send(event("order.placed", order("1", ["A"])))
            #expect(try await house.test.delete("/v1/coupons/A/redemptions/1").status == 204)
            try await house.send(event("order.paid", order("1", ["A"]), at: 1))
            #expect(try await uses(house, "A") == 0)
        }
    }

    @Test("the customer 360 shows what is theirs and what they used")
    func overview() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("customer.created", ["customer": ["id": "42", "email": "ayse@example.com"]]))
            #expect(try await house.overview("42")["coupons"] == [])
            #expect(try await house.overview("7")["coupons"] == .null)
            try await house.addCoupons(couponBatch("USED"))
            try await house.addCoupons(couponBatch("MINE", ["customer_id": "42", "ends_at": "2026-03-02T09:00:00Z"]))
            try await house.addCoupons(couponBatch("LATER", ["customer_id": "42", "starts_at": "2026-03-03T09:00:00Z"]))
            try await house.addCoupons(couponBatch("OTHERS", ["customer_id": "7"]))
            #expect(try await house.redeem("USED", "1", customer: ["email": "ayse@example.com"]).status == 201)
            func states() async throws -> [String: String] {
                let list = try await house.overview("42")["coupons"]?.array ?? []
                return Dictionary(list.map { ($0["code"]?.string ?? "", $0["state"]?.string ?? "") }, uniquingKeysWith: { $1 })
            }
            #expect(try await states() == ["USED": "redeemed", "MINE": "active", "LATER": "not_started"])
            try await house.test.advance(days: 1)
            #expect(try await states() == ["USED": "redeemed", "MINE": "expired", "LATER": "not_started"])
            #expect(try await house.overview("7")["coupons"]?[0]?["code"] == "OTHERS")
            #expect(try await house.test.said("coupon.issued").map(\.subject) == ["42", "42", "7"])
            try await house.send(event("customer.deleted", ["customer": ["id": "42"]], at: 9))
            #expect(try await house.overview("42")["coupons"] == .null)
        }
    }
}
