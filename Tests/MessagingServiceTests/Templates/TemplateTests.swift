import MessagingDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import MessagingService

@Suite("Templates")
struct TemplateTests {
    private let hello: JSON = [
        "name": "Hello", "sample": ["first_name": "Ayşe"],
        "locales": [
            "en": [
                "subject": "Hello {{first_name}}",
                "html": "<p>Hello <b>{{first_name}}</b></p><p><a href=\"https://example.com/?a=1&amp;b=2\">Shop</a></p>",
            ],
            "tr": ["subject": "Merhaba {{first_name}}", "html": "<p>Merhaba {{first_name}}</p>", "text": "Merhaba {{first_name}}!"],
        ],
    ]

    @Test("are made, read, edited and deleted")
    func crud() async throws {
        try await MailHouse.with { house in
            let made = try await house.test.post("/v1/templates", hello)
            #expect(made.status == 201)
            let id = made.json["id"]?.string ?? ""
            #expect(try await house.test.get("/v1/templates/\(id)").json == made.json)
            let edited = try await house.test.put("/v1/templates/\(id)", made.json)
            #expect(edited.json["version"] == 1)
            var body = hello.object ?? JSONObject()
            body["name"] = "Hello again"
            #expect(try await house.test.put("/v1/templates/\(id)", .object(body)).json["version"] == 2)
            let list = try await house.test.get("/v1/templates").json["data"]?.array ?? []
            #expect(list.compactMap { $0["id"]?.string }.contains("order_confirmation") && list.count == 5)
            #expect(try await house.test.delete("/v1/templates/\(id)").status == 204)
            #expect(try await house.test.get("/v1/templates/\(id)").status == 404)
            #expect(try await house.test.delete("/v1/templates/order_confirmation").code == "template_in_use")
        }
    }

    @Test("show themselves with data, in the language asked for, with a plain part where none was written")
    func preview() async throws {
        try await MailHouse.with { house in
            let id = try await house.test.post("/v1/templates", hello).json["id"]?.string ?? ""
            let english = try await house.test.post("/v1/templates/\(id)/preview", ["data": ["first_name": "<Ali> & Co"]]).json
            #expect(english["subject"] == "Hello <Ali> & Co")
            #expect(english["html"]?.string?.contains("<b>&lt;Ali&gt; &amp; Co</b>") == true)
            #expect(english["text"] == "Hello <Ali> & Co\n\nShop (https://example.com/?a=1&b=2)")
            let turkish = try await house.test.post("/v1/templates/\(id)/preview", ["locale": "tr-TR"]).json
            #expect(turkish["subject"] == "Merhaba Ayşe" && turkish["text"] == "Merhaba Ayşe!" && turkish["locale"] == "tr")
            let other = try await house.test.post("/v1/templates/\(id)/preview", ["locale": "de"]).json
            #expect(other["locale"] == "en")
        }
    }

    @Test("a missing variable fails the preview with its name")
    func missing() async throws {
        try await MailHouse.with { house in
            let id = try await house.test.post("/v1/templates", hello).json["id"]?.string ?? ""
            let answer = try await house.test.post("/v1/templates/\(id)/preview", ["data": ["firstname": "Ayşe"]])
            #expect(answer.status == 422 && answer.code == "missing_variable")
            #expect(answer.pointers == ["/data/first_name"])
        }
    }

