import Shared
import Testing

@testable import SurveyDomain

@Suite("What an answer may be")
struct AnswersTests {
    static let asked = [
        question("single", "single"), question("multiple", "multiple", ["min": 2, "max": 2]), question("rating", "rating"),
        question("nps", "nps"),
        question("csat", "csat"), question("text", "text"), question("email", "email"), question("phone", "phone"),
        question("number", "number", ["min": 1, "max": 10]), question("date", "date"), question("consent", "consent"),
        question("must", "consent", ["required": true]), question("statement", "statement"),
    ]

    private static let accepted: [(String, JSON, JSON)] = {
        var cases: [(String, JSON, JSON)] = []
        func add(_ id: String, _ value: JSON, _ kept: JSON) { cases.append((id, value, kept)) }
        add("single", "a", "a")
        add("multiple", ["c", "a"], ["a", "c"])
        add("rating", 5, 5)
        add("rating", 4.0, 4)
        add("nps", 0, 0)
        add("nps", 10, 10)
        add("csat", 1, 1)
        add("text", " as it stands\n", " as it stands\n")
        add("email", " ada@example.com ", "ada@example.com")
        add("phone", "+90 (532) 000 00 00", "+90 (532) 000 00 00")
        add("number", 2.125, 2.125)
        add("number", 10, 10)
        add("date", "2026-02-28", "2026-02-28")
        add("consent", false, false)
        add("must", true, true)
        return cases
    }()

    @Test("each kind takes its own", arguments: accepted)
    func taken(_ id: String, _ value: JSON, _ kept: JSON) throws {
        let survey = try survey(Self.asked)
        #expect(try answers(.object(JSONObject([.init(name: id, value: value)])), for: survey).values == [id: kept])
    }

    private static let refusals: [(String, JSON, String)] = {
        var cases: [(String, JSON, String)] = []
        func add(_ id: String, _ value: JSON, _ code: String) { cases.append((id, value, code)) }
        add("q9", 1, "unknown_question")
        add("single", "d", "unknown_choice")
        add("single", ["a"], "wrong_type")
        add("single", 1, "wrong_type")
        add("multiple", "a", "wrong_type")
        add("multiple", ["a", 1], "wrong_type")
        add("multiple", ["a", "z"], "unknown_choice")
        add("multiple", ["a", "a"], "duplicate_choice")
        add("multiple", ["a"], "too_few")
        add("multiple", ["a", "b", "c"], "too_many")
        add("rating", 0, "out_of_range")
        add("rating", 6, "out_of_range")
        add("rating", 4.5, "out_of_range")
        add("rating", "5", "wrong_type")
        add("nps", 11, "out_of_range")
        add("nps", -1, "out_of_range")
        add("nps", 1e300, "out_of_range")
        add("csat", 0, "out_of_range")
        add("nps", true, "wrong_type")
        add("text", 5, "wrong_type")
        add("text", "a\u{0}b", "invalid")
        add("text", .string(String(repeating: "ş", count: 10_001)), "too_long")
        add("email", "ada", "invalid_email")
        add("email", "ada@example", "invalid_email")
        add("email", "a<b@example.com", "invalid_email")
        add("phone", "call me", "invalid_phone")
        add("phone", "123", "invalid_phone")
        add("number", "3", "wrong_type")
        add("number", 11, "out_of_range")
        add("number", 1e300, "out_of_range")
        add("number", 1.23456, "too_precise")
        add("date", "2026-02-30", "invalid_date")
        add("date", "tomorrow", "invalid_date")
        add("consent", "yes", "wrong_type")
        add("must", false, "consent_required")
        add("statement", "ok", "not_answerable")
        add("nps", .object(JSONObject()), "wrong_type")
        return cases
    }()

    @Test("and refuses everything else, by code", arguments: refusals)
    func refused(_ id: String, _ value: JSON, _ code: String) throws {
        let survey = try survey(Self.asked)
        let issues = FieldIssues()
        _ = Answers.read(JSONObject([.init(name: id, value: value)]), at: .root / "answers", for: survey, issues)
        #expect(issues.issues.map { "\($0.code) \($0.pointer)" } == ["\(code) /answers/\(id)"])
    }

    @Test("null, an empty text and an empty list pass a question over; ten thousand characters are not too many")
    func skipped() throws {
        let survey = try survey(Self.asked)
        let given = try answers(["single": .null, "text": "  \n", "multiple": [], "email": ""], for: survey)
        #expect(given.values.isEmpty)
        #expect(given.skipped == ["single", "text", "multiple", "email"])
        #expect(Answers(stored: given.stored) == given)
        #expect(try answers(["text": .string(String(repeating: "ş", count: 10_000))], for: survey).values.count == 1)
    }
}
