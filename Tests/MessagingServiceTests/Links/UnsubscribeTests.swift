import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import MessagingService

/// What a mail's reader gets at: the links in it, followed as the gateway would pass them on.
struct Reader {
    let house: MailHouse

    /// Without the scheme and host.
    static func path(_ url: String) -> String { String(url.dropFirst("http://127.0.0.1:8080".count)) }

    static func unsubscribe(_ mail: OutgoingMail) throws -> String {
        let value = try #require(mail.headers.first { $0.name == "List-Unsubscribe" }?.value)
        return String(value.dropFirst().dropLast())
    }

    /// The addresses in a mail's HTML that begin so.
    static func links(_ mail: OutgoingMail, _ prefix: String) -> [String] {
        mail.html.split(separator: "\"").map(String.init).filter { $0.hasPrefix("http://127.0.0.1:8080" + prefix) }
    }

    func follow(_ path: String, headers: HTTPFields = [:]) async throws -> TestHouse.Answer {
        try await follow(.get, path, headers: headers)
    }

    func follow(_ method: HTTPRequest.Method, _ path: String, body: String = "", headers: HTTPFields = [:]) async throws -> TestHouse.Answer
    {
        try await house.test.request(method, path, body: Array(body.utf8), headers: headers, principal: .visitor)
    }
}

