import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import LoyaltyService

@Suite("Loyalty: redemptions")
struct RewardRedemptionTests {
    @Test("points are held, then spent; both are said once, and asked twice is done once")
    func commit() async throws {
        try await LoyaltyHouse.with { house in
            let reward = try await house.addReward(["minimum_order": 1_000, "coupon_days": 7])
            try await house.give(250, to: "ada")
            let held = try await house.redemption(reward, for: "ada", ["order_total": 1_000])
            #expect(held.state == "reserved" && held["points"] == 100 && held["customer_id"] == "ada" && held["reward"] == "10 off")
            #expect(held["expires_at"] == "2026-03-01T10:00:00.000Z" || held["expires_at"] == "2026-03-01T10:00:00Z")
            #expect(held["gives"]?["kind"] == "fixed" && held["gives"]?["amount"] == 1_000 && !held.coupon.isEmpty)
            #expect(try await house.balance("ada") == 150)
            let coupon = try await house.coupon(held.coupon)
            #expect(coupon["customer_id"] == "ada" && coupon["max_redemptions"] == 1 && coupon["minimum_order"] == 1_000)
            #expect(coupon["ends_at"] == held["expires_at"])

            let spent = try await house.commit(held.id, ["order_id": "1001"])
            #expect(spent.status == 200 && spent.json.state == "redeemed" && spent.json["order_id"] == "1001")
            #expect(try await house.commit(held.id, ["order_id": "1001"]).json == spent.json)
            #expect(try await house.commit(held.id).json == spent.json)
            #expect(try await house.commit(held.id, ["order_id": "1002"]).code == "other_order")
            let cancelled = try await house.cancel(held.id)
            #expect(cancelled.status == 409 && cancelled.code == "redeemed")
            #expect(try await house.coupon(held.coupon)["ends_at"]?.string?.hasPrefix("2026-03-08T09:00:00") ?? false)
            let member = try await house.member("ada")
            #expect(member["balance"] == 150 && member["lifetime_spent"] == 100 && member["lifetime_earned"] == 250)
            #expect(try await house.look(held.id) == spent.json)

            let said = try await house.test.said().filter { $0.type.hasPrefix("reward.") || $0.type == "points.spent" }
            #expect(said.map(\.type) == ["reward.reserved", "reward.redeemed", "points.spent"] && said.allSatisfy { $0.subject == "ada" })
            #expect(said[2].data["points"] == 100 && said[2].data["balance"] == 150 && said[2].data["redemption_id"]?.string == held.id)
            // No timer is left that would let the points go.
            try await house.test.advance(days: 2)
            #expect(try await house.look(held.id).state == "redeemed")
            #expect(try await house.balance("ada") == 150)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("points that are let go can be spent again, and the coupon is good for nothing")
    func cancel() async throws {
        try await LoyaltyHouse.with { house in
            let reward = try await house.addReward(["stock": 1])
            try await house.give(100, to: "ada")
            let held = try await house.redemption(reward, for: "ada")
            #expect(try await house.reserve(reward, for: "ada").json.reasonCodes == ["insufficient_points", "out_of_stock"])
            let gone = try await house.cancel(held.id, ["reason": "changed her mind"])
            #expect(gone.status == 200 && gone.json.state == "cancelled" && gone.json["reason"] == "changed her mind")
            #expect(try await house.cancel(held.id).json == gone.json)
            #expect(try await house.commit(held.id).code == "cancelled")
            #expect(try await house.coupon(held.coupon)["state"] == "cancelled")
            #expect(try await house.balance("ada") == 100)
            #expect(try await house.redemption(reward, for: "ada").state == "reserved")
            let said = try await house.test.said("reward.cancelled")
            #expect(said.count == 1 && said[0].data["cause"] == "cancelled" && said[0].data["points"] == 100)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("what is neither used nor cancelled in time is let go by itself")
    func timeOut() async throws {
        try await LoyaltyHouse.with { house in
            let reward = try await house.addReward(["reserve_minutes": 15, "per_member": ["times": 1]])
            try await house.give(100, to: "ada")
            let held = try await house.redemption(reward, for: "ada")
            try await house.test.advance(seconds: 15 * 60 - 1)
            #expect(try await house.look(held.id).state == "reserved")
            #expect(try await house.balance("ada") == 0)
            try await house.test.advance(seconds: 1)
            #expect(try await house.look(held.id).state == "expired")
            #expect(try await house.balance("ada") == 100)
            #expect(try await house.test.said("reward.cancelled").map { $0.data["cause"] } == ["timed_out"])
            #expect(try await house.commit(held.id).code == "expired")
            #expect(try await house.cancel(held.id).json.state == "expired")
            #expect(try await house.redeem(held.coupon, "1", customer: ["id": "ada"]).json.reasonCodes.contains("cancelled"))
            // What came to nothing does not count to how often she had it.
            #expect(try await house.redemption(reward, for: "ada").state == "reserved")
            #expect(try await house.fault() == nil)
        }
    }

    @Test("every reason that speaks against it is named")
    func reasons() async throws {
        try await LoyaltyHouse.with { house in
            try await house.give(50, to: "ada")
            func answer(_ reward: [String: JSON], _ more: [String: JSON] = [:]) async throws -> String {
                let answer = try await house.reserve(try await house.addReward(reward), for: "ada", more)
                #expect(answer.code == answer.json.reasonCodes.first)
                return "\(answer.status) \(answer.json.reasonCodes.joined(separator: " "))"
            }
            #expect(try await answer([:]) == "409 insufficient_points")
            #expect(try await answer(["stock": 0, "points": 10]) == "409 out_of_stock")
            #expect(try await answer(["points": 10, "minimum_balance": 100]) == "422 minimum_balance_not_reached")
            #expect(try await answer(["points": 10, "minimum_order": 1_000], ["order_total": 999]) == "422 minimum_order_not_reached")
            #expect(try await answer(["points": 10, "minimum_order": 1_000]) == "422 order_total_required")
            #expect(try await answer(["points": 10, "state": "paused"]) == "422 paused")
            #expect(try await answer(["points": 10, "starts_at": "2026-03-01T09:00:01Z"]) == "422 not_started")
            #expect(try await answer(["points": 10, "ends_at": "2026-03-01T09:00:00Z"]) == "422 ended")
            #expect(try await answer(["points": 10, "channels": ["pos"]], ["channel": "web"]) == "422 channel_not_eligible")
            let strangers = try await house.addSegment(["field": "customer.id", "op": "eq", "value": "eve"])
            #expect(try await answer(["points": 10, "segments": [.string(strangers)]]) == "422 segment_not_eligible")
            let condition: JSON = ["field": "orders.count", "op": "gte", "value": 1]
            #expect(try await answer(["points": 10, "conditions": condition]) == "422 conditions_not_met")
            #expect(try await answer(["points": 10, "currency": "TRY"], ["currency": "EUR"]) == "422 currency_mismatch")
            #expect(
                try await answer(
                    ["minimum_balance": 100, "minimum_order": 1_000, "state": "paused", "stock": 0], ["order_total": 1])
                    == "409 insufficient_points out_of_stock paused minimum_balance_not_reached minimum_order_not_reached")
            #expect(try await house.reserve("reward_none", for: "ada").status == 404)
            #expect(try await house.reserve(try await house.addReward(), for: "nobody").status == 404)
            #expect(try await house.balance("ada") == 50)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("a limit counts anew with the calendar period of the programme's zone")
    func limit() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["timezone": "Europe/Istanbul"])
            let reward = try await house.addReward(["points": 1, "per_member": ["times": 1, "every": "day"]])
            try await house.give(10, to: "ada")
            _ = try await house.commit(try await house.redemption(reward, for: "ada").id)
            // Midnight in Istanbul is 21:00 UTC.
            try await house.test.advance(seconds: 12 * 3_600 - 1)
            #expect(try await house.reserve(reward, for: "ada").code == "limit_reached")
            try await house.test.advance(seconds: 1)
            #expect(try await house.reserve(reward, for: "ada").status == 201)
        }
    }

    @Test("the shortest-lived points are spent first; what ran out while it was held is gone when it is let go")
    func lots() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            try await house.addRule(["name": "points", "trigger": "order.paid", "points": ["per_amount": ["points": 1, "amount": 100]]])
            try await house.setProgramme(["expiry": ["kind": "rolling", "months": 1]])
            // Good until 9:30 today, and until 1 April.
            try await house.send(
                event("order.paid", orderData("1", customer: "ada", total: 6_000, placedAt: "2026-02-01T09:30:00Z")),
                event("order.paid", orderData("2", customer: "ada", total: 6_000, placedAt: "2026-03-01T09:00:00Z")))
            let reward = try await house.addReward()
            let held = try await house.redemption(reward, for: "ada")
            #expect(try await house.lots("ada").map { $0["remaining"] } == [20, 0])
            #expect(try await house.lots("ada").map { $0["reserved"] } == [40, 60])
            try await house.test.advance(seconds: 40 * 60)
            #expect(try await house.balance("ada") == 20)
            _ = try await house.cancel(held.id)
            #expect(try await house.balance("ada") == 60)
            #expect(try await house.lots("ada").map { $0["remaining"] } == [60, 0])
            #expect(try await house.test.said("points.expired").map { $0.data["points"] } == [60])
            #expect(try await house.fault() == nil)
        }
    }

