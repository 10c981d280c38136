import Shared
import Testing

@testable import SurveyDomain

@Suite("Which questions are asked")
struct EngineTests {
    private func rule(_ field: String, _ op: String, _ value: JSON, _ then: JSON) -> JSON {
        ["if": ["field": .string("answers.\(field)"), "op": .string(op), "value": value], "then": then]
    }

    private func path(_ survey: SurveyDefinition, _ given: JSON) throws -> [String] {
        SurveyEngine(survey).path(try answers(given, for: survey)).map(\.id)
    }

    @Test("a jump leaves out what stands between, an end the rest, and what is to be shown is hidden until then")
    func rules() throws {
        let survey = try survey(
            [
                question("score", "nps"), question("why", "text"), question("sorry", "statement"), question("praise", "text"),
                question("last", "text"),
            ],
            logic: [
                rule("score", "gte", 9, ["jump": "praise"]), rule("score", "lte", 6, ["show": "sorry"]), rule("praise", "eq", "no", "end"),
            ])
        #expect(try path(survey, [:]) == ["score", "why", "praise", "last"])
        #expect(try path(survey, ["score": 10]) == ["score", "praise", "last"])
        #expect(try path(survey, ["score": 3]) == ["score", "why", "sorry", "praise", "last"])
        #expect(try path(survey, ["score": 7, "praise": "no"]) == ["score", "why", "praise"])
        let engine = SurveyEngine(survey)
        #expect(engine.next(Answers())?.id == "score")
        #expect(engine.next(try answers(["score": 3], for: survey))?.id == "why")
        #expect(engine.next(try answers(["score": 3, "why": .null], for: survey))?.id == "praise")
        #expect(engine.next(try answers(["score": 9, "praise": "no"], for: survey)) == nil)
    }

    @Test("the first rule that leads on wins, and an answer that is not on the path decides nothing")
    func order() throws {
        let survey = try survey(
            [question("a", "rating"), question("b", "rating"), question("c", "rating"), question("d", "rating")],
            logic: [rule("a", "eq", 1, ["jump": "c"]), rule("a", "exists", true, ["jump": "d"]), rule("b", "eq", 5, "end")])
        #expect(try path(survey, ["a": 1, "b": 5]) == ["a", "c", "d"])
        #expect(try path(survey, ["a": 2]) == ["a", "d"])
    }

    @Test("answers to hidden questions are refused; those that a changed answer hides are dropped")
    func hidden() throws {
        let survey = try survey(
            [question("a", "rating"), question("b", "text"), question("c", "text", ["required": true])],
            logic: [rule("a", "gte", 4, ["jump": "c"])])
        let engine = SurveyEngine(survey)
        func take(_ before: JSON, _ newer: JSON, completing: Bool = false) throws -> (Answers.Taken, [String]) {
            let issues = FieldIssues()
            let taken = try answers(before, for: survey).taking(
                try answers(newer, for: survey), in: engine, completing: completing, at: .root / "answers", issues)
            return (taken, issues.issues.map { "\($0.code) \($0.pointer)" })
        }
        #expect(try take([:], ["a": 5, "b": "no"]).1 == ["hidden_question /answers/b"])
        let (taken, wrong) = try take(["a": 2, "b": "so-so"], ["a": 5])
        #expect(wrong == [])
        #expect(taken.answers.values == ["a": 5])
        #expect(taken.next?.id == "c")
        #expect(try take(["a": 5], [:], completing: true).1 == ["missing /answers/c"])
        #expect(try take(["a": 5], ["c": .null]).1 == ["missing /answers/c"])
        #expect(try take(["a": 5], ["c": "good"], completing: true).1 == [])
    }

    /// Any rules at all, also such as no publishing would let through.
    private func anySurvey(_ chance: inout Chance) throws -> SurveyDefinition {
        let count = chance.int(1...12)
        var questions: [JSON] = []
        for index in 0..<count { questions.append(question("q\(index)", chance.int(1...5) == 1 ? "statement" : "rating")) }
        var logic: [JSON] = []
        for _ in 0..<chance.int(0...10) {
            func id(_ chance: inout Chance) -> String { "q\(chance.int(0...(count + 1)))" }
            let then: [JSON] = ["end", ["jump": .string(id(&chance))], ["show": .string(id(&chance))], ["jump": .string(id(&chance))]]
            let operators = ["eq", "ne", "gt", "lt"]
            logic.append(rule(id(&chance), operators[chance.int(0...3)], .int(Int64(chance.int(1...5))), then[chance.int(0...3)]))
        }
        return try survey(questions, logic: logic)
    }

    @Test("answering whatever comes next always comes to an end, forwards only", arguments: 1...400 as ClosedRange<UInt64>)
    func ends(_ seed: UInt64) throws {
        var chance = Chance(seed: seed)
        let survey = try anySurvey(&chance)
        let engine = SurveyEngine(survey)
        var given = Answers()
        var asked: [Int] = []
        while let next = engine.next(given) {
            asked.append(try #require(survey.index(of: next.id)))
            try #require(asked.count <= survey.questions.count, "seed \(seed): asked \(asked)")
            let value: JSON = chance.int(1...4) == 1 ? .null : .int(Int64(chance.int(1...5)))
            given = given.merging(try answers(.object(JSONObject([.init(name: next.id, value: value)])), for: survey))
        }
        #expect(asked == asked.sorted() && Set(asked).count == asked.count, "seed \(seed): asked \(asked)")
        #expect(engine.onPath(given) == given, "seed \(seed): what was asked stays on the path")
        let path = engine.path(given).compactMap { survey.index(of: $0.id) }
        #expect(zip(path, path.dropFirst()).allSatisfy(<), "seed \(seed): path \(path)")
    }
}
