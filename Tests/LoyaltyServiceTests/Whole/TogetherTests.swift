import LoyaltyDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import LoyaltyService

@Suite("Loyalty: ledger, tiers, rewards and merging together")
struct TogetherTests {
    private func merge(_ house: LoyaltyHouse, _ from: String, _ into: String) async throws {
        let answer = try await house.test.post("/v1/customers/\(from)/merge", ["into_id": .string(into)])
        guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
    }

    @Test("who was merged or deleted reaches no tier when the tiers change")
    func goneMembersHoldNoTier() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addTier("Gold", 50)
            try await house.order("1", "a", points: 60)
            try await house.order("2", "b", points: 10)
            try await house.order("3", "gone", points: 60)
            try await merge(house, "a", "b")
            try await house.send(event("customer.deleted", ["customer": ["id": "gone"]], at: 1))
            let before = (a: try await house.tierNews("a"), gone: try await house.tierNews("gone"))
            try await house.test.advance(seconds: 5)
            try await house.addTier("Silver", 20)
            try await house.addTier("Platinum", 60)
            try await house.test.runDueTimers()
            #expect(try await house.tierNews("a") == before.a)
            #expect(try await house.tierNews("gone") == before.gone)
            #expect(try await house.tier("b") == "Platinum")
            // Whoever comes back is judged then.
            try await house.order("4", "gone", points: 1)
            try await house.send(event("customer.updated", ["customer": ["id": "gone"]], at: 9))
            if try await house.test.get("/v1/loyalty/members/gone").status == 200 {
                #expect(try await house.tier("gone") == "Platinum")
            }
        }
    }

    @Test("a redemption under the id of who was merged is the other's in all that follows")
    func mergedIDs() async throws {
        try await LoyaltyHouse.with { house in
            let segment = try await house.addSegment(["field": "points.balance", "op": "gte", "value": 20])
            let reward = try await house.addReward(["points": 25])
            try await house.order("1", "a", points: 30)
            try await house.order("2", "b", points: 5)
            try await merge(house, "a", "b")
            #expect(try await house.members(segment) == ["b"])
            let redemption = try await house.redemption(reward, for: "a")
            #expect(redemption["customer_id"] == "b")
            #expect(try await house.members(segment) == [])
            _ = try await house.cancel(redemption.id)
            #expect(try await house.members(segment) == ["b"])
            let checkedIn = try await house.test.post("/v1/loyalty/members/a/check_ins", ["event": "opening"])
            #expect(checkedIn.status == 201 && checkedIn.json["customer_id"] == "b")
            #expect(try await house.test.said("store.checked_in").map(\.subject) == ["b"])
            let first = try await house.test.get("/v1/loyalty/members/a/card").json
            #expect(try await house.test.get("/v1/loyalty/members/b/card").json == first)
            let second = try await house.test.post("/v1/loyalty/members/a/card").json
            #expect(try await house.test.get("/v1/loyalty/members/b/card").json == second)
            let found = try await house.test.get("/v1/loyalty/members?code=\(first["code"]?.string ?? "")").json
            #expect(found["data"]?.array?.isEmpty == true)
        }
    }

    @Test("points spent on an order that was refunded before come back as those of one that is refunded after")
    func refundedBefore() async throws {
        try await LoyaltyHouse.with { house in
            let reward = try await house.addReward(["points": 40])
            try await house.give(100, to: "ada")
            try await house.removeDefaultRule()
            try await house.send(event("order.paid", orderData("1", customer: "ada", total: 5_000)))
            try await house.send(event("order.refunded", refundData("1", "r", amount: 2_500), at: 1))
            let redemption = try await house.redemption(reward, for: "ada")
            #expect(try await house.redeem(redemption.coupon, "1", cart(5_000), customer: ["id": "ada"]).status == 201)
            #expect(try await house.look(redemption.id)["returned_points"] == 20)
            #expect(try await house.balance("ada") == 80)
        }
    }

    @Test("a storefront cannot tie a reward to an order that was sent back")
    func storefrontOrder() async throws {
        try await LoyaltyHouse.with { house in
            let reward = try await house.addReward(["points": 40, "kind": "custom", "amount": .null])
            try await house.give(100, to: "ada")
            let ada = Principal(kind: .publishable, keyID: "key_shop", customerID: "ada")
            func ask(_ body: JSON) async throws -> TestHouse.Answer {
                try await house.test.request(.post, "/v1/loyalty/members/ada/redemptions", body: body.bytes, principal: ada)
            }
            let refused = try await ask(["reward_id": .string(reward), "order_id": "1"])
            #expect(refused.status == 403 && refused.code == "secret_key_required")
            #expect(try await ask(["reward_id": .string(reward)]).status == 201)
            #expect(try await house.redemption(reward, for: "ada", ["order_id": "1"])["order_id"] == "1")
        }
    }

    @Test("the coupon of a reward for the till is good at the till")
    func channels() async throws {
        try await LoyaltyHouse.with { house in
            let long = String(repeating: "x", count: 65)
            let body = rewardBody(["channels": .array([.string(long)])])
            #expect(try await house.test.post("/v1/loyalty/rewards", body).pointers == ["/channels/0"])
            let reward = try await house.addReward(["points": 40, "channels": ["pos"]])
            try await house.give(100, to: "ada")
            let coupon = try await house.redemption(reward, for: "ada", ["channel": "pos"]).coupon
            #expect(try await house.validate(coupon, customer: ["id": "ada"]).reasonCodes == ["wrong_channel"])
            try await house.send(
                event("order.paid", orderData("1", customer: "ada", more: ["coupon_codes": .array([.string(coupon)]), "channel": "pos"])))
            #expect(try await house.member("ada")["lifetime_spent"] == 40)
        }
    }

    @Test("a guest whom somebody merges by hand has signed up too: their orders earn")
    func guestMergedByHand() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["guest_orders": "on_sign_up"])
            try await house.send(event("order.paid", orderData("1", email: "ada@example.com", total: 3_000)))
            try await house.send(event("customer.created", ["customer": ["id": "42"]]))
            let guest = try #require(Guest.id(email: "ada@example.com"))
            try await house.send(event("customers.merged", ["from_id": .string(guest), "into_id": "42"], at: 1))
            #expect(try await house.balance("42") == 30)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("what was taken back before a merge still counts until then")
    func clawedBeforeMerge() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["clawback": "allow_negative"])
            try await house.addTier("Gold", 50, grace: 30)
            try await house.order("1", "a", points: 60)
            try await house.test.advance(days: 1)
            try await house.refund("1", "r", 60)
            let risk = try await house.member("a")["tier"]?["at_risk"]
            #expect(risk?["downgrade_at"] != nil)
            try await house.order("2", "b", points: 1)
            try await merge(house, "a", "b")
            #expect(try await house.tier("b") == "Gold")
            #expect(try await house.member("b")["tier"]?["at_risk"]?["downgrade_at"] == risk?["downgrade_at"])
        }
    }

    @Test("an order that earned with a tier, spent a reward and was edited: all of it comes back, however it is refunded", arguments: [0, 1, 2])
    func wholeOrder(_ way: Int) async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["clawback": "allow_negative"])
            try await house.addTier("Gold", 50, multiplier: 3)
            let reward = try await house.addReward(["points": 40, "amount": 1_000])
            try await house.order("0", "ada", points: 60)
            try await house.test.advance(seconds: 60)
            let redemption = try await house.redemption(reward, for: "ada")
            func order(_ total: Int64) -> JSON {
                orderData("1", customer: "ada", total: total, more: ["coupon_codes": .array([.string(redemption.coupon)])])
            }
            try await house.send(event("order.paid", order(5_000), at: 1))
            #expect(try await house.balance("ada") == 60 - 40 + 150)
            try await house.send(event("order.updated", order(4_000), at: 2))
            #expect(try await house.balance("ada") == 60 - 40 + 120)
            if way == 1 {
                try await house.give(0, to: "eve")
                try await merge(house, "ada", "eve")
            }
            if way == 2 {
                try await house.send(event("order.refunded", refundData("1", "r1", amount: 1_000), at: 3))
                #expect(try await house.balance("ada") == 60 - 30 + 90)
                try await house.send(event("order.refunded", refundData("1", "r2", amount: 3_000), at: 4))
            } else {
                try await house.send(event("order.refunded", refundData("1", "r", amount: 4_000), at: 3))
            }
            #expect(try await house.balance("ada") == 60)
            #expect(try await house.member("ada")["lifetime_spent"] == 0)
            #expect(try await house.look(redemption.id).state == "refunded")
            #expect(try await house.fault() == nil)
        }
    }
}
