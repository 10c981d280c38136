import Shared
import SharedTesting
import SurveyDomain
import Testing

@testable import SurveyService

@Suite("Statistics")
struct StatsTests {
    @Test("persons are counted, not calls; closed is closed without completing; an answer without a sight counts as seen")
    func persons() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps, SurveyHouse.why])
            for _ in 0..<3 { try await house.interact(id, "seen", visitor: "a") }
            try await house.interact(id, "closed", visitor: "b")
            try await house.interact(id, "closed", visitor: "b")
            try await house.interact(id, "closed", visitor: "c")
            _ = try await house.respond(id, ["visitor_id": "c", "answers": ["q1": 10], "completed": true])
            _ = try await house.respond(id, ["visitor_id": "d", "answers": ["q1": 0]])
            // A customer of the same name is somebody else.
            _ = try await house.respond(id, ["customer_id": "a", "answers": ["q1": 8, "q2": "ok"], "completed": true])
            let stats = try await house.stats(id)
            #expect(stats["seen"] == 5 && stats["started"] == 3 && stats["completed"] == 2 && stats["closed"] == 1)
            #expect(stats["questions"]?["q1"]?["answers"] == 3)
            #expect(stats["questions"]?["q1"]?["nps"] == 0)
            #expect(stats["questions"]?["q1"]?["distribution"]?["10"] == 1)
            let interval = stats["questions"]?["q1"]?["interval"]?.array?.compactMap(\.double) ?? []
            #expect(interval.count == 2 && interval[0] >= -100 && interval[1] <= 100 && interval[0] <= 0 && interval[1] >= 0)
            #expect(stats["questions"]?["q2"] == ["kind": "text", "answers": 1])
            #expect(try await house.test.said("survey.closed").count == 2)
            #expect(
                try await house.test.request(
                    .post, "/v1/surveys/\(id)/interactions", body: (["visitor_id": "a", "kind": "waved"] as JSON).bytes,
                    principal: SurveyHouse.storefront
                ).pointers == ["/kind"])
            #expect(try await house.test.post("/v1/surveys/\(id)/interactions", ["visitor_id": "a"]).pointers == ["/kind"])
        }
    }

    @Test("the figures kept up are those counted anew from what was kept", arguments: 1...6 as ClosedRange<UInt64>)
    func recount(_ seed: UInt64) async throws {
        var chance = Chance(seed: seed)
        try await SurveyHouse.with { house in
            let single: JSON = [
                "id": "q3", "kind": "single", "title": "?", "choices": [["id": "a", "title": "A"], ["id": "b", "title": "B"]],
            ]
            let rule: JSON = ["if": ["field": "answers.q1", "op": "gte", "value": 9], "then": ["jump": "q3"]]
            let id = try await house.publish([SurveyHouse.nps, SurveyHouse.why, single], ["logic": [rule]])
            var open: [String: String] = [:]
            for _ in 0..<80 {
                let person = "v\(chance.int(1...12))"
                var answers = JSONObject()
                if chance.coin() { answers["q1"] = .int(Int64(chance.int(0...10))) }
                if chance.int(1...4) == 1 { answers["q2"] = "words" }
                if chance.coin() { answers["q3"] = chance.coin() ? "a" : .null }
                let body: JSON = ["visitor_id": .string(person), "answers": .object(answers), "completed": .bool(chance.int(1...4) == 1)]
                switch chance.int(0...3) {
                case 0: try await house.interact(id, "seen", visitor: person)
                case 1: try await house.interact(id, "closed", visitor: person)
                case 2: if let made = try await house.respond(id, body).json["id"]?.string { open[person] = made }
                default: if let known = open[person] { _ = try await house.test.patch("/v1/responses/\(known)", body) }
                }
            }
            let counted = try await house.test.house.read { db in
                try db.first(
                    """
                    SELECT COUNT(seen_at), COUNT(started_at), COUNT(completed_at),
                        COUNT(CASE WHEN closed_at IS NOT NULL AND completed_at IS NULL THEN 1 END) FROM survey_persons WHERE survey_id = \(id)
                    """
                ) { row in (0..<4).map { row.int($0) } }
            }
            let stats = try await house.stats(id)
            #expect(["seen", "started", "completed", "closed"].map { stats[$0]?.int } == counted?.map { Optional($0) }, "seed \(seed)")
            let responses = try await house.responses(id)
            #expect(stats["started"]?.int == Int64(responses.count), "seed \(seed)")
            #expect(stats["completed"]?.int == Int64(responses.filter { $0["completed"] == true }.count), "seed \(seed)")
            for question in ["q1", "q2", "q3"] {
                let given = responses.compactMap { $0["answers"]?[question] }
                #expect(stats["questions"]?[question]?["answers"]?.int == Int64(given.count), "seed \(seed), \(question)")
            }
            let scores = responses.compactMap { $0["answers"]?["q1"]?.int }
            for score in 0...10 {
                let figure = stats["questions"]?["q1"]?["distribution"]?["\(score)"]?.int
                #expect(figure == Int64(scores.filter { $0 == Int64(score) }.count), "seed \(seed), \(score)")
            }
            if !scores.isEmpty {
                let nps = Double(scores.filter { $0 >= 9 }.count - scores.filter { $0 <= 6 }.count) * 100 / Double(scores.count)
                #expect(abs((stats["questions"]?["q1"]?["nps"]?.double ?? -999) - nps) < 1e-9, "seed \(seed)")
            }
        }
    }

    @Test("a question that only an earlier version had is counted on")
    func versions() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps, SurveyHouse.why])
            _ = try await house.respond(id, ["visitor_id": "a", "answers": ["q2": "then"], "completed": true])
            _ = try await house.test.put("/v1/surveys/\(id)", house.definition([SurveyHouse.nps]))
            _ = try await house.test.post("/v1/surveys/\(id)/publish")
            #expect(try await house.stats(id)["questions"]?["q2"]?["answers"] == 1)
        }
    }
}

/// Repeatable chance (SplitMix64).
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func coin() -> Bool { Bool.random(using: &self) }
}
