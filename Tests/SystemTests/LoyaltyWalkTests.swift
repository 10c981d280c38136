import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    /// The worked example of docs/loyalty.md, number by number, through the gateway and by the sandbox clock.
    @Suite("The worked example")
    struct LoyaltyWalkTests {
        private let shop = Shop("example")

        /// A moment in the shop's own time, which is three hours ahead all year.
        private func local(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: "\(text)+03:00"), "\(text)") }

        private func travel(_ suite: SharedTesting.Suite, to text: String) async throws {
            let answer = try await suite.post("/v1/sandbox/clock", ["now": .string(try local(text).rfc3339)])
            try #require(answer.status == 200, "\(text): \(answer.text)")
        }

        private func make(_ suite: SharedTesting.Suite, _ path: String, _ body: JSON) async throws -> String {
            let answer = try await suite.post(path, body)
            try #require(answer.status == 201, "\(path): \(answer.text)")
            return try #require(answer.json["id"]?.string)
        }

        private func order(
            _ suite: SharedTesting.Suite, _ id: String, at text: String, items: [JSON], discount: Int64 = 0, coupons: [String] = []
        ) async throws {
            let subtotal = items.reduce(Int64(0)) { $0 + ($1["unit_price"]?.int ?? 0) * ($1["quantity"]?.int ?? 0) }
            let time = try local(text)
            let event = CloudEvent(
                id: "\(id)-paid", source: shop.source, type: "order.paid", time: time, subject: "ada",
                data: [
                    "order_id": .string(id), "customer": ["id": "ada", "email": "ada@example.com"], "currency": "TRY",
                    "subtotal": .int(subtotal), "discount_total": .int(discount), "tax_total": 0, "shipping_total": 0,
                    "total": .int(subtotal - discount), "coupon_codes": .from(coupons), "placed_at": .string(time.rfc3339), "items": .array(items),
                ])
            try await suite.take(event)
            try await suite.untilDone(event)
        }

        private func refund(_ suite: SharedTesting.Suite, _ order: String, at text: String, amount: Int64?, items: [JSON] = []) async throws {
            let event = CloudEvent(
                id: "\(order)-refund", source: shop.source, type: "order.refunded", time: try local(text), subject: "ada",
                data: ["order_id": .string(order), "refund_id": .string("\(order)-r"), "amount": .from(amount), "items": .array(items)])
            try await suite.take(event)
            try await suite.untilDone(event)
        }

        private func line(_ id: String, _ price: Int64) -> JSON {
            ["line_id": .string(id), "product_id": .string(id), "quantity": 1, "unit_price": .int(price)]
        }

        /// Balance, pending points and the tier's name.
        private func expect(
            _ suite: SharedTesting.Suite, balance: Int64, pending: Int64, tier: String?, sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let member = try await suite.member("ada")
            #expect(member["balance"]?.int == balance, "\(member)", sourceLocation: sourceLocation)
            #expect(member["pending"]?.int == pending, "\(member)", sourceLocation: sourceLocation)
            #expect(member["tier"]?["name"]?.string == tier, "\(member)", sourceLocation: sourceLocation)
            try await suite.verifyLedger(sourceLocation: sourceLocation)
        }

        @Test("fourteen months of one member come out as docs/loyalty.md reckons them by hand")
        func year() async throws {
            try await withSuite(["VEFA_SANDBOX": "1"]) { suite in
                try await travel(suite, to: "2026-03-01T09:00:00")
                let programme = try await suite.put(
                    "/v1/loyalty/program",
                    [
                        "currency": "TRY", "timezone": "Europe/Istanbul", "pending_days": 14, "clawback": "within_balance",
                        "expiry": ["kind": "rolling", "months": 12, "round": "month_end"],
                    ])
                try #require(programme.status == 200, "\(programme.text)")
                let rules = try await suite.get("/v1/loyalty/earning_rules").json["data"]?.array ?? []
                for rule in rules { _ = try await suite.request("DELETE", "/v1/loyalty/earning_rules/\(rule["id"]?.string ?? "")", key: suite.key) }
                _ = try await make(
                    suite, "/v1/loyalty/earning_rules",
                    ["name": "2 points per 1.00", "trigger": "order.paid", "points": ["per_amount": ["points": 2, "amount": 100]], "basis": "net"])
                for (name, threshold, multiplier) in [("Rose", 0, 1.0), ("Gold", 500, 2.0), ("Diamond", 2_000, 3.0)] {
                    _ = try await make(
                        suite, "/v1/loyalty/tiers",
                        [
                            "name": .string(name), "threshold": .from(threshold), "basis": "points_earned",
                            "window": ["kind": "rolling_days", "days": 365], "multiplier": .double(multiplier), "grace_days": 30,
                        ])
                }
                let reward = try await make(
                    suite, "/v1/loyalty/rewards",
                    ["name": "5.00 off", "points": 100, "kind": "fixed", "amount": 500, "minimum_balance": 100, "minimum_order": 1_000])

                // 1. Serum 80.00, cream 50.00, brush 19.90; 20.00 off the whole: 129.90 is left, 259.8 points, so 259.
                try await travel(suite, to: "2026-03-02T10:00:00")
                try await order(
                    suite, "E-1", at: "2026-03-02T10:00:00", items: [line("serum", 8_000), line("cream", 5_000), line("brush", 1_990)],
                    discount: 2_000)
                try await expect(suite, balance: 0, pending: 259, tier: "Rose")

                // 2. A fortnight later they can be spent.
                try await travel(suite, to: "2026-03-16T10:00:01")
                try await expect(suite, balance: 259, pending: 0, tier: "Rose")

                // 3. The brush comes back. It bore 2.66 of the discount, so 17.24 goes: 112.66 is left, 225 points.
                try await travel(suite, to: "2026-03-20T10:00:00")
                try await refund(
                    suite, "E-1", at: "2026-03-20T10:00:00", amount: 1_724, items: [["line_id": "brush", "quantity": 1, "amount": 1_724]])
                try await expect(suite, balance: 225, pending: 0, tier: "Rose")

                // 4. 200.00: 400 points, and with them 625 earned in a year: Gold from this moment.
                try await travel(suite, to: "2026-04-01T12:00:00")
                try await order(suite, "E-2", at: "2026-04-01T12:00:00", items: [line("perfume", 20_000)])
                try await expect(suite, balance: 225, pending: 400, tier: "Gold")

                // 5. 50.00 as Gold: 2 × 2 × 50 = 200 points.
                try await travel(suite, to: "2026-04-02T12:00:00")
                try await order(suite, "E-3", at: "2026-04-02T12:00:00", items: [line("soap", 5_000)])
                try await expect(suite, balance: 225, pending: 600, tier: "Gold")
                try await travel(suite, to: "2026-04-16T12:00:01")
                try await expect(suite, balance: 825, pending: 0, tier: "Gold")

                // 6. 100 points for 5.00 off, used on an order of 30.00: 25.00 is paid, 100 points are earned.
                let reserved = try await suite.post(
                    "/v1/loyalty/members/ada/redemptions", ["reward_id": .string(reward), "order_total": 3_000])
                try #require(reserved.status == 201, "\(reserved.text)")
                #expect(reserved.json["state"] == "reserved" && reserved.json["points"] == 100, "\(reserved.text)")
                let code = try #require(reserved.json["coupon_code"]?.string, "\(reserved.text)")
                try await expect(suite, balance: 725, pending: 0, tier: "Gold")
                try await order(suite, "E-4", at: "2026-04-16T12:30:00", items: [line("lipstick", 3_000)], discount: 500, coupons: [code])
                try await expect(suite, balance: 725, pending: 100, tier: "Gold")
                let redemption = try await suite.get("/v1/loyalty/redemptions/\(reserved.json["id"]?.string ?? "")")
                #expect(redemption.json["state"] == "redeemed", "\(redemption.text)")
                #expect(try await suite.member("ada")["lifetime_spent"] == 100)

                // 7. That order is given back whole: what it earned goes, what was spent on it returns.
                try await travel(suite, to: "2026-04-20T12:00:00")
                try await refund(suite, "E-4", at: "2026-04-20T12:00:00", amount: 2_500)
                try await expect(suite, balance: 825, pending: 0, tier: "Gold")
                #expect(try await suite.member("ada")["lifetime_spent"] == 0)

                // 8. The first 225 are good through March 2027, the others through April.
                let expiring = try await suite.member("ada")["expiring"]?.array ?? []
                #expect(expiring.map { $0["points"]?.int } == [225, 600], "\(expiring)")
                try await travel(suite, to: "2027-03-31T23:59:00")
                try await expect(suite, balance: 825, pending: 0, tier: "Gold")
                try await travel(suite, to: "2027-04-01T00:00:00")
                try await expect(suite, balance: 600, pending: 0, tier: "Gold")

                // 9. Noon of 1 April: the 400 leave the year, 200 are fewer than 500. Thirty days of grace, then one step down.
                try await travel(suite, to: "2027-04-01T12:00:01")
                try await expect(suite, balance: 600, pending: 0, tier: "Gold")
                try await travel(suite, to: "2027-05-01T12:00:01")
                try await expect(suite, balance: 0, pending: 0, tier: "Rose")
                let transactions = try await suite.get("/v1/loyalty/members/ada/transactions?limit=200").json["data"]?.array ?? []
                let kinds = transactions.compactMap { $0["kind"]?.string }
                #expect(Set(kinds).isSuperset(of: ["earned", "clawed_back", "redeemed", "returned", "expired"]), "\(kinds)")
            }
        }
    }
}
