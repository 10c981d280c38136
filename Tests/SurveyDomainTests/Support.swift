import Shared

@testable import SurveyDomain

/// Repeatable chance (SplitMix64): a failing case names its seed, and the seed brings it back.
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

/// A survey out of its questions and rules, or what is wrong with it: `code pointer`, when it is written and then when it is published.
func read(_ body: JSON) -> (survey: SurveyDefinition?, wrong: [String]) {
    let issues = FieldIssues()
    let reader = FieldReader(body: body, issues: issues)
    let survey = SurveyDefinition.read(reader)
    reader.refuseUnknown()
    return (issues.isEmpty ? survey : nil, issues.issues.map { "\($0.code) \($0.pointer)" })
}

func survey(_ questions: [JSON], logic: [JSON] = []) throws -> SurveyDefinition {
    let (survey, wrong) = read(["name": "Test", "questions": .array(questions), "logic": .array(logic)])
    guard let survey else { throw Unreadable(wrong: wrong) }
    return survey
}

struct Unreadable: Error { let wrong: [String] }

func question(_ id: String, _ kind: String, _ more: [String: JSON] = [:]) -> JSON {
    var object = JSONObject([
        .init(name: "id", value: .string(id)), .init(name: "kind", value: .string(kind)), .init(name: "title", value: "?"),
    ])
    if kind == "single" || kind == "multiple" {
        object["choices"] = [["id": "a", "title": "A"], ["id": "b", "title": "B"], ["id": "c", "title": "C"]]
    }
    for (name, value) in more { object[name] = value }
    return .object(object)
}

func answers(_ values: JSON, for survey: SurveyDefinition) throws -> Answers {
    let issues = FieldIssues()
    let answers = Answers.read(values.object ?? JSONObject(), at: .root / "answers", for: survey, issues)
    guard issues.isEmpty else { throw Unreadable(wrong: issues.issues.map { "\($0.code) \($0.pointer)" }) }
    return answers
}
