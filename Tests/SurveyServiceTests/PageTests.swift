import Shared
import SharedTesting
import Testing

@testable import SurveyService

@Suite("The hosted page")
struct PageTests {
    private static let everything: [JSON] = [
        ["id": "s", "kind": "statement", "title": "<script>alert(1)</script>"],
        [
            "id": "one", "kind": "single", "title": "One \"of\" these",
            "choices": [["id": "a", "title": "A & B"], ["id": "b", "title": "<i>B</i>"]],
        ],
        ["id": "many", "kind": "multiple", "title": "Any", "choices": [["id": "x", "title": "X"], ["id": "y", "title": "Y"]]],
        ["id": "stars", "kind": "rating", "title": "Stars", "required": true],
        ["id": "words", "kind": "text", "title": "Words"], ["id": "mail", "kind": "email", "title": "Mail"],
        ["id": "tel", "kind": "phone", "title": "Tel"],
        ["id": "num", "kind": "number", "title": "Number"], ["id": "day", "kind": "date", "title": "Day"],
        ["id": "ok", "kind": "consent", "title": "May we write?"],
    ]

    @Test("every kind of question is a labelled field, nothing from outside is markup, and no script is needed or allowed")
    func markup() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish(Self.everything, ["title": ["en": "Tell <us>", "tr": "Anlatın"]])
            let page = try await house.page("/s/\(id)")
            #expect(page.status == 200)
            #expect(
                page.text.contains("<h1>Tell &lt;us&gt;</h1>") && page.text.contains("&lt;script&gt;alert(1)")
                    && page.text.contains("A &amp; B"))
            #expect(!page.text.contains("<script") && !page.text.contains("<i>") && !page.text.contains("javascript"))
            #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
            // Every control has a label around it or for it, every group a legend.
            #expect(page.text.components("<fieldset") == 9 && page.text.components("<legend") == 9)
            for name in ["words", "mail", "tel", "num", "day"] { #expect(page.text.contains("<label for=\"q_\(name)\">")) }
            // Prefilled values out of the address are text.
            let filled = try await house.page("/s/\(id)?one=a&words=%3C%2Ftextarea%3E%3Cscript%3E&mail=%22%3E%3Cb%3E&stars=99")
            #expect(
                !filled.text.contains("<script") && filled.text.contains("&lt;/textarea&gt;") && filled.text.contains("&quot;&gt;&lt;b&gt;")
            )
            #expect(filled.text.contains("value=\"a\" checked"))
            #expect(try await house.stats(id)["seen"] == 0)
        }
    }

    @Test("a visitor answers once; the page speaks their language and remembers them by its own cookie only")
    func visitor() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish(Self.everything, ["title": ["en": "Tell us", "tr": "Anlatın"]])
            let page = try await house.page("/s/\(id)", language: "de, tr;q=0.8, en;q=0.5")
            #expect(page.text.contains("<html lang=\"tr\">") && page.text.contains("Anlatın") && page.text.contains("Gönder"))
            #expect(page.text.contains("?lang=en"))
            #expect(try await house.page("/s/\(id)?lang=en", language: "tr").text.contains("Tell us"))
            let cookie = try #require(page.cookie)
            #expect(page.headers[.setCookie]?.contains("HttpOnly") == true && page.headers[.setCookie]?.contains("Path=/s/\(id);") == true)
            let fields = [
                ("form", page.form), ("lang", "tr"), ("q_one", "b"), ("q_many", "y"), ("q_many", "x"), ("q_stars", "4"),
                ("q_words", "iyi\r\n<b>çok</b>"),
                ("q_mail", "ada@example.com"), ("q_num", "2,5"), ("q_day", "2026-03-01"), ("q_ok", "yes"), ("q_s", "x"), ("q_other", "y"),
            ]
            let thanks = try await house.send("/s/\(id)", fields, cookie: cookie)
            #expect(thanks.status == 200 && thanks.text.contains("Teşekkür"))
            let response = try #require(try await house.responses(id).first)
            #expect(
                response["answers"] == [
                    "one": "b", "many": ["x", "y"], "stars": 4, "words": "iyi\n<b>çok</b>", "mail": "ada@example.com", "num": 2.5,
                    "day": "2026-03-01",
                    "ok": true,
                ])
            #expect(response["visitor_id"]?.string?.hasPrefix("vis_") == true && response["completed"] == true)
            #expect(try await house.page("/s/\(id)", cookie: cookie).text.contains("Thank you"))
            #expect(try await house.send("/s/\(id)", fields, cookie: cookie).text.contains("Teşekkür"))
            // Sent twice from a browser without cookies, it is still one answer.
            #expect(try await house.send("/s/\(id)", fields).text.contains("Teşekkür"))
            #expect(try await house.responses(id).count == 1)
            let stats = try await house.stats(id)
            #expect(stats["seen"] == 1 && stats["started"] == 1 && stats["completed"] == 1)
        }
    }

    @Test("what is wrong is named, linked and described, and what was typed stands again")
    func faults() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish(Self.everything)
            let page = try await house.page("/s/\(id)")
            let answer = try await house.send(
                "/s/\(id)",
                [("form", page.form), ("lang", "en"), ("q_words", "<kept>"), ("q_mail", "nonsense"), ("q_many", "y"), ("q_one", "zzz")],
                cookie: page.cookie)
            #expect(answer.status == 422)
            for link in ["#q_stars_0", "#q_mail", "#q_one_0"] { #expect(answer.text.contains("<a href=\"\(link)\">"), "\(link)") }
            // The links lead somewhere.
            for field in ["q_stars_0", "q_mail", "q_one_0"] { #expect(answer.text.contains("id=\"\(field)\""), "\(field)") }
            #expect(answer.text.contains("aria-invalid=\"true\"") && answer.text.contains("aria-describedby=\"q_mail_fault\""))
            #expect(
                answer.text.contains("&lt;kept&gt;") && answer.text.contains("value=\"nonsense\"")
                    && answer.text.contains("value=\"y\" checked"))
            #expect(try await house.responses(id).isEmpty)
            // The form that is shown again can be sent.
            let mended = try await house.send("/s/\(id)", [("form", answer.form), ("q_stars", "5")], cookie: page.cookie)
            #expect(mended.status == 200 && mended.text.contains("Thank you"))
        }
    }

    @Test("a form that was not made here, or was made for somebody else, keeps nothing and comes back to be sent again")
    func forgery() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish()
            let other = try await house.publish()
            let mine = try await house.page("/s/\(id)")
            let theirs = try await house.page("/s/\(id)")
            let elsewhere = try await house.page("/s/\(other)")
            for form in ["", "made.up", theirs.form, elsewhere.form] {
                let answer = try await house.send("/s/\(id)", [("form", form), ("q_q1", "7")], cookie: mine.cookie)
                #expect(answer.status == 403 && answer.text.contains("value=\"7\" checked") && answer.text.contains("role=\"alert\""))
            }
            #expect(try await house.responses(id).isEmpty)
            // A cookie of another survey, or one that was tampered with, is nobody's.
            #expect(try await house.send("/s/\(id)", [("form", mine.form), ("q_q1", "7")], cookie: elsewhere.cookie).status == 200)
            #expect(try await house.responses(id).count == 1)
            let wrong = try await house.test.request(
                .post, "/s/\(id)", body: Array("{}".utf8), headers: [.contentType: "application/json"], principal: .visitor)
            #expect(wrong.status == 415)
        }
    }

    @Test("with logic there is a question a page, and each answer decides about the next")
    func steps() async throws {
        try await SurveyHouse.with { house in
            let sorry: JSON = ["id": "sorry", "kind": "statement", "title": "We are sorry."]
            let bye: JSON = ["id": "bye", "kind": "statement", "title": "See you soon."]
            let rules: [JSON] = [
                ["if": ["field": "answers.q1", "op": "lte", "value": 6], "then": ["show": "sorry"]],
                ["if": ["field": "answers.q1", "op": "gte", "value": 9], "then": ["jump": "bye"]],
            ]
            var why = try #require(SurveyHouse.why.object)
            why["required"] = true
            let id = try await house.publish([SurveyHouse.nps, sorry, .object(why), bye], ["logic": .array(rules)])
            let first = try await house.page("/s/\(id)")
            #expect(first.text.contains("q_q1") && !first.text.contains("q_q2") && first.text.contains(">Next<"))
            let second = try await house.send("/s/\(id)", [("form", first.form), ("at", "q1"), ("q_q1", "2")], cookie: first.cookie)
            #expect(second.text.contains("We are sorry.") && second.text.contains("q_q2") && !second.text.contains("q_q1_0"))
            let missing = try await house.send("/s/\(id)", [("form", second.form), ("at", "q2"), ("q_q2", " ")], cookie: first.cookie)
            #expect(missing.status == 422 && missing.text.contains("#q_q2"))
            // Coming back later goes on where it was left.
            #expect(try await house.page("/s/\(id)", cookie: first.cookie).text.contains("q_q2"))
            let done = try await house.send("/s/\(id)", [("form", second.form), ("at", "q2"), ("q_q2", "late")], cookie: first.cookie)
            #expect(done.text.contains("Thank you") && done.text.contains("See you soon."))
            try await house.test.advance(seconds: 1)
            let happy = try await house.page("/s/\(id)")
            let short = try await house.send("/s/\(id)", [("form", happy.form), ("at", "q1"), ("q_q1", "10")], cookie: happy.cookie)
            #expect(short.text.contains("Thank you") && short.text.contains("See you soon."))
            #expect(try await house.responses(id).map { $0["answers"] } == [["q1": 10], ["q1": 2, "q2": "late"]])
        }
    }
}

extension String {
    /// How often `part` occurs.
    fileprivate func components(_ part: String) -> Int { ranges(of: part).count }
}
