import ReferralDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("The friend's order")
struct OrderTests {
    @Test("a paid first order with the coupon qualifies; after the hold the advocate is rewarded, once")
    func approved() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com")
            let placed = order("order.placed", "1", customer: "bora", email: "Bora@example.com", coupon: claim.coupon.lowercased(), at: 1)
            try await house.send(placed)
            #expect(try await house.state(claim.id) == "pending")
            try await house.send(order("order.paid", "1", customer: "bora", email: "bora@example.com", coupon: claim.coupon, at: 2))
            let qualified = try await house.referral(claim.id)
            #expect(qualified["state"] == "qualified" && qualified["order_id"] == "1" && qualified["friend_id"] == "bora")
            #expect(qualified["hold_until"]?.string == TestHouse.startOfTime.adding(seconds: 120).adding(days: 14).rfc3339)
            try await house.test.advance(days: 14)
            #expect(try await house.state(claim.id) == "qualified")
            try await house.test.advance(seconds: 120)
            #expect(try await house.state(claim.id) == "approved")
            #expect(try await house.referral(claim.id)["advocate_reward"]?["state"] == "ordered")
            let said = try await house.test.said("referral.approved")
            #expect(said.count == 1 && said.first?.subject == "ada")
            let grant = try #require(said.first?.data["grants"]?[0])
            #expect(
                grant["key"]?.string == "referral:\(claim.id):advocate" && grant["customer_id"] == "ada" && grant["reason"] == "referral")
            #expect(grant["reward"]?["amount"] == 1_000 && grant["origin"]?["referral_id"]?.string == claim.id)
            try await house.send(order("order.paid", "1", customer: "bora", email: "bora@example.com", coupon: claim.coupon, at: 2))
            try await house.test.advance(days: 30)
            #expect(try await house.orders().grants.count == 1)
            let steps = try await house.referral(claim.id)["history"]?.array?.compactMap { $0["to"]?.string }
            #expect(steps == ["pending", "qualified", "approved"])
        }
    }

    @Test("the advocate's code on the order does as well, with the coupon left at home")
    func byCode() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com", customer: "bora")
            try await house.send(order("order.paid", "1", customer: "bora", code: "ada10"))
            #expect(try await house.state(claim.id) == "qualified")
            #expect(try await house.referrals().count == 1)
        }
    }

    @Test("an order without either leaves the claim waiting; the next one is not the first")
    func withoutCode() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com")
            try await house.send(order("order.paid", "1", email: "bora@example.com", at: 1))
            #expect(try await house.state(claim.id) == "pending")
            try await house.send(order("order.paid", "2", email: "bora@example.com", coupon: claim.coupon, at: 2))
            let referral = try await house.referral(claim.id)
            #expect(referral["state"] == "rejected" && referral["reason"] == "existing_customer")
        }
    }

    @Test("the minimum is the subtotal before discounts")
    func minimum() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let good = try await house.claimed("good@example.com")
            let poor = try await house.claimed("poor@example.com")
            try await house.send(
                order("order.paid", "1", email: "good@example.com", subtotal: 4_000, coupon: good.coupon),
                order("order.paid", "2", email: "poor@example.com", subtotal: 3_999, coupon: poor.coupon))
            #expect(try await house.state(good.id) == "qualified")
            let refused = try await house.referral(poor.id)
            #expect(refused["state"] == "rejected" && refused["reason"] == "below_minimum")
        }
    }

    @Test("a refund below the minimum inside the hold rejects; one that leaves enough changes nothing")
    func refundInHold() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com")
            try await house.send(order("order.paid", "1", email: "bora@example.com", subtotal: 5_000, coupon: claim.coupon))
            try await house.send(refund("1", "r1", 800))
            #expect(try await house.state(claim.id) == "qualified")
            try await house.send(refund("1", "r1", 800), refund("1", "r2", 1))
            #expect(try await house.referral(claim.id)["reason"] == "refunded")
            #expect(try await house.state(claim.id) == "rejected")
            try await house.test.advance(days: 30)
            let orders = try await house.orders()
            #expect(orders.grants.isEmpty && orders.revokes.isEmpty)
            #expect(try await house.test.said("referral.rejected").count == 1)
        }
    }

    @Test("a refund after the approval reverses and revokes exactly the advocate's grant", arguments: ["refund", "cancel"])
    func refundAfter(_ how: String) async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com")
            try await house.send(order("order.paid", "1", email: "bora@example.com", coupon: claim.coupon))
            try await house.test.advance(days: 14)
            #expect(try await house.state(claim.id) == "approved")
            let end = how == "refund" ? refund("1", "r", 4_000) : event("order.cancelled", ["order_id": "1"], at: 30)
            try await house.send(end, end)
            try await house.send(refund("1", "again", 100, at: 40))
            #expect(try await house.state(claim.id) == "reversed")
            #expect(try await house.referral(claim.id)["reason"]?.string == (how == "refund" ? "refunded" : "cancelled"))
            let orders = try await house.orders()
            #expect(orders.revokes == ["referral:\(claim.id):advocate"] && orders.grants == orders.revokes)
            #expect(try await house.test.said("referral.reversed").count == 1)
        }
    }

    @Test("a refund that comes before its order counts when the order comes")
    func refundFirst() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com")
            try await house.send(refund("1", "r", 4_000, at: 5))
            #expect(try await house.test.parked().isEmpty)
            try await house.send(order("order.paid", "1", email: "bora@example.com", coupon: claim.coupon, at: 1))
            #expect(try await house.referral(claim.id)["state"] == "rejected")
            #expect(try await house.referral(claim.id)["reason"] == "refunded")
        }
    }

    @Test("an earlier order that becomes known inside the hold takes the first order's place")
    func earlierOrder() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com")
            try await house.send(order("order.paid", "2", customer: "bora", email: "bora@example.com", coupon: claim.coupon, at: 60))
            #expect(try await house.state(claim.id) == "qualified")
            try await house.send(order("order.placed", "1", email: "bora@example.com", at: 1))
            #expect(try await house.referral(claim.id)["state"] == "rejected")
            #expect(try await house.referral(claim.id)["reason"] == "existing_customer")
        }
    }

    @Test("a mailbox that comes to light inside the hold shows that friend and advocate are one")
    func laterMailbox() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("other@gmail.com", customer: "bora")
            try await house.send(order("order.paid", "1", customer: "bora", coupon: claim.coupon))
            #expect(try await house.state(claim.id) == "qualified")
            try await house.send(customer("ada", "ada@gmail.com"))
            #expect(try await house.state(claim.id) == "qualified")
            try await house.send(customer("bora", "a.da+second@gmail.com"))
            #expect(try await house.referral(claim.id)["state"] == "rejected")
            #expect(try await house.referral(claim.id)["reason"] == "self_referral")
        }
    }

    @Test("friends who wrote another address at the checkout are known by their coupon")
    func otherAddress() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("private@example.com")
            try await house.send(order("order.paid", "1", customer: "bora", email: "work@example.com", coupon: claim.coupon, code: "ADA10"))
            let referrals = try await house.referrals()
            #expect(referrals.count == 1 && referrals.first?["state"] == "qualified" && referrals.first?["friend_id"] == "bora")
        }
    }

    @Test("an order with a code and no claim makes the referral itself")
    func orderMakesReferral() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.send(order("order.placed", "1", customer: "bora", email: "bora@example.com", code: "ADA10", at: 1))
            #expect(try await house.referrals().isEmpty)
            try await house.send(order("order.paid", "1", customer: "bora", email: "bora@example.com", code: "ADA10", at: 2))
            try await house.send(order("order.updated", "1", customer: "bora", email: "bora@example.com", code: "ADA10", at: 3))
            let referrals = try await house.referrals()
            #expect(referrals.count == 1 && referrals.first?["state"] == "qualified" && referrals.first?["friend_id"] == "bora")
            #expect(try await house.claim("bo.ra@example.com", customer: "bora").code == "existing_customer")
            try await house.test.advance(days: 15)
            #expect(try await house.referrals("&state=approved").count == 1)
            #expect(try await house.orders().grants.count == 1)
            // The code on later orders of the same friend says nothing new.
            try await house.send(order("order.paid", "2", customer: "bora", code: "ADA10", at: 9))
            #expect(try await house.referrals().count == 1)
        }
    }

    @Test("what speaks against an order's code is kept with its reason")
    func refusedOrders() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.advocate("cem", code: "CEM")
            try await house.send(
                customer("ada", "ada@example.com"), order("order.paid", "0", customer: "old", at: 0),
                order("order.paid", "self", customer: "ada2", email: "ADA@example.com", code: "ADA10", at: 1),
                order("order.paid", "old", customer: "old", code: "ADA10", at: 2),
                order("order.paid", "poor", customer: "p", subtotal: 10, code: "ADA10"),
                order("order.paid", "nobody", code: "ADA10"), order("order.paid", "none", customer: "n", code: "NOBODY"))
            _ = try await house.claimed("two@example.com", customer: "two")
            try await house.send(order("order.paid", "two", customer: "two", code: "CEM"))
            try await house.change(["state": "closed"])
            try await house.send(order("order.paid", "late", customer: "late", code: "ADA10"))
            var reasons: [String: String] = [:]
            for referral in try await house.referrals("&state=rejected") {
                reasons[referral["order_id"]?.string ?? ""] = referral["reason"]?.string
            }
            #expect(
                reasons == [
                    "self": "self_referral", "old": "existing_customer", "poor": "below_minimum", "nobody": "unknown_customer",
                    "two": "already_referred", "late": "programme_closed",
                ])
            #expect(try await house.test.said("referral.rejected").count == 6)
            #expect(try await house.referrals().count == 7)
            #expect(try await house.test.refused().isEmpty)
        }
    }

    @Test("the limit of an advocate counts exactly, and begins anew with the period")
    func limit() async throws {
        try await ReferralHouse.with { house in
            try await house.change(["max_per_advocate": ["count": 2, "every": "month"], "hold_days": 1])
            try await house.advocate()
            for number in 0..<4 {
                try await house.send(order("order.paid", "\(number)", customer: "c\(number)", code: "ADA10", at: Int64(number)))
            }
            try await house.test.advance(days: 2)
            #expect(try await house.referrals("&state=approved").count == 2)
            let rejected = try await house.referrals("&state=rejected")
            #expect(rejected.count == 2 && rejected.allSatisfy { $0["reason"] == "advocate_limit" })
            try await house.test.advance(days: 31)
            try await house.send(order("order.paid", "next", customer: "c9", code: "ADA10", at: 33 * 1_440))
            try await house.test.advance(days: 2)
            #expect(try await house.referrals("&state=approved").count == 3)
            #expect(try await house.orders().grants.count == 3)
        }
    }

    @Test("a referral keeps the terms it was made on")
    func frozen() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com")
            try await house.change([
                "friend_minimum_order": 9_000, "hold_days": 100, "advocate_reward": ["kind": "points", "points": 5], "state": "closed",
            ])
            try await house.send(order("order.paid", "1", email: "bora@example.com", coupon: claim.coupon))
            try await house.test.advance(days: 14)
            #expect(try await house.state(claim.id) == "approved")
            #expect(try await house.test.said("referral.approved").first?.data["grants"]?[0]?["reward"]?["amount"] == 1_000)
        }
    }

    @Test("what an import of old orders brings is told in its own time")
    func old() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.send(order("order.paid", "1", customer: "bora", code: "ADA10", at: -100 * 1_440))
            try await house.test.runDueTimers()
            for type in ["referral.qualified", "referral.approved"] {
                let said = try await house.test.said(type)
                #expect(said.count == 1)
                #expect(said.allSatisfy { $0.isStale(now: house.test.house.now) }, "\(type)")
            }
        }
    }

    @Test("a deleted customer's address goes; the referral stays, and so does that they were referred")
    func deleted() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com", customer: "bora")
            try await house.send(customer("bora", "bora@example.com"), event("customer.deleted", ["customer": ["id": "bora"]]))
            #expect(try await house.referral(claim.id)["friend_email"] == .null)
            #expect(try await house.claim("bora@example.com").code == "already_referred")
        }
    }
}

