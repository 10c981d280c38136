import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Rewards that the other services order")
struct GrantTests {
    private static let service = Principal(kind: .service, keyID: "service")

    private func coupon(_ key: String, customer: String? = nil, email: String? = "Friend@Example.com") -> Grant {
        Grant(
            key: key, customerID: customer, email: email, reward: .discount(.fixed(amount: 1_000, currency: nil)), reason: "referral",
            name: "Friend's 10", terms: CouponTerms(minimumOrder: 4_000, firstOrderOnly: true),
            origin: JSONObject([.init(name: "referral_id", value: "r1")]))
    }

    private func points(_ key: String, _ points: Int64 = 50, customer: String? = "42", email: String? = nil) -> Grant {
        Grant(key: key, customerID: customer, email: email, reward: .points(points), reason: "survey", name: "Thank you")
    }

    private func give(_ house: LoyaltyHouse, _ grant: Grant) async throws -> GrantOutcome {
        let answer = try await house.test.request(.post, "/internal/v1/grants", body: grant.json.bytes, principal: Self.service)
        guard answer.status == 200, let outcome = GrantOutcome(answer.json) else { throw Unexpected(answer: answer.text) }
        return outcome
    }

    private func ordering(
        _ grants: [Grant] = [], revokes: [String] = [], source: String = "vefa/referral", subject: String? = nil
    ) -> CloudEvent {
        var event = event("referral.approved", .object(JSONObject(GrantOrders.data(grants: grants, revokes: revokes))), subject: subject)
        event.source = source
        return event
    }

