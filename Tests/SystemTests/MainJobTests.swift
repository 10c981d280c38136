import Shared
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("The main job", .onOneSuite())
    struct MainJobTests {
        let shop = Shop("main")

        @Test("a paid order becomes points and one mail that shows them, and the overview knows all of it")
        func paidOrder() async throws {
            let suite = try Running.suite()
            let order = Shop.Order(id: "M-1001", customer: "c-main", email: "ayse@example.com", subtotal: 4_995)
            let event = shop.paid(order)
            let answer = try await suite.take(event)
            #expect(answer.json["accepted"] == 1)
            #expect(answer.json["rejected"] == [])
            try await suite.untilDone(event)
            let states = await suite.states(of: event)
            #expect(states == ["loyalty": "done", "messaging": "done", "referral": "done", "survey": "done"])

            let member = try await suite.member("c-main")
            #expect(member["balance"] == 49)
            #expect(member["lifetime_earned"] == 49)

            let mail = try await suite.mail(to: "ayse@example.com")
            #expect(mail.subject == "Your order M-1001 is confirmed")
            #expect(mail.text.contains("You earned 49 points with this order; your balance is 49."))
            #expect(mail.html.contains("You earned 49 points"))
            try await until("the message is noted as sent") { try await suite.messages("c-main").first?["state"] == "sent" }
            let messages = try await suite.messages("c-main")
            #expect(messages.count == 1)
            let id = messages.first?["message_id_header"]?.string ?? "none"
            #expect(mail.messageID == "<\(id)>")
            #expect(mail.file == "\(id).eml")
            #expect(messages.first?["order_id"] == "M-1001")
            #expect(messages.first?["attempts"] == 1)

            let overview = try await suite.get("/v1/customers/c-main/overview")
            #expect(overview.status == 200)
            #expect(overview.json["partial"] == [])
            #expect(overview.json.at("profile", "email") == "ayse@example.com")
            #expect(overview.json.at("orders", "count") == 1)
            #expect(overview.json.at("orders", "total_spent", "TRY") == 4_995)
            #expect(overview.json.at("loyalty", "balance") == 49)
            #expect(overview.json["messaging"]?.object != nil, "\(overview.text)")
            try await suite.verifyLedger()
        }

        @Test("the same event again is a duplicate and changes nothing; a placed order that is paid later is one order and one mail")
        func once() async throws {
            let suite = try Running.suite()
            let order = Shop.Order(id: "M-1002", customer: "c-once", email: "once@example.com", subtotal: 10_000, discount: 1_000)
            for _ in 0..<3 { try await suite.take(shop.placed(order)) }
            try await suite.take(shop.paid(order))
            let again = try await suite.take(shop.paid(order))
            #expect(again.json["duplicates"] == 1)
            try await suite.untilDone(shop.paid(order))
            #expect(try await suite.balance("c-once") == 90)
            let mail = try await suite.mail(to: "once@example.com")
            #expect(mail.text.contains("90 points"))
            #expect(try await suite.get("/v1/customers/c-once/overview").json.at("orders", "count") == 1)
            #expect(try await suite.messages("c-once").count == 1)
        }

        @Test("a refund that comes before its order waits for it and is said to be parked")
        func parkedRefund() async throws {
            let suite = try Running.suite()
            let order = Shop.Order(id: "M-1003", customer: "c-parked", subtotal: 20_000)
            let refund = shop.refunded(order, "r-1", amount: 5_000)
            try await suite.take(refund)
            try await until("the refund is parked") { await suite.states(of: refund)["loyalty"] == "parked" }
            try await suite.take(shop.paid(order))
            try await suite.untilDone(shop.paid(order))
            try await suite.untilDone(refund)
            #expect(try await suite.balance("c-parked") == 150)
        }

        @Test("outside the sandbox there is no clock to set")
        func noClock() async throws {
            let suite = try Running.suite()
            #expect(try await suite.get("/v1/sandbox/clock").status == 404)
            #expect(try await suite.post("/v1/sandbox/clock", ["advance_seconds": 60]).status == 404)
        }
    }
}