    @Test("the order confirmation shows itself in both languages", arguments: ["en", "tr"])
    func builtIn(locale: String) async throws {
        try await MailHouse.with { house in
            let answer = try await house.test.post("/v1/templates/order_confirmation/preview", ["locale": .string(locale)])
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.json["html"]?.string?.contains("1,499") == true)
            #expect(answer.json["html"]?.string?.contains("{{") == false)
            #expect(answer.json["text"]?.string?.contains("{{") == false)
        }
    }

    @Test("an edited template is what the next mail is made of")
    func edited() async throws {
        try await MailHouse.with { house in
            let body: JSON = [
                "name": "Mine", "locales": ["en": ["subject": "Got it: {{order.number}}", "html": "<p>{{order.total}}</p>"]],
            ]
            #expect(try await house.test.put("/v1/templates/order_confirmation", body).status == 200)
            try await house.hear(Events.order("order.paid", "1001", at: house.now))
            try await house.test.advance(seconds: 60)
            #expect(house.mails.first?.subject == "Got it: 1001")
            #expect(house.mails.first?.text == "₺1,284.56")
            #expect(try await house.messages(of: "c1").first?["template_version"] == 2)
        }
    }

    @Test("what cannot be rendered is refused, by pointer and line")
    func refused() async throws {
        try await MailHouse.with { house in
            let answer = try await house.test.post(
                "/v1/templates",
                [
                    "name": "Broken", "colour": "red",
                    "locales": [
                        "en": ["subject": "{{#a}}", "html": "<p>\n{{/b}}</p>", "text": "{{>footer}}"],
                        "tr": ["subject": "x", "html": "{{% CONTENT_TYPE:TEXT}}", "preheader": "{{"], "zz_": ["subject": "a", "html": "b"],
                    ],
                ])
            #expect(answer.status == 422)
            #expect(
                Set(answer.pointers) == [
                    "/colour", "/locales/en/subject", "/locales/en/html", "/locales/en/text", "/locales/tr/html", "/locales/tr/preheader",
                    "/locales/zz_",
                ])
            #expect(answer.text.contains("line 2"))
            #expect(try await house.test.post("/v1/templates", [:]).pointers == ["/name", "/locales"])
            #expect(try await house.test.post("/v1/templates", ["name": "x", "locales": [:]]).pointers == ["/locales"])
            #expect(try await house.test.post("/v1/templates", ["name": "x", "locales": ["en": nil]]).pointers == ["/locales/en"])
        }
    }
}

@Suite("The outline of a template")
struct TemplateOutlineTests {
    @Test(
        "refuses what would not render or not end",
        arguments: [
            "{{", "{{a", "{{a}", "{{#a}}", "{{/a}}", "{{#a}}{{/b}}", "{{a b}}", "{{}}", "{{{a}}", "{{>p}}", "{{<p}}{{/p}}", "{{$b}}{{/b}}",
            "{{=<% %>=}}",
            "{{% CONTENT_TYPE:TEXT}}", "{{plusone(n)}}", "{{a(b(c))}}", "{{..}}", "{{a..b}}", "é{{#ş}}{{/ş}}", "{{#a}}{{^a}}{{/a}}",
            String(repeating: "{{#a}}", count: 33) + String(repeating: "{{/a}}", count: 33), "{{ #a}}{{/a}}",
        ])
    func refuses(source: String) {
        #expect(throws: TemplateSyntaxError.self) { try TemplateOutline(source) }
    }

    @Test(
        "lets through what the renderer compiles",
        arguments: [
            "", "plain", "a } b { c }} {", "{{a}}", "{{ a.b }}", "{{{a}}}", "{{&a}}", "{{! comment }}",
            "{{#a}}{{.}}{{^last()}}, {{/last()}}{{/a}}",
            "{{^a}}none{{/a}}", "{{count(items)}}", "@media (x) {.a{color:red}}", "{",
        ])
    func passes(source: String) throws {
        _ = try TemplateOutline(source)
        _ = try CompiledTemplate(TemplateParts(subject: source, preheader: source, html: source, text: source)).render(["a": ["b": 1]])
    }

