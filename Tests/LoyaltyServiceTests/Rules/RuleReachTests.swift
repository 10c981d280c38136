import Shared
import SharedRuntime
import SharedTesting
import Testing

/// Rules where they meet the rest: other services' news, offers and coupons, what a programme does not have.
@Suite("Loyalty: rules and the rest of the suite")
struct RuleReachTests {
    @Test("what surveys and referrals say pays whom it is about, and a referral once however often it is approved")
    func otherServices() async throws {
        try await LoyaltyHouse.with { house in
            try await house.addRule(["name": "Survey", "trigger": "survey.completed", "points": ["fixed": 20]])
            try await house.addRule(["name": "Review", "trigger": "review.published", "points": ["fixed": 5]])
            try await house.addRule(["name": "Referral", "trigger": "referral.approved", "points": ["fixed": 100]])
            func said(_ type: String, _ data: JSON, subject: String?, from service: ServiceName) async throws {
                var it = event(type, data, subject: subject)
                it = CloudEvent(
                    id: it.id, source: "vefa/\(service.rawValue)", type: type, time: it.time, subject: subject, data: data)
                try await house.test.deliver([it], from: service)
            }
            let response: JSON = ["survey_id": "survey_1", "response_id": "r1", "customer_id": "ada", "visitor_id": .null, "answers": [:]]
            try await said("survey.completed", response, subject: "ada", from: .survey)
            // A visitor has no account.
            try await said(
                "survey.completed", ["survey_id": "survey_1", "response_id": "r2", "customer_id": .null, "visitor_id": "v"], subject: nil,
                from: .survey)
            try await said("review.published", ["review_id": "1", "customer": ["id": "ada"]], subject: nil, from: .survey)
            #expect(try await house.balance("ada") == 25)
            let referral: JSON = ["referral_id": "ref_1", "customer_id": "ada", "advocate_id": "ada", "friend_id": "bob"]
            for (type, points) in [
                ("referral.approved", 125), ("referral.reversed", 25), ("referral.approved", 125), ("referral.approved", 125),
            ] {
                try await said(type, referral, subject: "ada", from: .referral)
                #expect(try await house.balance("ada") == Int64(points), "\(type)")
            }
            #expect(try await house.test.get("/v1/loyalty/members/bob").status == 404)
            #expect(try await house.test.parked().isEmpty)
            #expect(try await house.test.refused().isEmpty)
            #expect(try await house.fault() == nil)
        }
    }

    @Test("rules, offers and coupons refuse what the programme does not have, by pointer")
    func strangers() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["currency": "TRY"])
            func test(_ field: String, _ op: String, _ value: JSON) -> JSON { ["field": .string(field), "op": .string(op), "value": value] }
            func refused(_ path: String, _ body: JSON, _ code: String) async throws {
                let answer = try await house.test.post(path, body)
                #expect(answer.status == 422 && !answer.pointers.isEmpty && answer.pointers.allSatisfy { $0.hasPrefix("/conditions") }, "\(answer.text)")
                #expect(answer.text.contains(code), "\(answer.text)")
            }
            for (condition, code) in [
                (test("segments", "contains", "seg_none"), "unknown_segment"), (test("tier.id", "eq", "tier_none"), "unknown_tier"),
                (["all": .array([test("time.hour", "gt", 20), test("time.hour", "lt", 10)])], "never_fires"),
            ] as [(JSON, String)] {
                let rule: JSON = ["name": "r", "trigger": "order.paid", "points": ["fixed": 1], "conditions": condition]
                try await refused("/v1/loyalty/earning_rules", rule, code)
                try await refused("/v1/loyalty/offers", offerBody("percent", ["percent": 10, "conditions": condition]), code)
                try await refused("/v1/coupon_batches", couponBatch("A", ["code": "A1234", "conditions": condition]), code)
            }
            let euros = test("cart.currency", "eq", "EUR")
            try await refused("/v1/loyalty/offers", offerBody("percent", ["percent": 10, "conditions": euros]), "unknown_currency")
            let score = test("rfm.fame", "gte", 4)
            let unknown = try await house.test.post("/v1/loyalty/offers", offerBody("percent", ["percent": 10, "conditions": score]))
            #expect(unknown.status == 422)
        }
    }

    @Test("a first order's coupon and offer are within their terms when the order brings them")
    func firstOrder() async throws {
        try await LoyaltyHouse.with { house in
            let first: JSON = ["field": "orders.count", "op": "eq", "value": 0]
            try await house.addCoupons(couponBatch("FIRST", ["conditions": first]))
            let offer = try await house.addOffer("percent", ["percent": 10, "conditions": first])
            let more: [String: JSON] = ["coupon_codes": ["FIRST"], "offers": [.string(offer)]]
            try await house.send(event("order.paid", orderData("1", customer: "42", total: 4_000, more: more), at: -1))
            #expect(try await house.test.said("coupon.redeemed").map { $0.data["outside_terms"] } == [[]])
            #expect(try await house.test.said("offer.used").map { $0.data["outside_terms"] } == [[]])
            let again: [String: JSON] = ["coupon_codes": ["FIRST"], "offers": [.string(offer)]]
            try await house.send(event("order.paid", orderData("2", customer: "42", total: 4_000, more: again), at: -1))
            #expect(try await house.test.said("offer.used").last?.data["outside_terms"] == ["conditions_not_met"])
        }
    }

    @Test("the order that brings the programme its currency reaches a milestone of money too")
    func firstCurrency() async throws {
        try await LoyaltyHouse.with { house in
            try await house.removeDefaultRule()
            try await house.addRule(
                ["name": "50.00", "trigger": "milestone.spent", "milestone": ["spent": 5_000], "points": ["fixed": 10]])
            try await house.send(event("order.paid", orderData("1", customer: "42", total: 5_000), at: -1))
            #expect(try await house.balance("42") == 10)
        }
    }

    @Test("with guests who earn on sign-up, a quote promises a guest nothing yet")
    func guests() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["guest_orders": "on_sign_up"])
            let guest = try await house.quote(customer: ["email": "new@example.com"])
            #expect(guest["points"]?["earn"] == 0 && guest["points"]?["by_rule"]?[0]?["code"] == "guest")
            // Nobody yet: what there is to be had by signing in.
            #expect(try await house.quote()["points"]?["earn"] == 40)
            #expect(try await house.quote(customer: ["id": "42"])["points"]?["earn"] == 40)
        }
    }
}