    @Test("a member's redemptions are listed, newest first; a storefront has its own shopper's")
    func access() async throws {
        try await LoyaltyHouse.with { house in
            let reward = try await house.addReward(["points": 10])
            try await house.give(100, to: "ada")
            var ids: [String] = []
            for _ in 0..<3 { ids.append(try await house.redemption(reward, for: "ada").id) }
            let first = try await house.test.get("/v1/loyalty/members/ada/redemptions?limit=2").json
            #expect(first["data"]?.array?.map(\.id).sorted() == ids.sorted().suffix(2).sorted())
            let next = first["next_cursor"]?.string ?? ""
            let second = try await house.test.get("/v1/loyalty/members/ada/redemptions?limit=2&cursor=\(next)").json
            #expect(second["data"]?.array?.count == 1 && second["next_cursor"] == .null)

            let ada = Principal(kind: .publishable, keyID: "key_shop", customerID: "ada")
            let body = JSON.object(JSONObject([.init(name: "reward_id", value: .string(reward))])).bytes
            #expect(try await house.test.request(.post, "/v1/loyalty/members/ada/redemptions", body: body, principal: ada).status == 201)
            #expect(try await house.test.request(.post, "/v1/loyalty/members/bob/redemptions", body: body, principal: ada).status == 403)
            #expect(try await house.test.request(.get, "/v1/loyalty/members/bob/redemptions", principal: ada).status == 403)
            #expect(try await house.test.request(.post, "/v1/loyalty/redemptions/\(ids[0])/commit", principal: ada).status == 403)
            #expect(try await house.test.get("/v1/loyalty/redemptions/rdm_none").status == 404)
        }
    }

