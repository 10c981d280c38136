import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    /// One shop's month through all five, by the sandbox clock: a claim, a coupon, a cart, a delivery, and what comes of them.
    @Suite("The first walk")
    struct FirstWalkTests {
        private let shop = Shop("walk")
        private let start = Timestamp(rfc3339: "2026-03-02T09:00:00Z") ?? .epoch

        private func advance(_ suite: SharedTesting.Suite, seconds: Int64) async throws {
            let answer = try await suite.post("/v1/sandbox/clock", ["advance_seconds": .int(seconds)])
            try #require(answer.status == 200, "\(answer.text)")
        }

        private func now(_ suite: SharedTesting.Suite) async throws -> Timestamp {
            try #require(try await suite.get("/v1/sandbox/clock").json["now"]?.string.flatMap { Timestamp(rfc3339: $0) })
        }

        /// A wanting customer, and their cart.
        private func cart(_ id: String, of customer: String, at time: Timestamp) -> CloudEvent {
            CloudEvent(
                id: "\(id)-cart", source: shop.source, type: "cart.updated", time: time, subject: customer,
                data: [
                    "cart_id": .string(id),
                    "customer": ["id": .string(customer), "email": .string("\(customer)@example.com"), "accepts_marketing": true, "locale": "tr"],
                    "currency": "TRY", "total": 18_000, "recovery_url": .string("https://shop.example/cart/\(id)"),
                    "items": [["product_id": "gul", "name": "Gül suyu", "quantity": 2, "unit_price": 9_000]],
                ])
        }

        private func path(_ url: String) throws -> String {
            let address = try #require(WebAddress(url), "\(url)")
            return address.rest
        }

        @Test("hold, wait and invitation come to their end, and the overview shows all of it")
        func walk() async throws {
            try await withSuite(["VEFA_SANDBOX": "1"]) { suite in
                try #require(try await suite.post("/v1/sandbox/clock", ["now": .string(start.rfc3339)]).status == 200)
                let settings = try await suite.put(
                    "/v1/settings",
                    ["store_name": "Gül Kozmetik", "store_url": "https://shop.example/", "postal_address": "Gül Sokak 1, Isparta"])
                try #require(settings.status == 200, "\(settings.text)")

                // Ada has bought before, and recommends.
                let first = Shop.Order(id: "W-1", customer: "ada", email: "ada@example.com", subtotal: 10_000, at: start)
                try await suite.take(shop.paid(first))
                try await suite.untilDone(shop.paid(first))
                let advocate = try await suite.put("/v1/referral/advocates/ada", [:])
                try #require(advocate.status == 200 || advocate.status == 201, "\(advocate.text)")
                let code = try #require(advocate.json["code"]?.string)
                let link = try #require(advocate.json["link"]?.string)
                try await until("the link leads to the shop") {
                    let answer = try await suite.request("GET", try path(link), key: nil)
                    return answer.status == 302 && answer.headers["location"] == "https://shop.example/?ref=\(code)"
                }
                let astray = try await suite.request("GET", try path(link) + "?to=https://evil.example/", key: nil)
                #expect(astray.headers["location"]?.hasPrefix("https://shop.example/") == true)

                // Bob claims; his coupon is good at once.
                let claim = try await suite.post("/v1/referral/claims", ["code": .string(code), "email": "bob@example.com"])
                try #require(claim.status == 201, "\(claim.text)")
                let coupon = try #require(claim.json["coupon_code"]?.string)
                let referral = try #require(claim.json["referral_id"]?.string)
                let valid = try await suite.post(
                    "/v1/coupons/\(coupon)/validate",
                    ["cart": ["currency": "TRY", "total": 5_000, "items": []], "customer": ["email": "bob@example.com"]])
                #expect(valid.json["valid"] == true && valid.json["discount"] == 1_000, "\(valid.text)")
                for (email, refusal) in [("ADA@example.com", "self_referral"), ("bob@example.com", "already_referred")] {
                    let refused = try await suite.post("/v1/referral/claims", ["code": .string(code), "email": .string(email)])
                    #expect((refused.status == 409 || refused.status == 422) && refused.code == refusal, "\(refused.text)")
                }
                var order = Shop.Order(id: "W-2", customer: "bob", email: "bob@example.com", subtotal: 5_000, discount: 1_000, at: start)
                order.coupons = [coupon]
                order.acceptsMarketing = true
                try await suite.take(shop.paid(order))
                try await suite.untilDone(shop.paid(order))
                #expect(try await suite.get("/v1/referral/referrals/\(referral)").json["state"] == "qualified")
                let again = try await suite.post(
                    "/v1/coupons/\(coupon)/redemptions",
                    ["order_id": "W-2", "cart": ["currency": "TRY", "total": 5_000, "items": []], "customer": ["id": "bob"]])
                #expect(again.status == 200, "the call and the order are one redemption: \(again.text)")

                // A survey for whom a parcel has reached.
                let survey = try await suite.post(
                    "/v1/surveys",
                    [
                        "name": "Teslimat", "questions": [
                            ["id": "q1", "kind": "nps", "title": ["en": "Would you recommend us?", "tr": "Bizi önerir misiniz?"], "required": true],
                            ["id": "q2", "kind": "text", "title": ["en": "Why?", "tr": "Neden?"]],
                        ],
                        "reward": ["kind": "points", "points": 50], "trigger": ["event": "order.delivered", "after_days": 3],
                    ])
                try #require(survey.status == 201, "\(survey.text)")
                let surveyID = try #require(survey.json["id"]?.string)
                #expect(try await suite.post("/v1/surveys/\(surveyID)/publish", [:]).status == 200)
                let delivered = CloudEvent(
                    id: "W-2-delivered", source: shop.source, type: "order.delivered", time: start.adding(seconds: 5), data: ["order_id": "W-2"])
                try await suite.take(delivered)
                try await suite.untilDone(delivered)

                // Carts of before the flow remind nobody. Then two are left, and one of them is bought after all.
                for cart in [cart("K-1", of: "cem", at: start), cart("K-2", of: "deniz", at: start)] {
                    try await suite.take(cart)
                    try await suite.untilDone(cart)
                }
                let preset = try await suite.post("/v1/flows", ["preset": "abandoned_cart", "locale": "tr"])
                try #require(preset.status == 201, "\(preset.text)")
                #expect(preset.json["state"] == "draft")
                let flow = try #require(preset.json["id"]?.string)
                #expect(try await suite.post("/v1/flows/\(flow)/publish", [:]).status == 200)
                for cart in [cart("K-3", of: "cem", at: start), cart("K-4", of: "deniz", at: start)] {
                    try await suite.take(cart)
                    try await suite.untilDone(cart)
                }
                var bought = Shop.Order(id: "W-3", customer: "deniz", email: "deniz@example.com", subtotal: 18_000, at: start.adding(seconds: 60))
                bought.cart = "K-4"
                try await suite.take(shop.placed(bought))
                try await suite.untilDone(shop.placed(bought))
                try await advance(suite, seconds: 3_700)
                let reminders = try suite.keptMails().filter { $0.headers["list-unsubscribe"] != nil }
                #expect(reminders.map(\.to) == ["cem@example.com"])
                let reminder = try #require(reminders.first)
                #expect(reminder.text.contains("Gül suyu"))
                #expect(reminder.headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click")

                // The invitation, and its answer: fifty points, once.
                try await advance(suite, seconds: 3 * 86_400)
                let mails = try suite.keptMails()
                let invitation = try #require(mails.first { $0.to == "bob@example.com" && $0.headers["list-unsubscribe"] != nil }, "no invitation")
                let invited = try #require(invitation.text.firstMatch(of: /https?:\/\/[^\s]*\/s\/[^\s>)]+/)).output
                let page = try await suite.request("GET", try path(String(invited)), headers: ["Accept-Language": "tr"], key: nil)
                #expect(page.status == 200 && page.text.contains("Bizi önerir misiniz?"), "\(page.status)")
                let before = try await suite.balance("bob") ?? 0
                for round in 0..<2 {
                    let answer = try await suite.post(
                        "/v1/surveys/\(surveyID)/responses", ["customer_id": "bob", "answers": ["q1": 9, "q2": "<b>güzel</b>"], "completed": true])
                    #expect(answer.status == (round == 0 ? 201 : 409), "\(answer.text)")
                }
                try await until("the points are there") { try await suite.balance("bob") == before + 50 }
                let stats = try await suite.get("/v1/surveys/\(surveyID)/stats").json
                #expect(stats["completed"] == 1 && stats["questions"]?["q1"]?["nps"] == 100, "\(stats.text)")

                // The best offer brings a code of its own; who is tired of it says so once.
                let offers = mails.filter { $0.to == "cem@example.com" && $0.headers["list-unsubscribe"] != nil }
                #expect(offers.count == 2 && Set(offers.map(\.subject)).count == 2)
                let field = try #require(reminder.headers["list-unsubscribe"])
                let target = try path(String(try #require(field.firstMatch(of: /<(https?:[^>]+)>/)).output.1))
                #expect(try await suite.request("GET", target, key: nil).status == 200)
                #expect(try await suite.get("/v1/contacts/cem").json["consents"]?["newsletter"]?["state"] == "granted")
                let click = try await suite.request(
                    "POST", target, body: Array("List-Unsubscribe=One-Click".utf8), headers: ["Content-Type": "application/x-www-form-urlencoded"],
                    key: nil)
                #expect(click.status == 200, "\(click.text)")
                #expect(try await suite.get("/v1/contacts/cem").json["consents"]?["newsletter"]?["state"] == "denied")

                // The hold ends: Ada's coupon. Everything shows in the overviews.
                try await advance(suite, seconds: 12 * 86_400)
                #expect(try await suite.get("/v1/referral/referrals/\(referral)").json["state"] == "approved")
                try await until("Ada has her coupon") {
                    try await suite.get("/v1/customers/ada/overview").json["coupons"]?.array?.contains { $0["state"] == "active" } ?? false
                }
                let ada = try await suite.get("/v1/customers/ada/overview").json
                #expect(ada["partial"] == [])
                #expect(ada["referral"]?["advocate"]?["code"]?.string == code)
                let bob = try await suite.get("/v1/customers/bob/overview").json
                #expect(bob["coupons"]?.array?.contains { $0["code"]?.string == coupon && $0["state"] == "redeemed" } == true, "\(bob.text)")
                #expect(bob["surveys"]?.array?.count == 1)
                #expect(bob["referral"]?["referrals"]?.array?.count == 1)

                // Bob sends it all back: the reward goes with it.
                let refund = CloudEvent(
                    id: "W-2-refund", source: shop.source, type: "order.refunded", time: try await now(suite),
                    data: ["order_id": "W-2", "refund_id": "R-1", "amount": .int(order.total)])
                try await suite.take(refund)
                try await suite.untilDone(refund)
                #expect(try await suite.get("/v1/referral/referrals/\(referral)").json["state"] == "reversed")
                try await until("Ada's coupon is cancelled") {
                    try await suite.get("/v1/customers/ada/overview").json["coupons"]?.array?.allSatisfy { $0["state"] == "cancelled" } ?? false
                }
                try await suite.verifyLedger()
            }
        }

        @Test("64 calls at once redeem a code of ten uses ten times; with loyalty down a claim is 503, keeps nothing, and works afterwards")
        func exactAndWhole() async throws {
            try await withSuite { suite in
                let batch = try await suite.post(
                    "/v1/coupon_batches",
                    ["name": "Ten", "code": "TEN-TIMES", "discount": ["type": "percent", "percent": 10], "max_redemptions": 10])
                try #require(batch.status == 201, "\(batch.text)")
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for index in 0..<64 {
                        group.addTask {
                            try await suite.post(
                                "/v1/coupons/ten-times/redemptions",
                                [
                                    "order_id": .string("T-\(index)"), "cart": ["currency": "TRY", "total": 5_000, "items": []],
                                    "customer": ["id": .string("c-\(index)")],
                                ]
                            ).status
                        }
                    }
                    return try await group.reduce(into: [Int]()) { $0.append($1) }
                }
                #expect(statuses.filter { $0 == 201 }.count == 10, "\(statuses)")
                #expect(statuses.filter { $0 == 409 }.count == 54, "\(statuses)")

                let first = Shop.Order(id: "X-1", customer: "ada", email: "ada@example.com", subtotal: 10_000)
                try await suite.take(shop.paid(first))
                try await suite.untilDone(shop.paid(first))
                let code = try #require(try await suite.put("/v1/referral/advocates/ada", [:]).json["code"]?.string)
                try await suite.kill(.loyalty)
                let claim: JSON = ["code": .string(code), "email": "bob@example.com"]
                let down = try await suite.post("/v1/referral/claims", claim)
                #expect(down.status == 503, "\(down.text)")
                #expect(try await suite.get("/v1/referral/referrals").json["data"] == [])
                try suite.launch(.loyalty)
                try await suite.waitUntilReady()
                try await until("the claim goes through") { try await suite.post("/v1/referral/claims", claim).status == 201 }
            }
        }
    }
}