    @Test("a coupon comes with the answer, is its holder's own, and works at once")
    func couponByCall() async throws {
        try await LoyaltyHouse.with { house in
            let outcome = try await give(house, coupon("referral:claim:r1"))
            #expect(outcome.state == .issued && outcome.reason == "referral" && outcome.origin["referral_id"] == "r1")
            let code = outcome.couponCode ?? ""
            #expect(code.utf8.count >= 8)
            #expect(try await house.validate(code, customer: ["email": "friend@example.com"])["discount"] == 1_000)
            #expect(
                try await house.validate(code, cart(3_999), customer: ["email": "x@example.com"]).reasonCodes == [
                    "minimum_order", "wrong_customer",
                ])
            #expect(try await house.validate(code).reasonCodes == ["customer_required"])
            let kept = try await house.coupon(code)
            #expect(kept["grant_key"] == "referral:claim:r1" && kept["max_redemptions"] == 1 && kept["email"] == "friend@example.com")
            let said = try await house.test.said()
            #expect(said.map(\.type) == ["coupon.issued", "grant.issued"])
            #expect(said.allSatisfy { $0.subject == Guest.id(email: "friend@example.com") })
            #expect(GrantOutcome(said[1].data) == outcome)
            #expect(said[1].data["customer_id"] == .from(said[1].subject))
            // Nobody became a customer by it; the guest's coupon is seen once they are one.
            #expect(try await house.test.get("/v1/customers").json["data"] == [])
            try await house.send(event("order.placed", orderData("1", customer: "9", email: "friend@example.com", total: 5_000)))
            #expect(try await house.overview("9")["coupons"]?[0]?["code"] == .string(code))
        }
    }

    @Test("a granted amount without a currency is the programme's: ten lira are not ten dinars")
    func currency() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["currency": "TRY"])
            var grant = coupon("referral:claim:r1", customer: "42", email: nil)
            grant.terms = CouponTerms()
            let code = try await give(house, grant).couponCode ?? ""
            #expect(try await house.validate(code, cart(currency: "KWD"), customer: ["id": "42"]).reasonCodes == ["currency_mismatch"])
            #expect(try await house.validate(code, customer: ["id": "42"])["discount"] == 1_000)
            #expect(try await house.coupon(code)["discount"]?["currency"] == "TRY")
            #expect(try await house.test.said("coupon.issued").first?.data["discount"]?["currency"] == "TRY")
        }
    }

    @Test("sixty-four askings of one key are one coupon, and the first reward stands")
    func once() async throws {
        try await LoyaltyHouse.with { house in
            let grant = coupon("referral:claim:r1")
            let codes = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<64 { group.addTask { try await give(house, grant).couponCode } }
                return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
            }
            #expect(codes.count == 1 && codes.first != .some(nil))
            var other = points("referral:claim:r1")
            other.reason = "referral"
            #expect(try await give(house, other).couponCode == codes.first)
            try await house.send(ordering([other]))
            #expect(try await house.test.said("grant.issued").count == 1)
            #expect(try await house.test.said("points.earned").isEmpty)
            let batches = try await house.test.get("/v1/coupon_batches").json["data"]
            #expect(batches?.array?.count == 1 && batches?[0]?["kind"] == "granted" && batches?[0]?["count"] == 1)
            _ = try await give(house, coupon("referral:claim:r2"))
            #expect(try await house.test.get("/v1/coupon_batches").json["data"]?[0]?["count"] == 2)
            let path = "/v1/coupon_batches/\(batches?[0]?["id"]?.string ?? "")"
            #expect(try await house.test.delete(path).code == "granted_batch")
            #expect(try await house.test.put(path, ["name": "x"]).code == "granted_batch")
            #expect(try await house.test.get(path + "/coupons").json["data"]?.array?.count == 2)
        }
    }

    @Test("points by event are the member's at once, in a ledger that adds up")
    func pointsByEvent() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["pending_days": 14])
            let grants = [points("survey:s1:42"), points("survey:s1:x", 20, customer: nil, email: "guest@example.com")]
            try await house.test.deliver([ordering(grants, source: "vefa/survey"), ordering(grants, source: "vefa/survey")], from: .survey)
            #expect(try await house.balance("42") == 50)
            let guest = Guest.id(email: "guest@example.com") ?? ""
            #expect(try await house.balance(guest) == 20)
            let transactions = try await house.transactions("42")
            #expect(transactions.count == 1 && transactions[0]["points"] == 50 && transactions[0]["reason"] == "Thank you")
            let earned = try await house.test.said("points.earned")
            #expect(earned.map { $0.data["grant_key"] } == ["survey:s1:42", "survey:s1:x"])
            #expect(earned[0].data["reason"] == "survey" && earned[0].data["points"] == 50)
            #expect(try await house.test.said("grant.issued").map { $0.data["points"] } == [50, 20])
            #expect(try await house.test.said("grant.issued").map(\.subject) == ["42", guest])
            #expect(try await house.fault() == nil)
            let causes = try await house.test.house.read { db in try db.all("SELECT cause FROM ledger_entries") { $0.text(0) } }
            #expect(causes.count == 2 && causes.allSatisfy { !$0.contains("42") && !$0.contains("survey") })
            #expect(try await house.test.refused().isEmpty)
        }
    }

    @Test("an unused coupon is taken back; a used one is said to be spent, and stays dead when its order is cancelled")
    func revokeCoupon() async throws {
        try await LoyaltyHouse.with { house in
            let unused = try await give(house, coupon("a")).couponCode ?? ""
            let used = try await give(house, coupon("b")).couponCode ?? ""
            #expect(try await house.redeem(used, "1", customer: ["email": "friend@example.com"]).status == 201)
            try await house.send(ordering(revokes: ["a", "b", "none"]), ordering(revokes: ["a", "b"]))
            #expect(try await house.coupon(unused)["state"] == "cancelled")
            #expect(try await house.coupon(used)["state"] == "redeemed")
            let said = try await house.test.said("grant.revoked")
            #expect(said.map { $0.data["state"] } == ["revoked", "spent"])
            #expect(said.map { $0.data["coupon_code"] } == [.string(unused), .string(used)])
            #expect(try await house.test.said("coupon.cancelled").map { $0.data["code"] } == [.string(unused)])
            #expect(try await house.test.delete("/v1/coupons/\(used)/redemptions/1").status == 204)
            #expect(try await house.validate(used, customer: ["email": "friend@example.com"]).reasonCodes == ["cancelled"])
            #expect(try await give(house, coupon("a")).state == .revoked)
        }
    }

    @Test(
        "points are taken back as far as the programme's policy goes",
        arguments: [("within_balance", 0, 30), ("allow_negative", -30, 0), ("only_pending", 20, 50)])
    func revokePoints(_ policy: String, _ balance: Int64, _ forgiven: Int64) async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["clawback": .string(policy)])
            try await house.send(ordering([points("k")]))
            _ = try await house.test.post("/v1/loyalty/members/42/adjustments", ["points": -30, "reason": "till"])
            try await house.send(ordering(revokes: ["k"]), ordering(revokes: ["k"]))
            #expect(try await house.balance("42") == balance)
            let reversed = try await house.test.said("points.reversed").filter { $0.data["cause"] == "revoked" }
            #expect(reversed.count == 1 && reversed[0].data["forgiven"] == .int(forgiven) && reversed[0].data["grant_key"] == "k")
            #expect(try await house.test.said("grant.revoked").count == 1)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("nobody outside orders anything, and an event's own points are not disturbed")
    func outside() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addRule(["name": "thanks", "trigger": "referral.approved", "points": ["fixed": 7]])
            try await house.send(
                ordering([points("k")], source: "shop", subject: "42"), ordering([points("k2")], source: "vefanot", subject: "42"))
            #expect(try await house.balance("42") == 14)
            try await house.send(ordering([points("k")], source: "vefa/referral", subject: "42"))
            #expect(try await house.balance("42") == 71)
            #expect(try await house.test.said("grant.issued").count == 1)
            for principal in [Principal(kind: .secret, keyID: "key"), Principal(kind: .publishable, keyID: "pk"), .visitor] {
                let answer = try await house.test.request(.post, "/internal/v1/grants", body: points("x").json.bytes, principal: principal)
                #expect(answer.status == 403 && answer.code == "internal_route")
            }
            #expect(try await house.test.request(.post, "/internal/v1/grants", body: points("x").json.bytes, principal: nil).status == 401)
        }
    }

    @Test("what cannot be given is refused, by call and by event, and hinders nothing else")
    func refused() async throws {
        try await LoyaltyHouse.with { house in
            let noGrant = try await house.test.request(
                .post, "/internal/v1/grants", body: Array(#"{"key": "k"}"#.utf8), principal: Self.service)
            #expect(noGrant.status == 422 && noGrant.pointers == ["/reward", "/reason", "/name"])
            #expect(try await give(house, points("k", customer: nil, email: "nobody")).code == "invalid")
            #expect(try await give(house, coupon("k3", email: "nobody")).code == "invalid")

            try await house.send(
                event("customer.created", ["customer": ["id": "42"]]), event("customer.deleted", ["customer": ["id": "42"]], at: 1))
            let deleted = try await give(house, points("gone"))
            #expect(deleted.state == .refused && deleted.code == "customer_deleted")

            try await house.test.house.write { change in
                try change.db.execute("UPDATE members SET active = 9223372036854775807 WHERE customer_id = '42'")
                try change.db.execute("UPDATE customers SET deleted_at = NULL WHERE customer_id = '42'")
            }
            var order = ordering([points("full"), coupon("ok")])
            var data = order.data.object
            data?["grants"] = .array((order.data["grants"]?.array ?? []) + [["key": "bad", "reason": "referral"], ["no": "key"], 7])
            order.data = .object(data ?? JSONObject())
            try await house.send(order)
            let refusals = try await house.test.said("grant.refused").map {
                "\($0.data["key"]?.string ?? "") \($0.data["code"]?.string ?? "")"
            }
            #expect(refusals == ["k invalid", "k3 invalid", "gone customer_deleted", "full points_overflow", "bad invalid"])
            #expect(try await house.test.said("grant.issued").map { $0.data["key"] } == ["ok"])
            #expect(try await house.test.refused().isEmpty)
            #expect(try await give(house, points("full")).code == "points_overflow")
            #expect(try await house.test.said("grant.refused").count == 5)
        }
    }
}
