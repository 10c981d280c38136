import Shared
import SharedTesting
import Testing

@Suite("Loyalty: the catalogue of rewards")
struct RewardCatalogueTests {
    @Test("a reward is answered as it was put, with what is left of it, and every change is a version")
    func whole() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addReward([
                "minimum_balance": 100, "minimum_order": 1_000, "stock": 5, "per_member": ["times": 1, "every": "month"], "coupon_days": 30,
                "conditions": ["field": "orders.count", "op": "gte", "value": 1], "channels": ["web"], "metadata": ["shelf": "A"],
            ])
            let reward = try await house.reward(id)
            #expect(reward["stock"] == 5 && reward["stock_left"] == 5 && reward["version"] == 1 && reward["state"] == "active")
            #expect(reward["reserve_minutes"] == 60 && reward["tiers"] == [] && reward["tier_points"] == [:] && reward["percent"] == .null)
            #expect(reward["per_member"] == ["times": 1, "every": "month"] && reward["metadata"] == ["shelf": "A"])
            // What a GET answered can be put back.
            let put = try await house.test.put("/v1/loyalty/rewards/\(id)", reward)
            #expect(put.status == 200 && put.json["version"] == 2)
            let list = try await house.test.get("/v1/loyalty/rewards").json["data"]?.array ?? []
            #expect(list.count == 1 && list[0] == put.json)
            #expect(try await house.test.delete("/v1/loyalty/rewards/\(id)").status == 204)
            #expect(try await house.test.get("/v1/loyalty/rewards/\(id)").status == 404)
            try await house.give(100, to: "ada")
            #expect(try await house.reserve(id, for: "ada").status == 404)
        }
    }

    @Test(
        "what contradicts itself, or the programme, is refused by its place",
        arguments: [
            (["percent": 10], "/percent", "conflict"), (["kind": "percent", "percent": 10], "/amount", "conflict"),
            (["kind": "percent", "amount": .null, "percent": 101], "/percent", "out_of_range"),
            (["kind": "percent", "amount": .null, "percent": 0.001], "/percent", "out_of_range"),
            (["kind": "percent", "amount": .null], "/percent", "missing"),
            (["kind": "product", "amount": .null], "/product_id", "missing"),
            (["kind": "gift_card", "amount": .null], "/amount", "missing"), (["amount": 0], "/amount", "out_of_range"),
            (["kind": "custom", "amount": .null, "coupon_days": 3], "/coupon_days", "conflict"),
            (["starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-02T00:00:00Z"], "/ends_at", "out_of_range"),
            (["tiers": ["tier_none"]], "/tiers/0", "unknown_tier"),
            (["tier_points": ["tier_none": 50]], "/tier_points/tier_none", "unknown_tier"),
            (["currency": "XXY"], "/currency", "unknown_currency"), (["currency": "EUR"], "/currency", "currency_mismatch"),
            (["points": 0], "/points", "out_of_range"), (["per_member": ["every": "day"]], "/per_member/times", "missing"),
            (["conditions": ["field": "order.total", "op": "gt", "value": 1]], "/conditions/field", "unknown_field"),
            (["colour": "red"], "/colour", "unknown_field"), (["stock": -1], "/stock", "out_of_range"),
        ] as [([String: JSON], String, String)])
    func contradictions(_ more: [String: JSON], _ pointer: String, _ code: String) async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["currency": "TRY"])
            let answer = try await house.test.post("/v1/loyalty/rewards", rewardBody(more))
            #expect(answer.status == 422 && answer.pointers.contains(pointer), "\(answer.text)")
            #expect(answer.json["errors"]?.array?.contains { $0["code"]?.string == code } ?? false, "\(answer.text)")
        }
    }

    @Test("a tier has its own price, and only a tier of the reward's may have it")
    func tiers() async throws {
        try await LoyaltyHouse.with { house in
            let made = try await house.test.post("/v1/loyalty/tiers", ["name": "Gold", "threshold": 500])
            let tier = made.json.id
            let id = try await house.addReward([
                "tiers": [.string(tier)], "tier_points": .object(JSONObject([.init(name: tier, value: 80)])),
            ])
            try await house.give(90, to: "ada")
            let refused = try await house.reserve(id, for: "ada")
            #expect(refused.json.reasonCodes.contains("tier_not_eligible"), "\(refused.text)")
            let other = try await house.test.post(
                "/v1/loyalty/rewards",
                rewardBody(["tiers": ["tier_none"], "tier_points": .object(JSONObject([.init(name: tier, value: 80)]))]))
            #expect(other.pointers.contains("/tier_points/\(tier)"))
        }
    }

    @Test("the stock is what there is in all: it can be raised, lowered and lifted, and what is gone stays gone")
    func stock() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addReward(["stock": 2])
            try await house.give(1_000, to: "ada")
            let first = try await house.redemption(id, for: "ada")
            _ = try await house.redemption(id, for: "ada")
            let refused = try await house.reserve(id, for: "ada")
            #expect(refused.status == 409 && refused.code == "out_of_stock" && refused.json.reasonCodes == ["out_of_stock"])
            _ = try await house.test.put("/v1/loyalty/rewards/\(id)", rewardBody(["stock": 3]))
            #expect(try await house.reward(id)["stock_left"] == 1)
            _ = try await house.redemption(id, for: "ada")
            _ = try await house.test.put("/v1/loyalty/rewards/\(id)", rewardBody(["stock": 1]))
            #expect(try await house.reward(id)["stock_left"] == 0)
            // One that comes back fills the gap first.
            #expect(try await house.cancel(first.id).status == 200)
            #expect(try await house.reserve(id, for: "ada").code == "out_of_stock")
            _ = try await house.test.put("/v1/loyalty/rewards/\(id)", rewardBody())
            #expect(try await house.reward(id)["stock_left"] == .null)
            let free = try await house.redemption(id, for: "ada")
            _ = try await house.test.put("/v1/loyalty/rewards/\(id)", rewardBody(["stock": 1]))
            // It was none of this stock.
            #expect(try await house.cancel(free.id).status == 200)
            #expect(try await house.reward(id)["stock_left"] == 1)
        }
    }

    @Test("the programme says what comes back of spent points")
    func programme() async throws {
        try await LoyaltyHouse.with { house in
            let fresh = try await house.test.get("/v1/loyalty/program").json
            #expect(fresh["spent_refund"] == "proportional" && fresh["spent_refund_grace_days"] == 30)
            try await house.setProgramme(["spent_refund": "full_only", "spent_refund_grace_days": 0])
            let changed = try await house.test.get("/v1/loyalty/program").json
            #expect(changed["spent_refund"] == "full_only" && changed["spent_refund_grace_days"] == 0)
            #expect(try await house.test.put("/v1/loyalty/program", ["spent_refund": "half"]).pointers == ["/spent_refund"])
        }
    }
}
