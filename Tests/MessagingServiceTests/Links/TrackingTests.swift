import HTTPTypes
import MessagingDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import MessagingService

@Suite("Opens and clicks are counted by kind, and no link leads where we did not mean")
struct TrackingTests {
    private static let browser: HTTPFields = [.userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"]

    private func shown(_ house: MailHouse) async throws -> JSON {
        let id = try await house.messages(of: "c1").last?["id"]?.string ?? ""
        return try await house.test.get("/v1/messages/\(id)").json
    }

    @Test("the first opening by somebody is said and shown, machines apart")
    func opens() async throws {
        try await UnsubscribeTests.with { house, reader, mail in
            let path = Reader.path(try #require(Reader.links(mail, "/t/o/").first))
            let machine = try await reader.follow(path, headers: [.userAgent: "Mozilla/5.0"])
            #expect(
                machine.status == 200 && machine.headers[.contentType] == "image/gif" && machine.body.starts(with: Array("GIF89a".utf8)))
            #expect(machine.headers[.cacheControl]?.contains("no-store") == true)
            #expect(try await shown(house)["opened_at"] == .null)
            for _ in 0..<3 { _ = try await reader.follow(path, headers: Self.browser) }
            let said = try await house.test.said("message.opened")
            #expect(said.map { $0.data["kind"] } == ["machine", "human"])
            #expect(said.allSatisfy { $0.subject == "c1" && $0.data["template"] == "abandoned_cart_reminder" })
            let message = try await shown(house)
            #expect(message["opened_at"]?.string == house.now.rfc3339)
            #expect(message["opens"]?.array?.map { $0["kind"] } == ["machine", "human", "human", "human"])
            #expect(try await house.test.said("message.clicked").isEmpty)
        }
    }

    @Test("a click leads to the very address of the mail, is said once, and means that the mail was opened")
    func clicks() async throws {
        try await UnsubscribeTests.with { house, reader, mail in
            #expect(!mail.html.contains("shop.example"))
            #expect(mail.text.contains(AbandonedCartTests.recovery))
            let links = Reader.links(mail, "/t/c/")
            #expect(links.count == 1)
            for _ in 0..<2 {
                let answer = try await reader.follow(Reader.path(links[0]), headers: Self.browser)
                #expect(answer.status == 302 && answer.headers[.location] == AbandonedCartTests.recovery)
            }
            let said = try await house.test.said("message.clicked")
            #expect(
                said.count == 1 && said.first?.data["url"]?.string == AbandonedCartTests.recovery && said.first?.data["kind"] == "human")
            #expect(try await house.test.said("message.opened").map { $0.data["kind"] } == ["human"])
            let message = try await shown(house)
            #expect(message["opened_at"]?.isNull == false && message["clicked_at"]?.isNull == false)
            #expect(message["clicks"]?.array?.count == 2 && message["clicks"]?[0]?["url"]?.string == AbandonedCartTests.recovery)
        }
    }