@Suite("A merchant's word")
struct ByHandTests {
    /// A referral in any of its states.
    private func referral(_ house: ReferralHouse, _ name: String, _ state: ReferralState) async throws -> String {
        let claim = try await house.claimed("\(name)@example.com", customer: name)
        if state == .pending { return claim.id }
        if state == .rejected {
            #expect(try await house.byHand("reject", claim.id).status == 200)
            return claim.id
        }
        try await house.send(order("order.paid", name, customer: name, coupon: claim.coupon))
        if state == .qualified { return claim.id }
        #expect(try await house.byHand("approve", claim.id).status == 200)
        if state == .approved { return claim.id }
        #expect(try await house.byHand("reverse", claim.id).status == 200)
        try await house.outcome(
            "grant.revoked", claim.id, GrantOutcome(key: "referral:\(claim.id):advocate", state: .revoked, reason: "referral"))
        return claim.id
    }

    @Test("every move from every state: as the table says, else 409")
    func table() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            for state in ReferralState.allCases {
                for move in [ReferralMove.approve, .reject, .reverse, .restore] {
                    let id = try await referral(house, "\(state.rawValue)-\(move.rawValue)", state)
                    let answer = try await house.byHand(move.rawValue, id, "looked at it")
                    if let target = ReferralTransition.target(of: move, from: state, by: .merchant) {
                        #expect(answer.status == 200 && answer.json["state"]?.string == target.rawValue, "\(state) \(move): \(answer.text)")
                        let last = answer.json["history"]?.array?.last
                        #expect(
                            last?["actor"] == "merchant" && last?["reason"] == "looked at it" && last?["from"]?.string == state.rawValue)
                    } else {
                        #expect(answer.status == 409 && answer.code == "invalid_transition", "\(state) \(move)")
                        #expect(try await house.state(id) == state.rawValue)
                    }
                }
            }
        }
    }

    @Test("restored: rewarded anew under a key of its own, and orders do not touch it any more")
    func restored() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com")
            let key = "referral:\(claim.id):advocate"
            try await house.send(order("order.paid", "1", email: "bora@example.com", coupon: claim.coupon))
            try await house.test.advance(days: 14)
            try await house.outcome(
                "grant.issued", claim.id, GrantOutcome(key: key, state: .issued, reason: "referral", couponCode: "AAAA"))
            #expect(try await house.referral(claim.id)["advocate_reward"]?["coupon_code"] == "AAAA")
            try await house.send(event("order.cancelled", ["order_id": "1"], at: 9))
            #expect(try await house.byHand("restore", claim.id).code == "reward_settling")
            try await house.outcome("grant.revoked", claim.id, GrantOutcome(key: key, state: .revoked, reason: "referral"))
            #expect(try await house.byHand("restore", claim.id).json["state"] == "approved")
            try await house.send(refund("1", "r", 4_000, at: 10))
            #expect(try await house.state(claim.id) == "approved")
            let orders = try await house.orders()
            #expect(orders.grants == [key, key + ":2"] && orders.revokes == [key])
        }
    }

    @Test("what the advocate had spent is not given a second time")
    func spent() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let id = try await referral(house, "bora", .approved)
            _ = try await house.byHand("reverse", id)
            try await house.outcome("grant.revoked", id, GrantOutcome(key: "referral:\(id):advocate", state: .spent, reason: "referral"))
            #expect(try await house.byHand("restore", id).json["advocate_reward"]?["state"] == "spent")
            #expect(try await house.orders().grants.count == 1)
        }
    }

    @Test("what others than loyalty say of grants is not heard")
    func forged() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let id = try await referral(house, "bora", .approved)
            let outcome = GrantOutcome(
                key: "referral:\(id):advocate", state: .refused, reason: "referral",
                origin: JSONObject([.init(name: "referral_id", value: .string(id))]))
            try await house.send(event("grant.refused", outcome.json))
            #expect(try await house.referral(id)["advocate_reward"]?["state"] == "ordered")
            try await house.outcome("grant.refused", id, outcome)
            #expect(try await house.referral(id)["advocate_reward"]?["state"] == "refused")
        }
    }

    @Test("approval by hand waits for the merchant, however long")
    func manual() async throws {
        try await ReferralHouse.with { house in
            try await house.change(["approval": "manual"])
            try await house.advocate()
            let id = try await referral(house, "bora", .qualified)
            try await house.test.advance(days: 60)
            #expect(try await house.state(id) == "qualified")
            #expect(try await house.byHand("approve", id).json["state"] == "approved")
        }
    }

    @Test("listed by state and advocate, newest first, in pages that inserts do not shift")
    func list() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.advocate("cem", code: "CEM")
            var ids: [String] = []
            for number in 0..<5 {
                ids.append(try await house.claimed("f\(number)@example.com").id)
                try await house.test.advance(seconds: 1)
            }
            let first = try await house.test.get("/v1/referral/referrals?limit=2&advocate=ada").json
            _ = try await house.claim("g@example.com", code: "CEM")
            _ = try await house.claimed("h@example.com")
            let cursor = try #require(first["next_cursor"]?.string)
            let rest = try await house.test.get("/v1/referral/referrals?limit=9&advocate=ada&cursor=\(cursor)").json
            let seen = [first, rest].flatMap { $0["data"]?.array ?? [] }.compactMap { $0["id"]?.string }
            #expect(seen == ids.reversed() && rest["next_cursor"] == .null)
            #expect(try await house.referrals("&state=approved").isEmpty)
            #expect(try await house.test.get("/v1/referral/referrals?state=ajar").pointers == ["?state"])
            #expect(try await house.test.get("/v1/referral/referrals/ref_x").status == 404)
            #expect(try await house.byHand("approve", "ref_x").status == 404)
            let answer = try await house.test.post("/v1/referral/referrals/\(ids[0])/reject", ["because": "x"])
            #expect(answer.status == 422 && answer.pointers == ["/because"])
            for path in ["/v1/referral/referrals", "/v1/referral/referrals/\(ids[0])"] {
                #expect(try await house.test.request(.get, path, principal: storefront("ada")).status == 403)
            }
            let reject = "/v1/referral/referrals/\(ids[0])/reject"
            #expect(try await house.test.request(.post, reject, principal: storefront("ada")).status == 403)
        }
    }
}
