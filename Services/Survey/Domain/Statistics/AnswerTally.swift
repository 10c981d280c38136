import Shared

/// What answers add to a question's figures: amounts by bucket, which are all sums, so that they can be kept up as answers come, change and go.
public enum AnswerTally {
    /// Buckets of a question: `answers`, `sum` (of numbers, in thousandths), and `=<value>` for each choice or step of a scale.
    public static let answers = "answers"
    public static let sum = "sum"
    public static func value(_ text: String) -> String { "=" + text }

    public struct Bucket: Sendable, Hashable {
        public let questionID: String
        public let name: String

        public init(questionID: String, name: String) {
            self.questionID = questionID
            self.name = name
        }
    }

    /// What one person's answers come to.
    public static func amounts(_ given: Answers, in survey: SurveyDefinition) -> [Bucket: Int64] {
        var amounts: [Bucket: Int64] = [:]
        for question in survey.questions {
            guard let value = given.values[question.id] else { continue }
            func add(_ name: String, _ amount: Int64 = 1) { amounts[Bucket(questionID: question.id, name: name), default: 0] += amount }
            add(answers)
            switch question.kind {
            case .single: add(self.value(value.string ?? ""))
            case .multiple: for choice in value.array ?? [] { add(self.value(choice.string ?? "")) }
            case .consent: add(self.value(value.bool == true ? "true" : "false"))
            case .rating, .nps, .csat:
                guard let number = value.int else { break }
                add(self.value(String(number)))
                add(sum, number * 1_000)
            case .number: if let number = value.double { add(sum, Int64((number * 1_000).rounded())) }
            case .text, .email, .phone, .date, .statement, .matrix, .ranking: break
            }
        }
        return amounts
    }

    /// What changes when answers take the place of others.
    public static func difference(from before: [Bucket: Int64], to after: [Bucket: Int64]) -> [Bucket: Int64] {
        after.merging(before.mapValues { -$0 }, uniquingKeysWith: +).filter { $0.value != 0 }
    }
}

extension Question {
    /// The question's part of the statistics, from its buckets. A choice that only an earlier version had is counted too.
    public func figures(_ amounts: [String: Int64]) -> JSON {
        func amount(_ bucket: String) -> Int64 { amounts[bucket] ?? 0 }
        let count = amount(AnswerTally.answers)
        var object = JSONObject([.init(name: "kind", value: .string(kind.rawValue)), .init(name: "answers", value: .int(count))])
        let buckets: [String] =
            switch kind {
            case .single, .multiple: choices.map(\.id)
            case .rating, .nps, .csat: scale.map { $0.map { String($0) } } ?? []
            case .consent: ["true", "false"]
            default: []
            }
        if !buckets.isEmpty {
            let earlier = amounts.filter { $0.value != 0 && $0.key.hasPrefix("=") }.map { String($0.key.dropFirst()) }
            let all = buckets + earlier.filter { !buckets.contains($0) }.sorted()
            object["distribution"] = .object(JSONObject(all.map { .init(name: $0, value: .int(amount(AnswerTally.value($0)))) }))
        }
        if kind == .number || scale != nil {
            object["mean"] = count > 0 ? .plain(Double(amount(AnswerTally.sum)) / Double(count) / 1_000) : .null
        }
        if kind == .nps {
            for member in NPSFigures(counts: { amount(AnswerTally.value(String($0))) }).members { object[member.name] = member.value }
        }
        // The share of the two best marks, in hundredths.
        if kind == .csat {
            let satisfied = amount(AnswerTally.value("4")) + amount(AnswerTally.value("5"))
            object["csat"] = count > 0 ? .plain(Double(satisfied) * 100 / Double(count)) : .null
        }
        return .object(object)
    }
}
