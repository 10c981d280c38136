import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("Mail by SMTP")
    struct MailTests {
        private let shop = Shop("smtp")

        private func environment(_ port: Int) -> [String: String] {
            ["VEFA_SMTP_URL": "smtp://127.0.0.1:\(port)", "VEFA_MAIL_FROM": "The Shop <shop@example.com>"]
        }

        private func pay(_ suite: SharedTesting.Suite, _ id: String, to address: String) async throws {
            let order = Shop.Order(id: id, customer: "c-\(id)", email: address, subtotal: 3_300)
            try await suite.take(shop.paid(order))
        }

        @Test(
            "a mail goes out with both parts; one that is put off by a 4xx goes out at the next try; one that is refused does not come back"
        )
        func delivered() async throws {
            try await withSMTPSink { sink in
                try await withSuite(environment(sink.port)) { suite in
                    try await pay(suite, "P-1", to: "ayse@example.com")
                    try await pay(suite, "P-2", to: "flaky+p2@example.com")
                    try await pay(suite, "P-3", to: "reject@example.com")
                    try await until("both mails have come", within: 30) { try sink.events("mail").count == 2 }
                    let mails = try sink.events("mail")
                    let mail = try #require(mails.first { $0.to == ["ayse@example.com"] })
                    #expect(mail.from == "shop@example.com")
                    #expect(mail.fromName == "The Shop")
                    #expect(mail.subject == "Your order P-1 is confirmed")
                    #expect(mail.text?.contains("You earned 33 points") == true)
                    #expect(mail.html?.contains("You earned 33 points") == true)
                    try await until("all three are settled") {
                        let states = try await ["P-1", "P-2", "P-3"].asyncMap {
                            try await suite.messages("c-\($0)").first?["state"]?.string
                        }
                        return states == ["sent", "sent", "bounced"]
                    }
                    let message = try await suite.messages("c-P-1")[0]
                    #expect(mail.messageId == "<\(message["message_id_header"]?.string ?? "")>")
                    #expect(message["attempts"] == 1)
                    #expect(try await suite.messages("c-P-2")[0]["attempts"] == 2)
                    #expect(try await suite.messages("c-P-3")[0]["attempts"] == 1)
                    let refusals = try sink.events("refused").count
                    #expect(refusals == 2)
                }
            }
        }

        @Test("the mail server is down at first: the mail waits, is said to, and comes once when the server does")
        func downAtFirst() async throws {
            let port = try await withSMTPSink { $0.port }
            try await withSuite(environment(port)) { suite in
                try await pay(suite, "U-1", to: "up@example.com")
                try await until("the mail is put off") { try await suite.messages("c-U-1").first?["state"] == "deferred" }
                #expect(try await suite.messages("c-U-1")[0]["next_attempt_at"]?.string != nil)
                try await withSMTPSink("--port", "\(port)") { sink in
                    try await until("the mail has come", within: 30) { try sink.events("mail").count == 1 }
                    try await until("it is noted as sent") { try await suite.messages("c-U-1").first?["state"] == "sent" }
                    #expect(try sink.events("mail").count == 1)
                }
            }
        }

        @Test(
            "kill -9 of messaging amid 200 mails: each comes; one that comes twice does so under one Message-ID, and no more than were on the line"
        )
        func killedAmidMails() async throws {
            try await withSMTPSink { sink in
                try await withSuite(environment(sink.port)) { suite in
                    let orders = (0..<200).map {
                        Shop.Order(id: "K-\($0)", customer: "c-k\($0)", email: "k\($0)@example.com", subtotal: 2_000)
                    }
                    try await suite.send(orders.map { shop.paid($0) })
                    try await until("a part of the mails has come", within: 30) { try sink.events("mail").count >= 60 }
                    let atDeath = try sink.events("mail").count
                    try await suite.crash(.messaging)
                    #expect(atDeath < 200, "killed too late to mean anything")
                    let wanted = Set(orders.compactMap(\.email))
                    try await until("every mail has come", within: 60) {
                        Set(try sink.events("mail").compactMap { $0.to?.first }) == wanted
                    }
                    try await until("all are noted as sent", within: 30) {
                        for state in ["queued", "sending", "deferred", "unknown"] {
                            guard try await suite.get("/v1/messages?state=\(state)").json["data"] == [] else { return false }
                        }
                        return true
                    }
                    let mails = try sink.events("mail")
                    var ids: [String: Set<String>] = [:]
                    for mail in mails { ids[mail.to?.first ?? "", default: []].insert(mail.messageId ?? "") }
                    #expect(ids.values.allSatisfy { $0.count == 1 })
                    // messaging-svc has at most 32 mails on the line.
                    #expect(mails.count - wanted.count <= 32)
                }
            }
        }
    }
}

extension Array {
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async throws -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
