import Shared

/// Which questions one person is asked. Pure, and it always comes to an end: a walk only ever goes forwards.
public struct SurveyEngine: Sendable {
    public let survey: SurveyDefinition
    /// Rules by the question after which they are asked.
    private let rules: [Int: [LogicRule]]
    private let hiddenUntilShown: Set<String>

    public init(_ survey: SurveyDefinition) {
        self.survey = survey
        var rules: [Int: [LogicRule]] = [:]
        var hidden: Set<String> = []
        for rule in survey.logic {
            if let anchor = rule.anchor(in: survey) { rules[anchor, default: []].append(rule) }
            if case .show(let id) = rule.outcome { hidden.insert(id) }
        }
        self.rules = rules
        hiddenUntilShown = hidden
    }

    /// The questions that these answers lead along, in their order, as far as is known: what is not answered counts as passed over.
    public func path(_ answers: Answers) -> [Question] {
        var path: [Question] = []
        var shown: Set<String> = []
        var given = JSONObject()
        var index = 0
        while index < survey.questions.count {
            let question = survey.questions[index]
            if !hiddenUntilShown.contains(question.id) || shown.contains(question.id) {
                path.append(question)
                if let value = answers.values[question.id] { given.members.append(.init(name: question.id, value: value)) }
            }
            var next = index + 1
            for rule in rules[index] ?? [] {
                guard rule.condition.verdict(ConditionFacts(["answers": .object(given)], now: .epoch)).holds else { continue }
                switch rule.outcome {
                case .end: return path
                case .show(let id):
                    shown.insert(id)
                    continue
                // What leads backwards was refused when the survey was published; here it leads nowhere.
                case .jump(let id): next = max(next, survey.index(of: id) ?? next)
                }
                break
            }
            index = next
        }
        return path
    }

    /// The first question on the path that is neither answered nor passed over; nil: none is left.
    public func next(_ answers: Answers) -> Question? {
        path(answers).first { $0.isAnswerable && !answers.settles($0.id) }
    }

    /// Answers to questions that are on the path; what an earlier answer has led away from is gone.
    public func onPath(_ answers: Answers) -> Answers {
        var kept = answers
        // Taking an answer away may change where the path leads; each round takes at least one away, so there is an end.
        while true {
            let ids = Set(path(kept).map(\.id))
            let stray = kept.ids.filter { !ids.contains($0) }
            if stray.isEmpty { return kept }
            for id in stray { kept.remove(id) }
        }
    }
}