@Suite("Unsubscribing takes one click, and nothing less")
struct UnsubscribeTests {
    /// A house, a marketing mail in it, and its reader.
    static func with(
        locale: String? = nil, environment: [String: String] = ["VEFA_STORE_NAME": "Çarşı"],
        _ body: (MailHouse, Reader, OutgoingMail) async throws -> Void
    ) async throws {
        try await AbandonedCartTests.with(locale: locale, environment: environment) { house, _, _ in
            try await house.hear(AbandonedCartTests.cart(at: house.now))
            try await house.test.advance(seconds: 3_600)
            try await body(house, Reader(house: house), try #require(house.mails.first))
        }
    }

    private func consent(_ house: MailHouse, _ customer: String = "c1") async throws -> JSON? {
        try await house.test.get("/v1/contacts/\(customer)").json["consents"]?["newsletter"]
    }

    @Test("marketing mail has both headers, each on one line of its own, and the link in its text; transactional mail has none")
    func headers() async throws {
        try await Self.with { house, _, mail in
            let url = try Reader.unsubscribe(mail)
            let raw = String(decoding: mail.message(), as: UTF8.self)
            let head = raw.prefix(upTo: try #require(raw.firstRange(of: "\r\n\r\n")).lowerBound).split(separator: "\r\n")
            // As Gmail reads it: one header each, unfolded, an address in angle brackets, the exact words of RFC 8058.
            #expect(head.filter { $0.hasPrefix("List-Unsubscribe:") } == ["List-Unsubscribe: <\(url)>"])
            #expect(head.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"))
            #expect(head.allSatisfy { $0.utf8.count <= 998 })
            #expect(mail.text.contains(url) && mail.html.contains(url))
            try await house.test.post("/v1/flows/order_confirmation/publish").expect(200)
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            try await house.test.advance(seconds: 60)
            #expect(house.mails.last?.headers == [])
            #expect(house.mails.last?.html.contains("/u/") == false && house.mails.last?.html.contains("/t/") == false)
        }
    }

    @Test("following the link changes nothing, however often, and shows one button")
    func getChangesNothing() async throws {
        try await Self.with { house, reader, mail in
            let path = Reader.path(try Reader.unsubscribe(mail))
            for _ in 0..<3 {
                let page = try await reader.follow(path)
                #expect(page.status == 200 && page.headers[.contentType] == "text/html; charset=utf-8")
                #expect(page.text.contains("<form method=\"post\">") && page.text.contains("Çarşı") && page.text.contains("lang=\"en\""))
                #expect(page.headers[.cacheControl] == "no-store")
            }
            #expect(try await consent(house)?["state"] == "granted")
            #expect(try await house.test.said("message.unsubscribed").isEmpty)
            #expect(try await reader.follow(path, headers: [.acceptLanguage: "tr-TR,tr;q=0.9,en;q=0.5"]).text.contains("Abonelikten çık"))
            try await house.test.put("/v1/contacts/c1", ["locale": "tr"]).expect(200)
            #expect(try await reader.follow(path, headers: [.acceptLanguage: "en"]).text.contains("lang=\"tr\""))
        }
    }

    @Test(
        "one click, in whichever form the provider sends it, denies the topic once; later mails do not go",
        arguments: [
            ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"), ("", ""),
            (
                "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n",
                "multipart/form-data; boundary=x"
            ),
        ])
    func oneClick(body: String, type: String) async throws {
        try await Self.with { house, reader, mail in
            let path = Reader.path(try Reader.unsubscribe(mail))
            for _ in 0..<2 {
                let answer = try await reader.follow(.post, path, body: body, headers: type.isEmpty ? [:] : [.contentType: type])
                #expect(answer.status == 200 && answer.text.contains("You are unsubscribed"), "\(answer.text)")
            }
            #expect(try await consent(house)?["state"] == "denied")
            #expect(try await consent(house)?["source"] == "unsubscribe_link")
            let said = try await house.test.said("message.unsubscribed")
            #expect(said.count == 1 && said.first?.subject == "c1" && said.first?.data["topic"] == "newsletter")
            try await house.test.advance(days: 2)
            #expect(house.mails.count == 1)
            #expect(try await house.messages(of: "c1").first?["reason"] == "no_consent")
            // The store's own box does not overrule it; the customer's own word does.
            try await house.hear(
                Events.event("customer.updated", at: house.now, id: "u", ["customer": ["id": "c1", "accepts_marketing": true]]))
            #expect(try await consent(house)?["state"] == "denied")
            try await house.hear(Events.event("newsletter.subscribed", at: house.now, id: "n", ["customer": ["id": "c1"]]))
            #expect(try await consent(house)?["state"] == "granted")
            // The old link works again.
            _ = try await reader.follow(.post, path)
            #expect(try await consent(house)?["state"] == "denied")
            #expect(try await house.test.said("message.unsubscribed").count == 2)
        }
    }

    @Test("it works years later, for whoever else is written to at the address, and though the consent is dated ahead")
    func long() async throws {
        try await Self.with { house, reader, mail in
            try await house.test.put("/v1/contacts/c2", ["email": "AYSE@example.com", "consents": ["newsletter": ["state": "granted"]]])
                .expect(200)
            try await house.test.advance(days: 3_000)
            try await house.hear(
                Events.event(
                    "newsletter.subscribed", at: house.now.adding(seconds: 80_000), id: "n", ["customer": ["id": "c1"], "source": "form"]))
            _ = try await reader.follow(.post, Reader.path(try Reader.unsubscribe(mail)))
            #expect(try await consent(house)?["state"] == "denied")
            #expect(try await consent(house, "c2")?["state"] == "denied")
        }
    }

    @Test("a forged link is a page that says nothing, and does nothing")
    func forged() async throws {
        try await Self.with { house, reader, mail in
            let path = Reader.path(try Reader.unsubscribe(mail))
            let token = String(path.dropFirst(3))
            let other = LinkSigner(key: Array("another key of the same length ".utf8)).token("unsubscribe", ["m": "msg_1"])
            let open = try #require(Reader.links(mail, "/t/o/").first).split(separator: "/").last.map(String.init) ?? ""
            let broken: [String] = [
                "x", String(token.dropLast(3)) + "AAA", "A" + String(token.dropFirst()), token + ".", String(repeating: "a", count: 9_000),
            ]
            for forged in broken + [other, open] {
                for method in [HTTPRequest.Method.get, .post] {
                    let answer = try await reader.follow(method, "/u/\(forged)")
                    #expect(answer.status == 404 && answer.text.contains("not valid") && !answer.text.contains("msg_"))
                }
            }
            #expect(try await consent(house)?["state"] == "granted")
        }
    }

    @Test("a merchant's own template without the link and the address gets both")
    func footer() async throws {
        try await AbandonedCartTests.with { house, _, _ in
            try await house.test.put(
                "/v1/templates/abandoned_cart_reminder",
                ["name": "Mine", "locales": ["tr": ["subject": "Merhaba", "html": "<html><body><p>Selam</p></BODY></html>"]]]
            ).expect(200)
            try await house.hear(
                MailSettingsTests.changed(["store_name": "Çarşı", "postal_address": "Bağdat Cad. 1 <A>\r\n34710 İstanbul"]))
            try await house.hear(AbandonedCartTests.cart(at: house.now))
            try await house.test.advance(seconds: 3_600)
            let mail = try #require(house.mails.first)
            let url = try Reader.unsubscribe(mail)
            #expect(mail.html.contains("Bağdat Cad. 1 &lt;A&gt;, 34710 İstanbul<br><a href=\"\(url)\""))
            #expect(mail.text.contains("Bağdat Cad. 1 <A>, 34710 İstanbul") && mail.text.contains(url))
            #expect(mail.html.hasSuffix("</BODY></html>"))
        }
    }

    @Test("who has unsubscribed stays so under another id of the same mailbox, opened later or merged; their own later word counts")
    func sameReader() async throws {
        try await Self.with { house, reader, mail in
            try await house.hear(
                Events.event(
                    "customer.created", at: house.now, id: "before",
                    [
                        "customer": ["id": "c3", "email": "c3@example.com", "accepts_marketing": true]
                    ]))
            _ = try await reader.follow(.post, Reader.path(Reader.unsubscribe(mail)), body: "List-Unsubscribe=One-Click")
            let account: JSON = ["id": "c2", "email": "Ayse@example.com", "accepts_marketing": true]
            try await house.hear(Events.event("customer.created", at: house.now, id: "account", ["customer": account]))
            #expect(try await consent(house, "c2") == nil)
            try await house.hear(Events.event("customers.merged", at: house.now, id: "merge", ["from_id": "c1", "into_id": "c3"]))
            #expect(try await consent(house, "c3")?["state"] == "denied")
            #expect(try await consent(house, "c3")?["source"] == "unsubscribe_link")
            let form: JSON = ["email": "ayse@example.com", "source": "form"]
            try await house.hear(Events.event("newsletter.subscribed", at: house.now, id: "form", form))
            #expect(try await consent(house, "c2")?["state"] == "granted")
        }
    }
}
