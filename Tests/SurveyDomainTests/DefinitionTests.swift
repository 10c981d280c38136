import Shared
import Testing

@testable import SurveyDomain

@Suite("What a survey may be")
struct DefinitionTests {
    @Test("a definition comes back as it was written, and reads the same again")
    func roundTrip() throws {
        let body: JSON = [
            "name": "After delivery", "title": ["en": "How was it?", "tr": "Nasıldı?"],
            "questions": [
                ["id": "q1", "kind": "nps", "title": ["en": "Would you recommend us?", "tr": "Bizi önerir misiniz?"], "required": true],
                [
                    "id": "q2", "kind": "multiple", "title": "Why?",
                    "choices": [["id": "fast", "title": "Fast"], ["id": "kind", "title": "Kind"]], "max": 1,
                ],
                ["id": "q3", "kind": "rating", "title": "Stars", "min": 0, "max": 10],
            ],
            "logic": [["if": ["field": "answers.q1", "op": "lt", "value": 7], "then": ["jump": "q3"]]],
            "reward": ["kind": "points", "points": 50], "trigger": ["event": "order.delivered", "after_days": 3],
            "audience": ["field": "orders.count", "op": "gte", "value": 2], "sample_percent": 50, "cooldown_days": 7,
            "languages": ["tr", "en"],
        ]
        let survey = try #require(read(body).survey)
        #expect(survey.trigger == .event("order.delivered", afterDays: 3))
        #expect(survey.title(in: "tr-TR") == "Nasıldı?")
        #expect(survey.questions[2].scale == 0...10)
        #expect(SurveyDefinition(json: survey.json) == survey)
    }

    @Test("an empty audience is everybody, an empty trigger any page")
    func empty() throws {
        let nothing = JSON.object(JSONObject())
        let survey = try #require(read(["name": "x", "audience": nothing, "trigger": nothing]).survey)
        #expect(survey.audience == nil && survey.trigger == .anyPage)
        let paged = try #require(read(["name": "x", "trigger": ["pages": ["/thanks"]]]).survey)
        #expect(paged.trigger == .onSite(SurveyTrigger.OnSite(moment: .page, pages: ["/thanks"])))
    }

    /// Each by a call of its own: one literal of all takes the compiler minutes.
    private static let refusals: [(JSON, String)] = {
        var cases: [(JSON, String)] = []
        func add(_ body: JSON, _ wrong: String) { cases.append((body, wrong)) }
        add(["questions": []], "missing /name")
        add(["name": ""], "empty /name")
        add(["name": "x", "colour": "red"], "unknown_field /colour")
        add(["name": "x", "questions": [["id": "q", "kind": "matrix", "title": "?"]]], "not_supported_yet /questions/0/kind")
        add(
            ["name": "x", "questions": [["id": "q", "kind": "ranking", "title": "?", "choices": []]]], "not_supported_yet /questions/0/kind"
        )
        add(["name": "x", "questions": [["id": "q", "kind": "essay", "title": "?"]]], "invalid /questions/0/kind")
        add(["name": "x", "questions": [["id": "a.b", "kind": "text", "title": "?"]]], "invalid /questions/0/id")
        add(["name": "x", "questions": [["id": "q", "kind": "text"]]], "missing /questions/0/title")
        add(["name": "x", "questions": [["id": "q", "kind": "text", "title": 1]]], "wrong_type /questions/0/title")
        add(
            ["name": "x", "questions": [["id": "q", "kind": "text", "title": ["klingon!": "?"]]]],
            "unknown_language /questions/0/title/klingon!")
        add(["name": "x", "questions": [["id": "q", "kind": "text", "title": .object(JSONObject())]]], "empty /questions/0/title")
        add(["name": "x", "questions": [question("q", "text"), question("q", "nps")]], "duplicate /questions/1/id")
        add(["name": "x", "questions": [["id": "q", "kind": "single", "title": "?"]]], "missing /questions/0/choices")
        add(["name": "x", "questions": [question("q", "single", ["choices": []])]], "empty /questions/0/choices")
        add(
            ["name": "x", "questions": [question("q", "single", ["choices": [["id": "a", "title": "A"], ["id": "a", "title": "B"]]])]],
            "duplicate /questions/0/choices/1/id")
        add(["name": "x", "questions": [question("q", "text", ["choices": []])]], "unknown_field /questions/0/choices")
        add(["name": "x", "questions": [question("q", "nps", ["max": 5])]], "unknown_field /questions/0/max")
        add(["name": "x", "questions": [question("q", "rating", ["min": 5, "max": 5])]], "out_of_range /questions/0/max")
        add(["name": "x", "questions": [question("q", "rating", ["max": 100])]], "out_of_range /questions/0/max")
        add(["name": "x", "questions": [question("q", "multiple", ["max": 4])]], "out_of_range /questions/0/max")
        add(
            ["name": "x", "logic": [["if": ["field": "order.total", "op": "gt", "value": 1], "then": "end"]]],
            "unknown_field /logic/0/if/field")
        add(["name": "x", "logic": [["then": "end"]]], "missing /logic/0/if")
        add(["name": "x", "logic": [["if": ["field": "answers.q", "op": "exists"], "then": "stop"]]], "invalid /logic/0/then")
        add(["name": "x", "reward": ["kind": "points"]], "missing /reward/points")
        add(["name": "x", "trigger": ["event": "cart.updated"]], "not_supported_yet /trigger/event")
        add(["name": "x", "trigger": ["kind": "telepathy"]], "invalid /trigger/kind")
        add(["name": "x", "trigger": ["kind": "page", "pages": ["thanks"]]], "invalid /trigger/pages/0")
        add(["name": "x", "trigger": ["kind": "scroll"]], "missing /trigger/percent")
        add(["name": "x", "trigger": ["kind": "delay"]], "missing /trigger/seconds")
        add(["name": "x", "audience": ["field": "shoe.size", "op": "eq", "value": 43]], "unknown_field /audience/field")
        add(["name": "x", "sample_percent": 0], "out_of_range /sample_percent")
        add(["name": "x", "cooldown_days": -1], "out_of_range /cooldown_days")
        add(["name": "x", "languages": ["turkish!"]], "unknown_language /languages/0")

        return cases
    }()

