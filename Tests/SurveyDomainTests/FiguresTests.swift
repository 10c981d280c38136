import Shared
import Testing

@testable import SurveyDomain

@Suite("What answers add up to")
struct FiguresTests {
    @Test("promoters less detractors, in hundredths of all")
    func score() {
        let counts: [Int64: Int64] = [10: 4, 9: 1, 8: 2, 7: 1, 6: 1, 0: 1]
        let figures = NPSFigures { counts[$0] ?? 0 }
        #expect(figures.promoters == 5 && figures.passives == 3 && figures.detractors == 2)
        #expect(figures.score == 30)
        #expect(NPSFigures(promoters: 0, passives: 0, detractors: 0).score == nil)
        #expect(NPSFigures(promoters: 0, passives: 0, detractors: 0).interval == nil)
    }

    @Test("the interval is the adjusted Wald one: worked by hand for 50 promoters, 30 passives, 20 detractors")
    func interval() throws {
        // p' = 50.75/103, d' = 20.75/103: difference 0.291262, variance (0.694175 - 0.084834)/103 = 0.00591594, ±1.959964 · 0.0769151.
        let interval = try #require(NPSFigures(promoters: 50, passives: 30, detractors: 20).interval)
        #expect(abs(interval.lowerBound - 14.05) < 0.011)
        #expect(abs(interval.upperBound - 44.20) < 0.011)
    }

    @Test(
        "score and interval stay within −100 and 100, the score within its interval, and more answers narrow it",
        arguments: 1...300 as ClosedRange<UInt64>)
    func bounds(_ seed: UInt64) throws {
        var chance = Chance(seed: seed)
        let scale = [1, 3, 30, 3_000_000][chance.int(0...3)]
        let figures = NPSFigures(
            promoters: Int64(chance.int(0...scale)), passives: Int64(chance.int(0...scale)), detractors: Int64(chance.int(0...scale)))
        guard let score = figures.score, let interval = figures.interval else {
            #expect(figures.answers == 0)
            return
        }
        #expect((-100...100).contains(score), "seed \(seed)")
        #expect(interval.lowerBound >= -100 && interval.upperBound <= 100, "seed \(seed)")
        #expect(interval.contains(score), "seed \(seed): \(score) in \(interval)")
        let more = try #require(
            NPSFigures(promoters: figures.promoters * 100, passives: figures.passives * 100, detractors: figures.detractors * 100).interval)
        #expect(more.upperBound - more.lowerBound <= interval.upperBound - interval.lowerBound + 0.02, "seed \(seed)")
    }

    @Test("figures kept up by differences are those reckoned anew", arguments: 1...100 as ClosedRange<UInt64>)
    func tally(_ seed: UInt64) throws {
        var chance = Chance(seed: seed)
        let survey = try survey([
            question("s", "single"), question("m", "multiple"), question("n", "nps"), question("d", "number"), question("c", "consent"),
            question("t", "text"),
        ])
        func some(_ chance: inout Chance) throws -> Answers {
            var object = JSONObject()
            if chance.coin() { object["s"] = [.string("a"), .string("b")][chance.int(0...1)] }
            if chance.coin() { object["m"] = [["a"], ["a", "c"], []][chance.int(0...2)] as JSON }
            if chance.coin() { object["n"] = .int(Int64(chance.int(0...10))) }
            if chance.coin() { object["d"] = .double(Double(chance.int(-5_000...5_000)) / 1_000) }
            if chance.coin() { object["c"] = .bool(chance.coin()) }
            if chance.coin() { object["t"] = "words" }
            return try answers(.object(object), for: survey)
        }
        var people: [Int: Answers] = [:]
        var kept: [AnswerTally.Bucket: Int64] = [:]
        for _ in 0..<60 {
            let person = chance.int(1...15)
            let before = people[person] ?? Answers()
            let after = try some(&chance)
            let difference = AnswerTally.difference(
                from: AnswerTally.amounts(before, in: survey), to: AnswerTally.amounts(after, in: survey))
            kept.merge(difference, uniquingKeysWith: +)
            people[person] = after
        }
        var anew: [AnswerTally.Bucket: Int64] = [:]
        for answers in people.values { anew.merge(AnswerTally.amounts(answers, in: survey), uniquingKeysWith: +) }
        #expect(kept.filter { $0.value != 0 } == anew.filter { $0.value != 0 }, "seed \(seed)")
    }

    @Test("a question's figures: distribution, mean and score")
    func figures() throws {
        let survey = try survey([question("s", "single"), question("n", "nps"), question("c", "csat"), question("d", "number")])
        #expect(survey.questions[0].figures(["answers": 3, "=a": 2, "=gone": 1])["distribution"] == ["a": 2, "b": 0, "c": 0, "gone": 1])
        let nps = survey.questions[1].figures(["answers": 2, "=9": 1, "=10": 1, "sum": 19_000])
        #expect(nps["nps"] == 100 && nps["mean"] == 9.5 && nps["interval"]?[1] == 100)
        #expect(survey.questions[1].figures([:])["nps"] == .null)
        #expect(survey.questions[2].figures(["answers": 4, "=5": 1, "=4": 2, "=1": 1, "sum": 14_000])["csat"] == 75)
        #expect(survey.questions[3].figures(["answers": 2, "sum": 3_500])["mean"] == 1.75)
    }

    @Test("a person counts once, whatever they do and in whatever order", arguments: 1...100 as ClosedRange<UInt64>)
    func standings(_ seed: UInt64) {
        var chance = Chance(seed: seed)
        var standing = PersonStanding()
        var deeds: Set<PersonStanding.Deed> = []
        var kept = SurveyFigures()
        for step in 0..<chance.int(1...12) {
            let deed = PersonStanding.Deed.allCases[chance.int(0...3)]
            let after = standing.after(deed, at: Timestamp(milliseconds: Int64(step)))
            kept = kept + (after.figures - standing.figures)
            standing = after
            deeds.insert(deed)
        }
        let completed: Int64 = deeds.contains(.completed) ? 1 : 0
        let started: Int64 = deeds.contains(.started) || completed == 1 ? 1 : 0
        let closed: Int64 = deeds.contains(.closed) && completed == 0 ? 1 : 0
        #expect(kept == SurveyFigures(seen: 1, started: started, completed: completed, closed: closed), "seed \(seed): \(deeds)")
    }
}
