import Shared

/// A text in one language or several, as a merchant wrote it: `"How was it?"` or `{"en": "How was it?", "tr": "Nasıldı?"}`.
public enum LocalText: Sendable, Hashable {
    /// The same in every language.
    case plain(String)
    /// By language tag, in the order written; never empty.
    case byLanguage([Entry])

    public struct Entry: Sendable, Hashable {
        public let language: String
        public let text: String
    }

    public static let maximumLength = 2_000
    public static let maximumLanguages = 20

    /// The languages it is written in; none for a plain text.
    public var languages: [String] {
        switch self {
        case .plain: []
        case .byLanguage(let entries): entries.map(\.language)
        }
    }

    /// The text in `language`, or in the nearest language at hand.
    public func text(in language: String) -> String {
        switch self {
        case .plain(let text): return text
        case .byLanguage(let entries):
            let chosen = LocaleChoice.pick(from: entries.map(\.language), wishes: [language])
            return entries.first { $0.language == chosen }?.text ?? entries.first?.text ?? ""
        }
    }

    public var json: JSON {
        switch self {
        case .plain(let text): .string(text)
        case .byLanguage(let entries): .object(JSONObject(entries.map { .init(name: $0.language, value: .string($0.text)) }))
        }
    }

    /// Reads the member `name`. What is wrong is noted, and answers nil, as an absent member does.
    static func read(_ name: String, _ reader: FieldReader) -> LocalText? {
        guard let value = reader.raw(name) else { return nil }
        if case .string = value { return reader.string(name, max: maximumLength, allowEmpty: false).map(LocalText.plain) }
        guard case .object(let object) = value else {
            reader.fail(name, "wrong_type", "a text, or texts by language, were expected")
            return nil
        }
        guard (1...maximumLanguages).contains(object.members.count) else {
            reader.fail(name, object.isEmpty ? "empty" : "too_many", "from 1 to \(maximumLanguages) languages")
            return nil
        }
        let inner = FieldReader(object, at: reader.pointer / name, issues: reader.issues)
        var entries: [Entry] = []
        for member in object.members {
            guard isLanguageTag(member.name) else {
                inner.fail(member.name, "unknown_language", "a language tag such as tr was expected")
                continue
            }
            guard !entries.contains(where: { $0.language == member.name }) else { continue }
            if let text = inner.requiredString(member.name, max: maximumLength) { entries.append(Entry(language: member.name, text: text)) }
        }
        return entries.isEmpty ? nil : .byLanguage(entries)
    }

    /// `tr`, `tr-TR`: two or three letters, then parts of letters and digits.
    static func isLanguageTag(_ tag: String) -> Bool {
        let parts = tag.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard tag.utf8.count <= 35, let first = parts.first, (2...3).contains(first.count), first.allSatisfy(isLetter) else { return false }
        return parts.dropFirst().allSatisfy { (1...8).contains($0.count) && $0.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) } }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
}
