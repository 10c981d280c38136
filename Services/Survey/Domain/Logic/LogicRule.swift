import Shared

/// `{"if": <condition over answers.*>, "then": {"jump": "q3"} | {"show": "q2"} | "end"}`.
///
/// A rule is asked once the last question that its condition names has been passed. A jump leaves out what stands before its target; a question that
/// some rule shows is hidden until one does; `end` leaves out the rest.
public struct LogicRule: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case jump(String)
        case show(String)
        case end
    }

    public let condition: Condition
    public let outcome: Outcome

    public static let fields = ConditionFields(["answers.*"])

    static func read(_ reader: FieldReader) -> LogicRule? {
        let condition = reader.require("if", reader.raw("if")).flatMap {
            Condition.read($0, at: reader.pointer / "if", fields: fields, issues: reader.issues)
        }
        let outcome = reader.require("then", reader.raw("then")).flatMap { readOutcome($0, reader) }
        reader.refuseUnknown()
        guard let condition, let outcome else { return nil }
        return LogicRule(condition: condition, outcome: outcome)
    }

    private static func readOutcome(_ value: JSON, _ reader: FieldReader) -> Outcome? {
        if value.string == "end" { return .end }
        guard let object = value.object, object.members.count == 1, let member = object.members.first,
            ["jump", "show"].contains(member.name)
        else {
            reader.fail("then", "invalid", "\"end\", {\"jump\": id} or {\"show\": id} was expected")
            return nil
        }
        let inner = FieldReader(object, at: reader.pointer / "then", issues: reader.issues)
        guard let id = inner.requiredString(member.name, max: Question.maximumIDLength) else { return nil }
        return member.name == "jump" ? .jump(id) : .show(id)
    }

    var json: JSON {
        let then: JSON =
            switch outcome {
            case .jump(let id): ["jump": .string(id)]
            case .show(let id): ["show": .string(id)]
            case .end: "end"
            }
        return ["if": condition.json, "then": then]
    }

    /// The tests within the condition, each with where it stands.
    private static func tests(_ condition: Condition, at pointer: JSONPointer) -> [(JSONPointer, ConditionTest)] {
        switch condition {
        case .all(let parts): parts.enumerated().flatMap { tests($1, at: pointer / "all" / $0) }
        case .any(let parts): parts.enumerated().flatMap { tests($1, at: pointer / "any" / $0) }
        case .not(let part): tests(part, at: pointer / "not")
        case .test(let test): [(pointer, test)]
        }
    }

    /// `answers.q1` → `q1`.
    private static func questionID(_ field: String) -> String { String(field.dropFirst("answers.".count)) }

    /// The last question that the condition names; nil where none of them exists.
    func anchor(in survey: SurveyDefinition) -> Int? {
        Self.tests(condition, at: .root).compactMap { survey.index(of: Self.questionID($0.1.field)) }.max()
    }

    func check(in survey: SurveyDefinition, at pointer: JSONPointer, _ issues: FieldIssues) {
        for (place, test) in Self.tests(condition, at: pointer / "if") {
            if survey.question(Self.questionID(test.field))?.isAnswerable != true {
                issues.add(place / "field", "unknown_question", "no question of this id is answered here")
            }
            if test.op == .withinDays { issues.add(place / "op", "invalid", "answers are not compared with the present day") }
        }
        let name: String
        let target: String
        switch outcome {
        case .end: return
        case .jump(let id): (name, target) = ("jump", id)
        case .show(let id): (name, target) = ("show", id)
        }
        guard let index = survey.index(of: target) else {
            issues.add(pointer / "then" / name, "unknown_question", "there is no question of this id")
            return
        }
        if let anchor = anchor(in: survey), index <= anchor {
            issues.add(pointer / "then" / name, "backward", "it must come after the questions that the condition names")
        }
    }
}
