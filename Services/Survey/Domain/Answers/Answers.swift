import Shared

/// One person's answers, by question. A question passed over is there without a value.
public struct Answers: Sendable, Equatable {
    /// Checked values only.
    public private(set) var values: [String: JSON] = [:]
    /// Questions passed over on purpose.
    public private(set) var skipped: Set<String> = []

    /// Bytes of everything one person answered.
    public static let maximumSize = 256 << 10

    public init() {}

    /// Reads what ``stored`` wrote.
    public init(stored: JSON) {
        for member in stored.object?.members ?? [] { self[member.name] = member.value }
    }

    public var ids: [String] { Array(values.keys) + Array(skipped) }
    public var isEmpty: Bool { values.isEmpty && skipped.isEmpty }
    public func settles(_ id: String) -> Bool { values[id] != nil || skipped.contains(id) }

    subscript(id: String) -> JSON? {
        get { values[id] }
        set {
            remove(id)
            if let newValue, !newValue.isNull { values[id] = newValue } else { skipped.insert(id) }
        }
    }

    mutating func remove(_ id: String) {
        values[id] = nil
        skipped.remove(id)
    }

    public func merging(_ newer: Answers) -> Answers {
        var merged = self
        for id in newer.ids { merged[id] = newer.values[id] }
        return merged
    }

    /// With null for what was passed over; in the order of the ids.
    public var stored: JSON {
        .object(JSONObject(ids.sorted().map { .init(name: $0, value: values[$0] ?? .null) }))
    }

    /// What was answered, in the survey's order.
    public func json(in survey: SurveyDefinition) -> JSON {
        .object(JSONObject(survey.questions.compactMap { question in values[question.id].map { .init(name: question.id, value: $0) } }))
    }
}

extension Answers {
    /// Reads `{"q1": 9, "q2": ["a"]}` against a survey. Null, an empty text and an empty list pass a question over. What is wrong is noted at
    /// `pointer`.
    public static func read(_ object: JSONObject, at pointer: JSONPointer, for survey: SurveyDefinition, _ issues: FieldIssues) -> Answers {
        var answers = Answers()
        for member in object.members {
            guard let question = survey.question(member.name) else {
                issues.add(pointer / member.name, "unknown_question", "this survey has no such question")
                continue
            }
            let value = object[member.name] ?? member.value
            guard !value.isNull else {
                answers[question.id] = .null
                continue
            }
            switch question.checked(value) {
            case .success(let checked): answers[question.id] = checked
            case .failure(let fault): issues.add(pointer / member.name, fault.code, fault.detail)
            }
        }
        return answers
    }

    /// What came of taking answers in.
    public struct Taken: Sendable, Equatable {
        public var answers: Answers
        public var next: Question?
    }

    /// `newer` beside what was answered before: answers to questions that are not asked are refused, what earlier answers led to and newer ones do
    /// not is dropped. With `completing`, every required question on the path must have its answer.
    public func taking(
        _ newer: Answers, in engine: SurveyEngine, completing: Bool, at pointer: JSONPointer, _ issues: FieldIssues
    ) -> Taken {
        let merged = merging(newer)
        let kept = engine.onPath(merged)
        for id in newer.values.keys.sorted() where kept.values[id] == nil {
            issues.add(pointer / id, "hidden_question", "the answers so far do not lead to this question")
        }
        if completing {
            for question in engine.path(kept) where question.required && kept.values[question.id] == nil {
                issues.add(pointer / question.id, "missing", "this question needs an answer")
            }
        } else {
            for question in engine.path(kept)
            where question.required && kept.skipped.contains(question.id) && newer.skipped.contains(question.id) {
                issues.add(pointer / question.id, "missing", "this question needs an answer")
            }
        }
        if kept.stored.text.utf8.count > Self.maximumSize { issues.add(pointer, "too_long", "at most \(Self.maximumSize) bytes in all") }
        return Taken(answers: kept, next: engine.next(kept))
    }
}