    @Test("a member sees what every reward costs them and what speaks against it")
    func options() async throws {
        try await LoyaltyHouse.with { house in
            let dear = try await house.addReward()
            let cheap = try await house.addReward(["points": 10, "minimum_order": 1_000, "minimum_balance": 0])
            try await house.give(50, to: "ada")
            let options = try await house.test.get("/v1/loyalty/members/ada/rewards?order_total=1000&channel=web").json["data"]?.array ?? []
            #expect(options.map { $0["reward_id"]?.string } == [cheap, dear] && options.map { $0["points"] } == [10, 100])
            #expect(options.map { $0["available"] } == [true, false] && options[1].reasonCodes == ["insufficient_points"])
            let bare = try await house.test.get("/v1/loyalty/members/ada/rewards").json["data"]?[0]
            #expect(bare?.reasonCodes == ["order_total_required"])
            #expect(try await house.test.get("/v1/loyalty/members/ada/rewards?order_total=many").pointers == ["/order_total"])
            #expect(try await house.balance("ada") == 50)
            let held = try await house.redemption(cheap, for: "ada", ["order_total": 1_000])
            let overview = try await house.overview("ada")
            #expect(overview["loyalty"]?["redemptions"]?.array?.map(\.id) == [held.id])
        }
    }

    @Test("two who turn out to be one have their redemptions, coupons and cards together")
    func merged() async throws {
        try await LoyaltyHouse.with { house in
            let reward = try await house.addReward()
            try await house.give(100, to: "ada")
            try await house.give(0, to: "bob")
            let held = try await house.redemption(reward, for: "ada")
            let card = try await house.test.get("/v1/loyalty/members/ada/card").json["code"]?.string ?? ""
            try await house.send(event("customers.merged", ["from_id": "ada", "into_id": "bob"]))
            #expect(try await house.look(held.id)["customer_id"] == "bob")
            #expect(try await house.coupon(held.coupon)["customer_id"] == "bob")
            let found = try await house.test.get("/v1/loyalty/members?code=\(card)").json["data"]?.array ?? []
            #expect(found.map { $0["customer_id"] } == ["bob"])
        }
    }
}
