import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import MessagingService

@Suite("An order is confirmed by one mail that shows the points it earned")
struct OrderConfirmationTests {
    @Test("points that come within the minute are in the mail")
    func pointsAfterOrder() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            #expect(house.mails.isEmpty)
            try await house.hear(Events.points("1001", 1_234, balance: 2_469, at: house.now), from: .loyalty)
            let mail = try #require(house.mails.first)
            #expect(house.mails.count == 1)
            #expect(mail.subject == "Your order 1001 is confirmed")
            #expect(mail.to.address == "ayse@example.com")
            #expect(mail.text.contains("You earned 1,234 points with this order; your balance is 2,469."))
            #expect(mail.html.contains("You earned 1,234 points with this order; your balance is 2,469."))
            #expect(mail.text.contains("Çay bardağı × 2: ₺1,234.56"))
            #expect(mail.text.contains("Total: ₺1,284.56"))
            #expect(!mail.text.contains("Discount"))
            #expect(mail.text.contains("Hello Ayşe,"))
            #expect(mail.html.contains("Çarşı"))
            try await house.test.advance(seconds: 120)
            #expect(house.mails.count == 1)
        }
    }

    @Test("points that overtake their order are in the mail")
    func pointsBeforeOrder() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.points("1001", 49, balance: 149, at: house.now), from: .loyalty)
            try await house.test.advance(seconds: 20)
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            #expect(house.mails.count == 1)
            #expect(house.mails.first?.text.contains("You earned 49 points with this order; your balance is 149.") == true)
        }
    }

    @Test("points of another order are not")
    func pointsOfAnotherOrder() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            try await house.hear(Events.points("1002", 49, balance: 149, at: house.now), from: .loyalty)
            #expect(house.mails.isEmpty)
        }
    }

    @Test("without points the mail goes after a minute, and says nothing of them")
    func noPoints() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            try await house.test.advance(seconds: 59)
            #expect(house.mails.isEmpty)
            try await house.test.advance(seconds: 1)
            #expect(house.mails.count == 1)
            #expect(house.mails.first?.text.contains("points") == false)
            #expect(house.mails.first?.html.contains("points") == false)
            // Late points do not make a second mail.
            try await house.hear(Events.points("1001", 49, balance: 149, at: house.now), from: .loyalty)
            #expect(house.mails.count == 1)
        }
    }

    @Test("two rules that earn on one order add up")
    func severalRules() async throws {
        try await MailHouse.with { house in
            try await house.test.deliver(
                [
                    Events.points("1001", 49, balance: 149, at: house.now, id: "a"),
                    Events.points("1001", 10, balance: 159, at: house.now, id: "b"),
                ], from: .loyalty)
            try await house.hear(Events.order("order.placed", "1001", at: house.now))
            #expect(house.mails.first?.text.contains("You earned 59 points with this order; your balance is 159.") == true)
        }
    }

    @Test("placed and paid are one mail", arguments: [["order.placed", "order.paid"], ["order.paid", "order.placed"]])
    func placedAndPaid(types: [String]) async throws {
        try await MailHouse.with { house in
            for type in types { try await house.hear(Events.order(type, "1001", at: house.now)) }
            try await house.test.advance(seconds: 61)
            try await house.hear(Events.order("order.paid", "1001", at: house.now, id: "paid again"))
            try await house.test.advance(seconds: 61)
            #expect(house.mails.count == 1)
        }
    }

    @Test("an order paid a day later was confirmed when it was placed")
    func paidLater() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.order("order.placed", "1001", at: house.now))
            try await house.test.advance(seconds: 60)
            #expect(house.mails.count == 1)
            try await house.test.advance(days: 1)
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            try await house.test.advance(seconds: 61)
            #expect(house.mails.count == 1)
        }
    }

    @Test("the same events again change nothing")
    func replays() async throws {
        try await MailHouse.with { house in
            let order = Events.order("order.paid", "1001", at: house.now)
            let points = Events.points("1001", 49, balance: 149, at: house.now)
            for _ in 0..<3 {
                try await house.hear(order)
                try await house.hear(points, from: .loyalty)
            }
            #expect(house.mails.count == 1)
            #expect(try await house.test.said("message.sent").count == 1)
        }
    }

    @Test("an import mails nobody, and the reason is kept")
    func tooOld() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.order("order.paid", "old", at: house.now.adding(seconds: -72 * 3_600 - 1)))
            try await house.hear(Events.points("old", 49, balance: 149, at: house.now), from: .loyalty)
            try await house.test.advance(seconds: 61)
            #expect(house.mails.isEmpty)
            #expect(try await house.decisions(of: "c1") == ["too_old"])
            let remembered = try await house.test.house.read { db in try db.exists("SELECT 1 FROM recent_events") }
            #expect(!remembered)
            // The contact is known all the same.
            #expect(try await house.test.get("/v1/contacts/c1").json["email"] == "ayse@example.com")
        }
    }

    @Test("an order cancelled within the minute is not confirmed")
    func cancelled() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.order("order.placed", "1001", at: house.now))
            try await house.hear(Events.order("order.placed", "1002", at: house.now))
            try await house.hear(Events.order("order.cancelled", "1001", at: house.now))
            try await house.test.advance(seconds: 61)
            #expect(house.mails.map(\.subject) == ["Your order 1002 is confirmed"])
            let runs = try await house.test.get("/v1/flows/order_confirmation/runs?state=exited").json["data"]?.array
            #expect(runs?.first?["key"] == "1001")
            #expect(runs?.first?["reason"] == "order.cancelled")
        }
    }

    @Test("a guest is written to at the order's address")
    func guest() async throws {
        try await MailHouse.with { house in
            let customer = Events.customer(nil, email: "Misafir@Example.com")
            try await house.hear(Events.order("order.paid", "1001", at: house.now, customer: customer))
            try await house.test.advance(seconds: 60)
            #expect(house.mails.first?.to.address == "Misafir@Example.com")
            let guest = try #require(Guest.id(email: "misafir@example.com"))
            #expect(try await house.messages(of: guest).first?["state"] == "sent")
        }
    }

    @Test("Turkish customers read Turkish", arguments: ["tr", "tr-TR", "tr_TR"])
    func turkish(locale: String) async throws {
        try await MailHouse.with { house in
            let customer = Events.customer("c1", ["first_name": "Ayşe", "locale": .string(locale)])
            try await house.hear(Events.order("order.paid", "1001", at: house.now, customer: customer))
            try await house.hear(Events.points("1001", 1_234, balance: 12_469, at: house.now), from: .loyalty)
            let mail = try #require(house.mails.first)
            #expect(mail.subject == "1001 numaralı siparişiniz onaylandı")
            #expect(mail.text.contains("Merhaba Ayşe,"))
            #expect(mail.text.contains("Toplam: 1.284,56 ₺"))
            #expect(mail.text.contains("Bu siparişle 1.234 puan kazandınız; güncel puan bakiyeniz: 12.469."))
            #expect(mail.html.contains("lang=\"tr\""))
        }
    }

    @Test("script in a name is harmless, line ends in an order's number stay out of the header")
    func injection() async throws {
        try await MailHouse.with { house in
            let customer = Events.customer("c1", ["first_name": "<script>alert(1)</script>\r\nBcc: x@example.com"])
            try await house.hear(
                Events.order(
                    "order.paid", "1001\r\nBcc: y@example.com", at: house.now, customer: customer,
                    itemName: "<img src=x onerror=\"alert(2)\">{{order.total}}"))
            try await house.test.advance(seconds: 60)
            let mail = try #require(house.mails.first)
            #expect(!mail.html.contains("<script"))
            #expect(!mail.html.contains("<img"))
            #expect(mail.html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
            // A template in a name is not rendered.
            #expect(mail.html.contains("{{order.total}}"))
            #expect(mail.subject == "Your order 1001 Bcc: y@example.com is confirmed")
            let head = String(decoding: mail.message(), as: UTF8.self).split(separator: "\r\n\r\n").first ?? ""
            #expect(!head.contains("\r\nBcc:"))
        }
    }

    @Test("a paused flow starts nothing; published again it does")
    func pause() async throws {
        try await MailHouse.with { house in
            #expect(try await house.test.post("/v1/flows/order_confirmation/pause").json["state"] == "paused")
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            try await house.test.advance(seconds: 61)
            #expect(house.mails.isEmpty)
            #expect(try await house.decisions(of: "c1") == ["flow_paused"])
            #expect(try await house.test.post("/v1/flows/order_confirmation/publish", ["runs": "keep"]).json["state"] == "published")
            try await house.hear(Events.order("order.paid", "1002", at: house.now))
            try await house.test.advance(seconds: 61)
            #expect(house.mails.count == 1)
            let answer = try await house.test.post("/v1/flows/order_confirmation/publish", ["runs": "perhaps"])
            #expect(answer.status == 422 && answer.pointers == ["/runs"])
        }
    }

    @Test("the run and its message can be looked up")
    func lookUp() async throws {
        try await MailHouse.with { house in
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            try await house.hear(Events.points("1001", 49, balance: 149, at: house.now), from: .loyalty)
            let flow = try await house.test.get("/v1/flows/order_confirmation").json
            #expect(flow["state"] == "published" && flow["class"] == "transactional")
            let run = try await house.test.get("/v1/flows/order_confirmation/runs").json["data"]?[0]
            #expect(run?["state"] == "finished" && run?["key"] == "1001" && run?["customer_id"] == "c1")
            let message = try #require(try await house.messages(of: "c1").first)
            let shown = try await house.test.get("/v1/messages/\(message["id"]?.string ?? "")").json
            #expect(shown["state"] == "sent" && shown["order_id"] == "1001" && shown["flow_id"] == "order_confirmation")
            #expect(shown["attempt_log"]?.array?.count == 1)
            #expect(shown["message_id_header"]?.string == house.mails.first?.messageID)
            let sent = try await house.test.said("message.sent")
            #expect(sent.first?.subject == "c1" && sent.first?.data["order_id"] == "1001")
            let overview = try await house.test.house.read { db in try MessagingOverview.parts(of: "c1", db) }
            #expect(overview["messaging"]?["contact"]?["email"] == "ayse@example.com")
            #expect(overview["messaging"]?["messages"]?.array?.count == 1)
        }
    }
}
