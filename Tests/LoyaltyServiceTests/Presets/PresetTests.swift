import LoyaltyService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Loyalty: presets")
struct PresetTests {
    private func all(_ house: LoyaltyHouse, _ kind: String) async throws -> [JSON] {
        try await house.test.get("/v1/loyalty/\(kind)?limit=200").json["data"]?.array ?? []
    }

    @Test("a cosmetics shop in one call: three tiers that earn 2, 4 and 6, and all of it gone with another")
    func cosmeticsShop() async throws {
        try await LoyaltyHouse.with { house in
            let listed = try await house.test.get("/v1/loyalty/presets").json["data"]?.array ?? []
            #expect(listed.map { $0["id"] } == ["cosmetics_shop"])
            #expect(listed.first?["name"]?["tr"]?.string?.isEmpty == false)
            #expect(listed.first?["loaded_at"] == .null)
            let before = try await all(house, "earning_rules")

            let answer = try await house.test.post(
                "/v1/loyalty/presets/cosmetics_shop", ["locale": "tr"], headers: [.idempotencyKey: "once"])
            #expect(answer.status == 201, "\(answer.text)")
            #expect(answer.json["items"]?.array?.count == listed.first?["contents"]?.array?.count)
            #expect(answer.json["paused"]?.array?.count == 1)
            let again = try await house.test.post(
                "/v1/loyalty/presets/cosmetics_shop", ["locale": "tr"], headers: [.idempotencyKey: "once"])
            #expect(again.json == answer.json)
            #expect(try await house.test.post("/v1/loyalty/presets/cosmetics_shop").code == "preset_loaded")
            #expect(try await house.test.get("/v1/loyalty/presets").json["data"]?.array?.first?["loaded_at"]?.string != nil)
            let tiers = try await all(house, "tiers").sorted { $0["threshold"]?.int ?? 0 < $1["threshold"]?.int ?? 0 }
            #expect(tiers.map { $0["name"] } == ["Işıltı", "Parıltı", "İkon"])
            #expect(tiers.map { $0["multiplier"]?.double } == [1, 2, 3])
            #expect(try await all(house, "rewards").count == 1)
            #expect(try await all(house, "offers").count == 2)
            let active = try await all(house, "earning_rules").filter { $0["state"] == "active" && $0["points"]?["per_amount"] != nil }
            #expect(active.map { $0["points"]?["per_amount"]?["points"] } == [2])

            #expect(try await house.test.delete("/v1/loyalty/presets/cosmetics_shop").status == 204)
            #expect(try await house.test.delete("/v1/loyalty/presets/cosmetics_shop").status == 404)
            #expect(try await all(house, "tiers").isEmpty)
            #expect(try await all(house, "rewards").isEmpty)
            #expect(try await all(house, "offers").isEmpty)
            let after = try await all(house, "earning_rules")
            #expect(after.map { $0["id"] } == before.map { $0["id"] })
            #expect(after.first?["state"] == "active")
        }
    }

    @Test("a joiner, a purchase at each tier: 2, 4 and 6 points per 1.00")
    func points() async throws {
        try await LoyaltyHouse.with { house in
            #expect(try await house.test.post("/v1/loyalty/presets/cosmetics_shop").status == 201)
            try await house.send(event("customer.created", ["customer": ["id": "ada"]]))
            #expect(try await house.balance("ada") == 100)
            #expect(try await house.tier("ada") == "Glow")
            var expected: Int64 = 100
            // 200 more at Glow; 600 at Glow leads to Radiance, 1,600 there to Icon.
            for (amount, rate, tier) in [(100, 2, "Glow"), (300, 2, "Radiance"), (400, 4, "Icon"), (10, 6, "Icon")]
                as [(Int64, Int64, String)]
            {
                try await house.test.advance(days: 1)
                try await house.pay("o\(expected)", "ada", amount)
                expected += amount * rate
                #expect(try await house.balance("ada") == expected)
                #expect(try await house.tier("ada") == tier)
            }
        }
    }

    @Test("its amounts are the programme's currency's: 5.00 is 5 yen, and 5.000 dinars", arguments: [("JPY", 1), ("EUR", 100), ("KWD", 1_000)])
    func currencies(_ code: String, _ unit: Int64) async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["currency": .string(code)])
            #expect(try await house.test.post("/v1/loyalty/presets/cosmetics_shop").status == 201)
            let reward = try #require(try await all(house, "rewards").first)
            #expect(reward["amount"]?.int == 5 * unit && reward["minimum_order"]?.int == 10 * unit)
            #expect(Set(try await all(house, "offers").map { $0["minimum_order"]?.int }) == [20 * unit, 30 * unit])
        }
    }

    @Test("tiers of the merchant's own keep it out; what was removed or changed by hand since does not keep it in")
    func conflicts() async throws {
        try await LoyaltyHouse.with { house in
            let own = try await house.addTier("Mine", 10)
            #expect(try await house.test.post("/v1/loyalty/presets/cosmetics_shop").code == "tiers_exist")
            _ = try await house.test.delete("/v1/loyalty/tiers/\(own)")
            #expect(try await house.test.post("/v1/loyalty/presets/nothing").status == 404)
            #expect(try await house.test.post("/v1/loyalty/presets/cosmetics_shop", ["locale": "de"]).pointers == ["/locale"])
            let answer = try await house.test.post("/v1/loyalty/presets/cosmetics_shop")
            let tier = answer.json["items"]?.array?.first?["id"]?.string ?? ""
            #expect(try await house.test.delete("/v1/loyalty/tiers/\(tier)").status == 204)
            let paused = answer.json["paused"]?.array?.first?["id"]?.string ?? ""
            #expect(try await house.test.delete("/v1/loyalty/earning_rules/\(paused)").status == 204)
            #expect(try await house.test.delete("/v1/loyalty/presets/cosmetics_shop").status == 204)
            #expect(try await all(house, "earning_rules").isEmpty)
        }
    }
}