    @Test("a scanner's click is a machine's and opens nothing")
    func scanner() async throws {
        try await UnsubscribeTests.with { house, reader, mail in
            let path = Reader.path(try #require(Reader.links(mail, "/t/c/").first))
            #expect(try await reader.follow(path, headers: [.userAgent: "Mozilla/5.0 (compatible; Barracuda Sentinel)"]).status == 302)
            let message = try await shown(house)
            #expect(message["opened_at"] == .null && message["clicked_at"] == .null)
            #expect(try await house.test.said("message.clicked").map { $0.data["kind"] } == ["machine"])
        }
    }

    @Test("forged, tampered, expired and foreign: never a redirect; the picture always comes and notes nothing")
    func forged() async throws {
        try await UnsubscribeTests.with { house, reader, mail in
            let good = String(Reader.path(try #require(Reader.links(mail, "/t/c/").first)).dropFirst(5))
            let id = try await shown(house)["id"]?.string ?? ""
            let ours = house.test.house.links
            let theirs = LinkSigner(key: Array("another key of the same length ".utf8))
            let evil: JSON = ["m": .string(id), "u": "https://evil.example/"]
            let payload = Base64URL.encode(JSON.object(JSONObject([.init(name: "p", value: evil)])).bytes)
            let code = good.split(separator: ".").last.map(String.init) ?? ""
            var tokens: [String] = ["x", "https:%2F%2Fevil.example", payload + "." + code, good + "x", "A" + String(good.dropFirst())]
            tokens.append(theirs.token("click", evil))
            tokens.append(ours.token("unsubscribe", evil))
            let past = VefaClock.machineNow.adding(seconds: -1)
            tokens.append(ours.token("click", ["m": .string(id), "u": "https://shop.example/"], expires: past))
            // Even signed, what a browser could read otherwise than we do leads nowhere.
            let bad = [
                "//evil.example", "javascript:alert(1)", "https:\\\\evil.example", "https://shop.example@evil.example/", "data:text/html,x",
                "/\\evil.example",
            ]
            for url in bad { tokens.append(ours.token("click", ["m": .string(id), "u": .string(url)])) }
            for token in tokens {
                let answer = try await reader.follow("/t/c/\(token)?url=https://evil.example&u=//evil.example", headers: Self.browser)
                #expect(answer.status == 404 && answer.headers[.location] == nil, "\(token)")
                let picture = try await reader.follow("/t/o/\(token)", headers: Self.browser)
                #expect(picture.status == 200 && picture.headers[.contentType] == "image/gif")
            }
            #expect(try await house.test.said("message.opened").isEmpty)
            #expect(try await house.test.said("message.clicked").isEmpty)
            let answer = try await reader.follow("/t/c/\(good)?url=https://evil.example", headers: [.origin: "https://evil.example"])
            #expect(answer.headers[.location] == AbandonedCartTests.recovery)
        }
    }

    @Test("whoever refuses to be counted gets the plain links, and a mail of before counts no more")
    func refused() async throws {
        try await UnsubscribeTests.with { house, reader, mail in
            try await house.test.put("/v1/contacts/c1", ["consents": ["tracking": ["state": "denied"]]]).expect(200)
            _ = try await reader.follow(Reader.path(try #require(Reader.links(mail, "/t/o/").first)), headers: Self.browser)
            let click = try await reader.follow(Reader.path(try #require(Reader.links(mail, "/t/c/").first)), headers: Self.browser)
            #expect(click.status == 302)
            let message = try await shown(house)
            #expect(message["clicks"] == [] && message["opens"] == [])
            try await house.test.advance(days: 1)
            let second = try #require(house.mails.last)
            #expect(house.mails.count == 2 && !second.html.contains("/t/"))
            #expect(second.html.contains("href=\"https://shop.example/cart/1"))
        }
    }

    @Test("VEFA_TRACKING=off leaves every mail as it is")
    func off() async throws {
        try await UnsubscribeTests.with(environment: ["VEFA_TRACKING": "off"]) { _, _, mail in
            #expect(!mail.html.contains("/t/") && mail.html.contains("/u/"))
        }
    }

    @Test("a message keeps at most 200 visits")
    func limit() async throws {
        try await UnsubscribeTests.with { house, reader, mail in
            let path = Reader.path(try #require(Reader.links(mail, "/t/o/").first))
            for _ in 0..<210 { _ = try await reader.follow(path, headers: Self.browser) }
            #expect(try await shown(house)["opens"]?.array?.count == 200)
        }
    }
}

@Suite("Links in HTML")
struct LinkRewriterTests {
    private func rewrite(_ html: String) -> String {
        LinkRewriter.rewrite(html) { $0.hasPrefix("http") ? "https://t.example/c?u=1&v=\($0.count)" : nil }
    }

    @Test(
        "only the address of a link changes",
        arguments: [
            ("<a href=\"https://a.example/?x=1&amp;y=2\">x</a>", "<a href=\"https://t.example/c?u=1&amp;v=26\">x</a>"),
            ("<A class=b HREF='https://a.example'>x</A>", "<A class=b HREF=\"https://t.example/c?u=1&amp;v=17\">x</A>"),
            ("<a href = https://a.example>x</a>", "<a href = \"https://t.example/c?u=1&amp;v=17\">x</a>"),
            ("<a data-href=\"https://a.example\" title=\"> href='https://a.example'\" href=\"#top\">x</a>", nil),
            ("<a href=\"mailto:a@b.example\">x</a><a href=\"\">y</a><a>z</a><a href>q</a>", nil),
            ("<!--[if mso]><a href=\"https://a.example\">x</a><![endif]-->", nil), ("<abbr href=\"https://a.example\">", nil),
            ("https://a.example <img src=\"https://a.example\"><link href=\"https://a.example\">", nil),
            ("<a", nil), ("<a href=\"https://a.example", nil), ("<a href=", nil), ("<a =", nil), ("<!--", nil), ("", nil),
            ("Çay < ş >", nil),
        ] as [(String, String?)])
    func cases(html: String, expected: String?) {
        #expect(rewrite(html) == expected ?? html)
    }

    @Test("any text comes through, and what is not replaced stays byte for byte")
    func anything() {
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0..<UInt64.max, using: &generator)
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let pieces = [
            "<a ", "<a", "href", "=", "\"", "'", ">", "https://a.example", " ", "<!--", "-->", "/", "</body>", "ş", "<area ", "&amp;",
        ]
        for _ in 0..<2_000 {
            let html = (0..<next(24)).map { _ in pieces[next(pieces.count)] }.joined()
            #expect(LinkRewriter.rewrite(html) { _ in nil } == html, "seed \(seed)")
            _ = LinkRewriter.rewrite(html) { $0 }
            #expect(LinkRewriter.append("!", to: html).utf8.count == html.utf8.count + 1, "seed \(seed)")
        }
    }

    @Test(
        "who it was",
        arguments: [
            ("HEAD", "Mozilla/5.0 (X11) Firefox/1", .machine), ("GET", "Mozilla/5.0", .machine), ("GET", nil, .unknown),
            ("GET", "", .unknown),
            ("GET", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", .unknown),
            ("GET", "Mozilla/5.0 (compatible; Googlebot/2.1)", .machine), ("GET", "curl/8.5", .unknown),
            ("GET", "Mozilla/5.0 (Linux; Android 11; CUBOT X50) Chrome/120", .human),
            ("GET", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15", .human),
            ("GET", "Mozilla/5.0 BingPreview/1.0b", .machine),
        ] as [(String, String?, VisitorKind)])
    func visitors(method: String, agent: String?, kind: VisitorKind) {
        #expect(VisitorKind.of(method: method, userAgent: agent) == kind)
    }
}