    @Test("what is wrong is named by code and pointer", arguments: refusals)
    func refused(_ body: JSON, _ wrong: String) {
        #expect(read(body).wrong == [wrong])
    }

    private func unpublishable(_ questions: [JSON], _ logic: [JSON] = []) throws -> [String] {
        let issues = FieldIssues()
        try survey(questions, logic: logic).check(issues)
        return issues.issues.map { "\($0.code) \($0.pointer)" }
    }

    @Test("what leads nowhere or backwards cannot be published")
    func publishing() throws {
        let questions = [question("q1", "nps"), question("q2", "text"), question("s", "statement"), question("q3", "text")]
        func rule(_ field: String, _ then: JSON, op: String = "exists") -> JSON {
            ["if": ["field": .string(field), "op": .string(op), "value": op == "exists" ? true : 3], "then": then]
        }
        #expect(try unpublishable([]) == ["empty /questions"])
        #expect(try unpublishable([question("s", "statement")]) == ["empty /questions"])
        #expect(
            try unpublishable(
                questions, [rule("answers.q1", ["jump": "q3"]), rule("answers.q1", "end"), rule("answers.q2", ["show": "s"])]) == [])
        #expect(try unpublishable(questions, [rule("answers.q9", "end")]) == ["unknown_question /logic/0/if/field"])
        #expect(try unpublishable(questions, [rule("answers.s", "end")]) == ["unknown_question /logic/0/if/field"])
        #expect(try unpublishable(questions, [rule("answers.q1", ["jump": "q9"])]) == ["unknown_question /logic/0/then/jump"])
        #expect(try unpublishable(questions, [rule("answers.q2", ["jump": "q1"])]) == ["backward /logic/0/then/jump"])
        #expect(try unpublishable(questions, [rule("answers.q2", ["show": "q2"])]) == ["backward /logic/0/then/show"])
        #expect(try unpublishable(questions, [rule("answers.q2", "end", op: "within_days")]) == ["invalid /logic/0/if/op"])
        let nested: JSON = ["if": ["any": [["not": ["field": "answers.x", "op": "exists"]]]], "then": "end"]
        #expect(try unpublishable(questions, [nested]) == ["unknown_question /logic/0/if/any/0/not/field"])
    }

    @Test("a question keeps its kind through all versions")
    func kinds() throws {
        let issues = FieldIssues()
        try survey([question("q1", "nps"), question("q2", "text")]).check(against: try survey([question("q2", "rating")]), issues)
        #expect(issues.issues.map { "\($0.code) \($0.pointer)" } == ["kind_changed /questions/1/kind"])
    }
}
