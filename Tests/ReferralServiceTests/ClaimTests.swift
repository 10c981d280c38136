import ReferralDomain
import ReferralService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Claims")
struct ClaimTests {
    @Test("a friend gets a coupon of their own, on the programme's terms, once")
    func claim() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let answer = try await house.claim("Bora@Example.com", code: " ada10 ", customer: "bora")
            #expect(answer.status == 201)
            let id = try #require(answer.json["referral_id"]?.string)
            #expect(TypeID.isValid(id, prefix: "ref"))
            let grant = try #require(house.desk.given["referral:claim:\(id)"])
            #expect(answer.json["coupon_code"]?.string == TestDesk.coupon(grant.key))
            #expect(grant.customerID == "bora" && grant.email == "Bora@Example.com" && grant.reason == "referral")
            #expect(grant.reward == .discount(.fixed(amount: 1_000, currency: nil)))
            #expect(grant.terms == CouponTerms(minimumOrder: 4_000, firstOrderOnly: true))
            let referral = try await house.referral(id)
            #expect(referral["state"] == "pending" && referral["advocate_id"] == "ada" && referral["friend_id"] == "bora")
            #expect(referral["friend_reward"]?["coupon_code"] == answer.json["coupon_code"])
            #expect(referral["history"]?[0]?["to"] == "pending" && referral["history"]?[0]?["actor"] == "system")
            let said = try await house.test.said("referral.claimed")
            #expect(said.count == 1 && said.first?.subject == "ada" && said.first?.data["referral_id"]?.string == id)
            #expect(said.first?.data["friend_id"] == "bora" && said.first?.data["grants"] == nil)
        }
    }

    @Test("every refusal has its status and code, and keeps nothing")
    func refusals() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.send(
                customer("ada", "a.da+shop@gmail.com"), order("order.placed", "1", customer: "old", email: "old.one@gmail.com"))
            func refused(
                _ email: String, _ status: Int, _ code: String, customer: String? = nil, with advocate: String = "ADA10"
            ) async throws {
                let answer = try await house.claim(email, code: advocate, customer: customer)
                #expect(answer.status == status && answer.code == code, "\(email): \(answer.text)")
            }
            for code in ["NOBODY", "АDА10", "ADA10\u{200B}", "ada\u{0301}10", "🅰️"] {
                try await refused("x@example.com", 422, "unknown_code", with: code)
            }
            for email in ["nobody", "a@b", "a b@example.com", "аyse@example.com"] { try await refused(email, 422, "invalid_email") }
            try await refused("x@example.com", 422, "self_referral", customer: "ada")
            for email in ["ADA@gmail.com", "ada+2@googlemail.com", "a.d.a@gmail.com"] { try await refused(email, 422, "self_referral") }
            try await refused("OldOne+new@gmail.com", 422, "existing_customer")
            try await refused("new@example.com", 422, "existing_customer", customer: "old")
            #expect(try await house.referrals().isEmpty && house.desk.calls == 0)
            _ = try await house.claimed("friend@gmail.com")
            try await refused("fr.iend+2@gmail.com", 409, "already_referred")
            try await house.change(["state": "closed"])
            try await refused("else@example.com", 409, "programme_closed")
            #expect(try await house.referrals().count == 1 && house.desk.calls == 1)
        }
    }

    @Test("an advocate who has bought hears that they cannot refer themselves, not that they are a customer")
    func selfFirst() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.send(order("order.paid", "1", customer: "ada", email: "ada@example.com"))
            #expect(try await house.claim("ada@example.com").code == "self_referral")
            #expect(try await house.claim("other@example.com", customer: "ada").code == "self_referral")
            // A guest is known by the address alone, and so is a second account with the same mailbox.
            let guest = try #require(Guest.id(email: "gul@example.com"))
            try await house.advocate(guest, code: "GUL")
            #expect(try await house.claim("gul@example.com", code: "GUL").code == "self_referral")
            try await house.send(customer("ada2", "ADA@example.com"))
            #expect(try await house.claim("other@example.com", customer: "ada2").code == "self_referral")
        }
    }

    @Test("a cancelled order makes nobody a customer")
    func cancelled() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.send(
                order("order.cancelled", "1", customer: "bora", email: "bora@example.com", at: 2),
                order("order.placed", "1", customer: "bora", email: "bora@example.com", at: 1))
            #expect(try await house.claim("bora@example.com", customer: "bora").status == 201)
        }
    }

    @Test("customers that were known before the upgrade are known by their mailboxes after it")
    func upgraded() async throws {
        let before = try await TestHouse.start(ReferralService.definition)
        try await before.house.write { change in
            try change.db.execute("DELETE FROM meta WHERE name = 'addresses of known customers'")
            for number in 0..<1_500 {
                let id = "c\(number)"
                try change.db.execute(
                    """
                    INSERT INTO known_customers (customer_id, email_key, first_seen_at, first_order_at, orders)
                    VALUES (\(id), \("\(id)@gmail.com"), 1, 1, 1)
                    """)
            }
        }
        await before.stop(keep: true)
        let after = try await TestHouse.start(ReferralService.definition, folder: before.folder)
        _ = try await after.put("/v1/referral/advocates/ada", ["code": "ADA10"])
        for email in ["c0+x@gmail.com", "c.1499@googlemail.com"] {
            #expect(try await after.post("/v1/referral/claims", ["code": "ADA10", "email": .string(email)]).code == "existing_customer")
        }
        await after.stop()
    }

    @Test("wrong bodies are named by field")
    func bodies() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            func pointers(_ body: JSON) async throws -> [String] {
                let answer = try await house.test.post("/v1/referral/claims", body)
                #expect(answer.status == 422)
                return answer.pointers
            }
            #expect(try await pointers([:]) == ["/code", "/email"])
            #expect(try await pointers(["code": 1, "email": "a@example.com"]) == ["/code"])
            #expect(try await pointers(["code": "ADA10", "email": "a@example.com", "name": "x"]) == ["/name"])
            #expect(try await pointers(["code": "ADA10", "email": "a@example.com", "choice": "1"]) == ["/choice"])
            #expect(try await pointers(["code": "ADA10", "email": "nobody"]) == ["/email"])
            let long = String(repeating: "a", count: 300)
            #expect(try await pointers(["code": .string(long), "email": "a@example.com"]) == ["/code"])
        }
    }

    @Test("while loyalty is away a claim is 503 and nothing is kept; the next try gets the same coupon as any other")
    func loyaltyDown() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            house.desk.setDown(true)
            let away = try await house.claim("bora@example.com")
            #expect(away.status == 503 && away.headers[.retryAfter] != nil)
            #expect(try await house.referrals().isEmpty)
            #expect(try await house.test.said("referral.claimed").isEmpty)
            house.desk.setDown(false)
            house.desk.refuse("unknown")
            #expect(try await house.claim("bora@example.com").code == "reward_refused")
            #expect(try await house.referrals().isEmpty)
            house.desk.refuse(nil)
            let claimed = try await house.claimed("bora@example.com")
            #expect(claimed.coupon == TestDesk.coupon("referral:claim:\(claimed.id)"))
        }
    }

    @Test("an Idempotency-Key brings the same answer again, and asks loyalty once")
    func idempotency() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let body: JSON = ["code": "ADA10", "email": "bora@example.com"]
            let first = try await house.test.post("/v1/referral/claims", body, headers: [.idempotencyKey: "k"])
            let second = try await house.test.post("/v1/referral/claims", body, headers: [.idempotencyKey: "k"])
            #expect(first.status == 201 && second.status == 201 && first.body == second.body && house.desk.calls == 1)
            #expect(second.headers[.idempotencyReplayed] == "true")
        }
    }

    @Test("of 64 claims of one person at once exactly one is kept, with one coupon", arguments: [1, 2])
    func atOnce(_ advocates: Int) async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.advocate("other", code: "OTHER")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<64 {
                    let email = number.isMultiple(of: 3) ? "bora+\(number)@gmail.com" : "b.ora@gmail.com"
                    group.addTask { try await house.claim(email, code: number % advocates == 0 ? "ADA10" : "OTHER").status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 201 }.count == 1)
            #expect(statuses.filter { $0 == 409 }.count == 63)
            #expect(try await house.referrals().count == 1)
            #expect(house.desk.given.count == 1)
            #expect(try await house.test.said("referral.claimed").count == 1)
        }
    }

    @Test("a storefront may claim for its shopper, and for nobody else by id")
    func storefrontClaims() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            func claim(_ body: JSON, _ principal: Principal) async throws -> TestHouse.Answer {
                try await house.test.request(.post, "/v1/referral/claims", body: body.bytes, principal: principal)
            }
            let foreign = try await claim(["code": "ADA10", "email": "b@example.com", "customer_id": "bora"], storefront())
            #expect(foreign.status == 403 && foreign.code == "customer_token_required")
            #expect(try await claim(["code": "ADA10", "email": "b@example.com", "customer_id": "bora"], storefront("cem")).status == 403)
            #expect(try await claim(["code": "ADA10", "email": "b@example.com"], storefront()).status == 201)
            #expect(try await claim(["code": "ADA10", "email": "c@example.com", "customer_id": "cem"], storefront("cem")).status == 201)
            // Whose token it is counts even where the body does not say.
            #expect(try await claim(["code": "ADA10", "email": "d@example.com"], storefront("ada")).code == "self_referral")
        }
    }

    @Test("points for the friend come with the approval, not for an address alone")
    func points() async throws {
        try await ReferralHouse.with { house in
            try await house.change(["friend_reward": ["kind": "points", "points": 50], "hold_days": 0])
            try await house.advocate()
            let answer = try await house.claim("bora@example.com", customer: "bora")
            #expect(answer.status == 201 && answer.json["coupon_code"] == .null && house.desk.calls == 0)
            let id = try #require(answer.json["referral_id"]?.string)
            try await house.send(order("order.paid", "1", customer: "bora", email: "bora@example.com", code: "ADA10"))
            try await house.test.runDueTimers()
            #expect(try await house.orders().grants == ["referral:\(id):advocate", "referral:\(id):friend"])
            try await house.send(event("order.cancelled", ["order_id": "1"], at: 5))
            #expect(try await house.orders().revokes == ["referral:\(id):advocate", "referral:\(id):friend"])
        }
    }
}
