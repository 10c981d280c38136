import Shared
import SharedTesting
import Testing

@Suite("Loyalty: rewards in an order")
struct RewardCouponTests {
    /// Ada, with 100 points, has 10.00 off in her hands.
    private func with(_ reward: [String: JSON] = [:], _ body: (LoyaltyHouse, JSON) async throws -> Void) async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            try await house.give(100, to: "ada")
            try await body(house, try await house.redemption(try await house.addReward(reward), for: "ada"))
            #expect(try await house.fault() == nil)
        }
    }

    private func placed(
        _ id: String, _ codes: [JSON], type: String = "order.placed", at minutes: Int64 = 0, total: Int64 = 4_000
    ) -> CloudEvent {
        event(type, orderData(id, customer: "ada", total: total, more: ["coupon_codes": .array(codes)]), at: minutes)
    }

    @Test("an order that names the coupon spends the points; so does a use by call, and both are one")
    func used() async throws {
        try await with { house, held in
            let call = try await house.redeem(held.coupon, "1", customer: ["id": "ada"])
            #expect(call.status == 201 && call.json["discount"] == 1_000)
            var redemption = try await house.look(held.id)
            #expect(redemption.state == "redeemed" && redemption["settled_by"] == "coupon" && redemption["order_id"] == "1")
            try await house.send(placed("1", [.string(held.coupon)]))
            #expect(try await house.look(held.id) == redemption)
            #expect(try await house.commit(held.id, ["order_id": "1"]).json == redemption)
            #expect(try await house.test.said("points.spent").count == 1)
            #expect(try await house.member("ada")["lifetime_spent"] == 100)
            try await house.test.advance(days: 1)
            redemption = try await house.look(held.id)
            #expect(redemption.state == "redeemed")
        }
        try await with { house, held in
            try await house.send(placed("1", [.string(held.coupon)]))
            #expect(try await house.look(held.id)["order_id"] == "1")
        }
    }

    @Test("somebody else's coupon is not theirs to use")
    func stranger() async throws {
        try await with { house, held in
            let refused = try await house.redeem(held.coupon, "1", customer: ["id": "bob"])
            #expect(refused.code == "wrong_customer")
            #expect(try await house.look(held.id).state == "reserved")
        }
    }

    @Test("a code that is taken out of the order again brings the points back, once")
    func removed() async throws {
        try await with { house, held in
            try await house.send(placed("1", [.string(held.coupon)]))
            try await house.send(placed("1", [], type: "order.updated", at: 1))
            let redemption = try await house.look(held.id)
            #expect(redemption.state == "cancelled" && redemption["returned_points"] == 100)
            #expect(try await house.balance("ada") == 100)
            #expect(try await house.coupon(held.coupon)["state"] == "cancelled")
            #expect(try await house.test.said("reward.cancelled").map { $0.data["cause"] } == ["released"])
            // The store gave it after all: the points are spent after all.
            try await house.send(placed("1", [.string(held.coupon)], type: "order.updated", at: 2))
            #expect(try await house.look(held.id).state == "redeemed")
            #expect(try await house.balance("ada") == 0)
        }
    }

    @Test("a use that is returned by call brings the points back")
    func released() async throws {
        try await with { house, held in
            _ = try await house.redeem(held.coupon, "1", customer: ["id": "ada"])
            for _ in 0..<2 { #expect(try await house.test.delete("/v1/coupons/\(held.coupon)/redemptions/1").status == 204) }
            #expect(try await house.balance("ada") == 100)
            #expect(try await house.look(held.id).state == "cancelled")
            #expect(try await house.redeem(held.coupon, "2", customer: ["id": "ada"]).code == "cancelled")
        }
    }

    @Test("points spent by call stay spent when the coupon leaves an order: it is there for another one")
    func committedFirst() async throws {
        try await with { house, held in
            _ = try await house.commit(held.id)
            try await house.send(placed("1", [.string(held.coupon)]))
            #expect(try await house.look(held.id)["order_id"] == "1")
            try await house.send(placed("1", [], type: "order.updated", at: 1))
            #expect(try await house.look(held.id).state == "redeemed")
            #expect(try await house.look(held.id)["order_id"] == .null)
            #expect(try await house.redeem(held.coupon, "2", customer: ["id": "ada"]).status == 201)
            #expect(try await house.look(held.id)["order_id"] == "2")
            #expect(try await house.balance("ada") == 0)
        }
    }

    @Test("a cancelled order brings the points back, and the coupon is over")
    func cancelled() async throws {
        try await with { house, held in
            try await house.send(placed("1", [.string(held.coupon)]))
            try await house.send(placed("1", [.string(held.coupon)], type: "order.cancelled", at: 1))
            let redemption = try await house.look(held.id)
            #expect(redemption.state == "refunded" && redemption["returned_points"] == 100)
            #expect(try await house.balance("ada") == 100)
            #expect(try await house.coupon(held.coupon)["state"] == "cancelled")
            #expect(try await house.test.said("reward.cancelled").map { $0.data["cause"] } == ["refunded"])
        }
    }

    @Test("where spent points never come back, the coupon of a cancelled order does")
    func never() async throws {
        try await with { house, held in
            try await house.setProgramme(["spent_refund": "never"])
            try await house.send(placed("1", [.string(held.coupon)]))
            try await house.send(placed("1", [.string(held.coupon)], type: "order.cancelled", at: 1))
            #expect(try await house.look(held.id).state == "redeemed")
            #expect(try await house.balance("ada") == 0)
            #expect(try await house.redeem(held.coupon, "2", customer: ["id": "ada"]).status == 201)
            #expect(try await house.look(held.id)["order_id"] == "2")
        }
    }

    @Test("an order that was on its way when the time was over spends the points where they still are")
    func late() async throws {
        for isLeft in [true, false] {
            try await with { house, held in
                try await house.test.advance(seconds: 3_600)
                #expect(try await house.look(held.id).state == "expired")
                if !isLeft {
                    _ = try await house.test.post("/v1/loyalty/members/ada/adjustments", ["points": -1, "reason": "no"])
                }
                try await house.send(placed("1", [.string(held.coupon)], at: 59))
                #expect(try await house.look(held.id).state == (isLeft ? "redeemed" : "expired"))
                #expect(try await house.balance("ada") == (isLeft ? 0 : 99))
                #expect(try await house.test.said("coupon.redeemed")[0].data["outside_terms"] == ["cancelled"])
            }
        }
    }

    @Test(
        "every kind hands over what it says",
        arguments: [
            (["kind": "percent", "amount": .null, "percent": 50, "maximum": 1_500], 1_500, false),
            (["kind": "free_shipping", "amount": .null], 0, true), (["kind": "gift_card", "amount": 2_000], 2_000, false),
        ] as [([String: JSON], Int64, Bool)])
    func kinds(_ reward: [String: JSON], _ discount: Int64, _ ships: Bool) async throws {
        try await with(reward) { house, held in
            let use = try await house.redeem(held.coupon, "1", customer: ["id": "ada"])
            #expect(use.json["discount"]?.int == discount && use.json["free_shipping"]?.bool == ships, "\(use.text)")
        }
    }

    @Test("a custom reward has no coupon")
    func custom() async throws {
        try await with(["kind": "custom", "amount": .null]) { house, held in
            #expect(held["coupon_code"] == .null && held.state == "reserved")
            let spent = try await house.commit(held.id)
            #expect(spent.json.state == "redeemed")
        }
    }
}