    @Test("any text is read or refused, and what is read compiles")
    func anyText() throws {
        var generator = SplitMix(state: 42)
        let pieces = [
            "{{", "}}", "{", "}", "#", "/", "^", "a", "b.c", ".", " ", "\n", "!", "&", ">", "=", "%", "(", ")", "ş", "\"", "last()",
            "{{a}}", "{{#a}}", "{{/a}}",
        ]
        for _ in 0..<3_000 {
            let source = (0..<Int.random(in: 0...12, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            guard (try? TemplateOutline(source)) != nil else { continue }
            let compiled = try CompiledTemplate(TemplateParts(subject: source, html: source, text: source))
            _ = compiled.render(["a": [["b": 1], ["b": nil]], "b": ["c": "x"]])
        }
    }

    @Test("names what the data does not have, and only where it would show")
    func strict() throws {
        func missing(_ source: String, _ data: JSON) throws -> [String] {
            StrictVariables.missing(in: try TemplateOutline(source), data: data).map(\.name)
        }
        #expect(try missing("{{a}} {{b.c}} {{a}}", ["b": [:]]) == ["a", "b.c"])
        #expect(try missing("{{#a}}{{x}}{{/a}}", ["a": nil]) == [])
        #expect(try missing("{{#a}}{{x}}{{y}}{{/a}}", ["a": [["x": 1], ["x": 2, "y": 3]]]) == ["y"])
        #expect(try missing("{{#a}}{{outer}}{{/a}}", ["a": ["x": 1], "outer": 1]) == [])
        #expect(try missing("{{^a}}{{x}}{{/a}}", ["a": []]) == ["x"])
        #expect(try missing("{{a}}", ["a": ["b": 1]]) == ["a"])
        #expect(try missing("{{#list}}{{.}}{{^last()}},{{/last()}}{{/list}}", ["list": ["x"]]) == [])
    }
}

@Suite("Words and numbers in mails")
struct WordingTests {
    @Test(
        "money is written as its language and currency have it",
        arguments: [
            (123_456, "TRY", "tr", "1.234,56 ₺"), (123_456, "TRY", "en", "₺1,234.56"), (5, "TRY", "tr", "0,05 ₺"),
            (0, "USD", "en-GB", "$0.00"),
            (500, "JPY", "en", "¥500"), (1_250, "KWD", "en", "KWD 1.250"), (1_250, "KWD", "tr-TR", "1,250 KWD"),
            (-123_456_789, "EUR", "en", "-€1,234,567.89"),
            (9_007_199_254_740_992, "TRY", "tr", "90.071.992.547.409,92 ₺"), (1_000_000, "JPY", "tr", "1.000.000 ¥"),
            (Int64.min, "TRY", "en", "-₺92,233,720,368,547,758.08"),
        ] as [(Int64, String, String, String)])
    func money(amount: Int64, currency: String, locale: String, text: String) throws {
        #expect(MoneyFormat(locale: locale).format(amount, try #require(Currency(currency))) == text)
    }

    @Test("a header is one line")
    func header() {
        #expect(HeaderText.oneLine(" a\r\nb\t\tc\u{0}d\u{2028}e ") == "a b c d e")
        #expect(HeaderText.oneLine("a\u{202E}b") == "a b")
        #expect(HeaderText.oneLine(String(repeating: "ş", count: 300)).count == 255)
        #expect(HeaderText.oneLine("👩‍👩‍👧") == "👩‍👩‍👧")
    }

    @Test("a language is found by its tag, by its language, or falls back")
    func locale() {
        #expect(LocaleChoice.pick(from: ["en", "tr"], wishes: ["tr-TR"]) == "tr")
        #expect(LocaleChoice.pick(from: ["en", "tr"], wishes: [nil, "TR"]) == "tr")
        #expect(LocaleChoice.pick(from: ["en", "en-GB"], wishes: ["en_gb"]) == "en-GB")
        #expect(LocaleChoice.pick(from: ["tr"], wishes: ["de"]) == "tr")
        #expect(LocaleChoice.pick(from: ["en", "tr"], wishes: ["de", "tr"]) == "tr")
        #expect(LocaleChoice.pick(from: [String](), wishes: ["de"]) == nil)
    }

    @Test(
        "addresses that could break out of a header or a command are none",
        arguments: [
            "a", "@b", "a@", "a b@c", "a@b\r\nX: y", "a@b,c@d", "<a@b>", "a@b@c", "a@-b", "a@b..c", "\"a\"@b",
            String(repeating: "a", count: 65) + "@b",
        ])
    func badAddress(address: String) {
        #expect(!EmailAddress.isDeliverable(address))
    }

    @Test("ordinary addresses are", arguments: ["a@b", "ayse.yilmaz+shop@example.co.uk", "o'brien@example.com", "ünlü@örnek.com"])
    func goodAddress(address: String) {
        #expect(EmailAddress.isDeliverable(address))
    }

    @Test("a plain part has the words, the lines and the links, and nothing hidden")
    func plainText() {
        let html = """
            <html><head><title>No</title><style>p { color: red }</style></head><body><div style="display: none">hidden</div>
            <h1>Hello&nbsp;&amp; welcome</h1><p>One<br>two <b>three</b>.</p><!-- <p>gone</p> -->
            <table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table><ul><li>x</li><li>y</li></ul>
            <p><a href='https://example.com/a'>Link</a> 1 &lt; 2 &#8364;</p></body></html>
            """
        #expect(
            PlainText.from(html: html)
                == "Hello & welcome\n\nOne\ntwo three.\n\na  b\nc\n\n- x\n- y\n\nLink (https://example.com/a) 1 < 2 €")
        #expect(PlainText.from(html: "a < b and no tag") == "a < b and no tag")
        #expect(PlainText.from(html: "<İ style=\"display:none\"") == "<İ style=\"display:none\"")
    }
}

/// Numbers that come out the same at every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
