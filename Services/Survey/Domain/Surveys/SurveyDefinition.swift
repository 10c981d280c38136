import Shared

/// What a merchant wrote: questions in their order, what follows from answers, what an answer is rewarded with, and who is asked when.
public struct SurveyDefinition: Sendable, Equatable {
    /// What the merchant calls it.
    public var name: String
    /// What the shopper reads above the questions; the name where there is none.
    public var title: LocalText?
    public var questions: [Question]
    public var logic: [LogicRule]
    /// Given once a person, when they complete it.
    public var reward: Reward?
    public var trigger: SurveyTrigger
    /// Who is asked, beyond the trigger; nil: everybody.
    public var audience: Condition?
    /// Of every hundred visitors, to how many it is shown; always the same ones.
    public var samplePercent: Int64
    /// Nobody is shown or invited to this survey who has seen any survey within so many days.
    public var cooldownDays: Int64
    /// The languages on offer; empty: those that the texts have.
    public var languages: [String]

    public static let maximumQuestions = 100
    public static let maximumRules = 100
    public static let defaultCooldownDays: Int64 = 30

    public func question(_ id: String) -> Question? { questions.first { $0.id == id } }
    public func index(of id: String) -> Int? { questions.firstIndex { $0.id == id } }

    /// The title in a language.
    public func title(in language: String) -> String { title?.text(in: language) ?? name }

    /// The languages that a page offers, in the merchant's order; English and Turkish where nothing says otherwise.
    public var offeredLanguages: [String] {
        if !languages.isEmpty { return languages }
        var found: [String] = []
        for text in [title].compactMap({ $0 }) + questions.map(\.title) {
            for language in text.languages where !found.contains(language) { found.append(language) }
        }
        return found.isEmpty ? ["en", "tr"] : found
    }
}

extension SurveyDefinition {
    /// What an audience may ask about.
    public static let audienceFields = ConditionFields(["customer.id", "customer.known", "orders.count", "page.url", "visitor.locale"])

    /// Reads a definition, noting everything wrong by pointer; whether its logic holds together is ``check(_:)``'s.
    public static func read(_ reader: FieldReader) -> SurveyDefinition? {
        let name = reader.requiredString("name", max: 255)
        let title = LocalText.read("title", reader)
        let questionReaders = reader.readers("questions", maxCount: maximumQuestions) ?? []
        var questions: [Question] = []
        for item in questionReaders {
            guard let question = Question.read(item) else { continue }
            if questions.contains(where: { $0.id == question.id }) {
                item.fail("id", "duplicate", "another question has this id")
            } else {
                questions.append(question)
            }
        }
        let logic = (reader.readers("logic", maxCount: maximumRules) ?? []).compactMap(LogicRule.read)
        let reward = reader.reader("reward").flatMap(Reward.init)
        let trigger = reader.reader("trigger").flatMap(SurveyTrigger.read) ?? .anyPage
        let audience = reader.raw("audience").flatMap {
            // No condition at all is everybody.
            $0.object?.members.isEmpty == true
                ? nil : Condition.read($0, at: reader.pointer / "audience", fields: audienceFields, issues: reader.issues)
        }
        let sample = reader.int("sample_percent", in: 1...100) ?? 100
        let cooldown = reader.int("cooldown_days", in: 0...3_660) ?? defaultCooldownDays
        let languages = reader.strings("languages", maxCount: LocalText.maximumLanguages, maxLength: 35) ?? []
        for (index, language) in languages.enumerated() where !LocalText.isLanguageTag(language) {
            reader.issues.add(reader.pointer / "languages" / index, "unknown_language", "a language tag such as tr was expected")
        }
        guard reader.issues.isEmpty, let name else { return nil }
        return SurveyDefinition(
            name: name, title: title, questions: questions, logic: logic, reward: reward, trigger: trigger, audience: audience,
            samplePercent: sample, cooldownDays: cooldown, languages: languages)
    }

    /// Reads what ``json`` wrote; nil for anything else.
    public init?(json: JSON) {
        let issues = FieldIssues()
        guard let definition = Self.read(FieldReader(body: json, issues: issues)) else { return nil }
        self = definition
    }

    /// Notes what keeps it from being published: nothing to ask, rules over questions that do not exist, and rules that lead backwards.
    public func check(_ issues: FieldIssues) {
        if !questions.contains(where: \.isAnswerable) { issues.add(.root / "questions", "empty", "there is nothing to answer") }
        for (index, rule) in logic.enumerated() { rule.check(in: self, at: .root / "logic" / index, issues) }
    }

    /// Notes questions that were of another kind in an earlier version: their answers would not add up.
    public func check(against earlier: SurveyDefinition, _ issues: FieldIssues) {
        for (index, question) in questions.enumerated() {
            guard let before = earlier.question(question.id), before.kind != question.kind else { continue }
            issues.add(
                .root / "questions" / index / "kind", "kind_changed",
                "this question was \(before.kind.rawValue) before; give the new one another id")
        }
    }

    public var json: JSON {
        var object = JSONObject([.init(name: "name", value: .string(name))])
        object["title"] = title?.json
        object["questions"] = .array(questions.map(\.json))
        object["logic"] = .array(logic.map(\.json))
        object["reward"] = reward?.json ?? .null
        object["trigger"] = trigger.json
        object["audience"] = audience?.json ?? .null
        object["sample_percent"] = .int(samplePercent)
        object["cooldown_days"] = .int(cooldownDays)
        object["languages"] = .from(languages)
        return .object(object)
    }
}
