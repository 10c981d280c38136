import Shared

/// Why an answer is none.
public struct AnswerFault: Error, Sendable, Equatable {
    public let code: String
    public let detail: String
}

extension Question {
    /// Characters of a text.
    public static let maximumText = 10_000
    /// Decimals of a number.
    public static let numberDecimals = 3

    /// The value as it is kept, null where it says nothing, or what is wrong with it.
    func checked(_ value: JSON) -> Result<JSON, AnswerFault> {
        switch kind {
        case .statement: return fault("not_answerable", "a statement is not answered")
        case .matrix, .ranking: return fault("not_supported_yet", "this kind cannot be answered yet")
        case .single:
            guard let id = value.string else { return fault("wrong_type", "a choice's id was expected") }
            return choice(id) == nil ? fault("unknown_choice", "there is no such choice") : .success(value)
        case .multiple: return checkedChoices(value)
        case .rating, .nps, .csat:
            guard value.double != nil else { return fault("wrong_type", "a whole number was expected") }
            guard let scale, let number = value.int, scale.contains(number) else {
                return fault("out_of_range", "a whole number from \(scale?.lowerBound ?? 0) to \(scale?.upperBound ?? 0)")
            }
            return .success(.int(number))
        case .number: return checkedNumber(value)
        case .consent:
            guard let flag = value.bool else { return fault("wrong_type", "true or false was expected") }
            return required && !flag ? fault("consent_required", "this needs your consent") : .success(value)
        case .text, .email, .phone, .date:
            guard let text = value.string else { return fault("wrong_type", "a text was expected") }
            return checkedText(text)
        }
    }

    private func fault(_ code: String, _ detail: String) -> Result<JSON, AnswerFault> { .failure(AnswerFault(code: code, detail: detail)) }

    private func checkedChoices(_ value: JSON) -> Result<JSON, AnswerFault> {
        guard let items = value.array else { return fault("wrong_type", "a list of choices' ids was expected") }
        guard !items.isEmpty else { return .success(.null) }
        var chosen: [String] = []
        for item in items {
            guard let id = item.string else { return fault("wrong_type", "a list of choices' ids was expected") }
            guard choice(id) != nil else { return fault("unknown_choice", "there is no such choice") }
            guard !chosen.contains(id) else { return fault("duplicate_choice", "a choice is named twice") }
            chosen.append(id)
        }
        if let minimum, chosen.count < minimum { return fault("too_few", "at least \(minimum) choices") }
        if let maximum, chosen.count > maximum { return fault("too_many", "at most \(maximum) choices") }
        return .success(.from(choices.map(\.id).filter(chosen.contains)))
    }

    private func checkedNumber(_ value: JSON) -> Result<JSON, AnswerFault> {
        guard let number = value.double else { return fault("wrong_type", "a number was expected") }
        let low = minimum ?? Self.numberRange.lowerBound
        let high = maximum ?? Self.numberRange.upperBound
        guard number >= Double(low), number <= Double(high) else { return fault("out_of_range", "from \(low) to \(high)") }
        let thousandths = (number * 1_000).rounded()
        // What a decimal text of this size and precision reads as is nearest to itself.
        guard thousandths / 1_000 == number else { return fault("too_precise", "at most \(Self.numberDecimals) decimals") }
        return .success(value.int.map(JSON.int) ?? value)
    }

    private func checkedText(_ text: String) -> Result<JSON, AnswerFault> {
        guard text.unicodeScalars.count <= Self.maximumText else { return fault("too_long", "at most \(Self.maximumText) characters") }
        guard !text.utf8.contains(0) else { return fault("invalid", "may not contain a NUL character") }
        let bare = Self.trimmed(text)
        guard !bare.isEmpty else { return .success(.null) }
        switch kind {
        case .email: return Self.isEmail(bare) ? .success(.string(bare)) : fault("invalid_email", "an e-mail address was expected")
        case .phone: return Self.isPhone(bare) ? .success(.string(bare)) : fault("invalid_phone", "a telephone number was expected")
        case .date: return CivilDate(bare) != nil ? .success(.string(bare)) : fault("invalid_date", "a day such as 2026-03-01 was expected")
        default: return .success(.string(text))
        }
    }

    private static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    private static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= CustomerData.maximumEmail, parts.count == 2, (1...64).contains(parts[0].utf8.count) else { return false }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, labels.allSatisfy({ (1...63).contains($0.utf8.count) }) else { return false }
        return !text.unicodeScalars.contains {
            $0.value <= 0x20 || $0.properties.isWhitespace || "<>()[]\\,;:\"".unicodeScalars.contains($0)
        }
    }

    private static func isPhone(_ text: String) -> Bool {
        let digits = text.utf8.filter { (0x30...0x39).contains($0) }.count
        return (5...20).contains(digits) && text.utf8.count <= 40
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-()./ ".utf8.contains($0) }
    }
}
