import Shared

/// One question of a survey. Its id and its choices' ids are what answers are kept by; they mean the same in every version.
public struct Question: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case single, multiple, rating, nps, csat, text, email, phone, number, date, consent
        /// Something to read; it is not answered.
        case statement
        case matrix, ranking

        public var isSupported: Bool { self != .matrix && self != .ranking }
        public var hasChoices: Bool { self == .single || self == .multiple }
    }

    public struct Choice: Sendable, Hashable {
        public let id: String
        public let title: LocalText
    }

    public let id: String
    public let kind: Kind
    public let title: LocalText
    public let choices: [Choice]
    public let required: Bool
    /// `rating`: the scale; `number`: the values allowed; `multiple`: how many choices. Nil where the merchant set none.
    public let minimum: Int64?
    public let maximum: Int64?

    public static let maximumIDLength = 64
    public static let maximumChoices = 100
    /// Numbers as answers: from −10⁹ to 10⁹.
    public static let numberRange: ClosedRange<Int64> = -1_000_000_000...1_000_000_000

    public func choice(_ id: String) -> Choice? { choices.first { $0.id == id } }

    /// The whole numbers on offer: `rating` 1…5 unless set, `nps` 0…10, `csat` 1…5. Nil for other kinds.
    public var scale: ClosedRange<Int64>? {
        switch kind {
        case .rating:
            let low = minimum ?? 1
            return low...max(low, maximum ?? 5)
        case .nps: return 0...10
        case .csat: return 1...5
        default: return nil
        }
    }

    /// Whether it waits for an answer at all.
    public var isAnswerable: Bool { kind != .statement }
}

extension Question {
    static func read(_ reader: FieldReader) -> Question? {
        let id = Self.readID(reader)
        let kind = reader.require("kind", reader.choice("kind", Kind.self))
        if let kind, !kind.isSupported {
            reader.fail("kind", "not_supported_yet", "questions of the kind \(kind.rawValue) cannot be asked yet")
        }
        let title = reader.require("title", LocalText.read("title", reader))
        let choices = readChoices(kind, reader)
        let required = reader.bool("required") ?? false
        let (minimum, maximum) = readLimits(kind, choiceCount: choices.count, reader)
        reader.refuseUnknown()
        guard let id, let kind, kind.isSupported, let title else { return nil }
        return Question(
            id: id, kind: kind, title: title, choices: choices, required: required && kind != .statement, minimum: minimum, maximum: maximum
        )
    }

    /// Ids stand in conditions (`answers.q1`), forms and statistics: letters, digits, `_` and `-`.
    private static func readID(_ reader: FieldReader) -> String? {
        guard let id = reader.requiredString("id", max: maximumIDLength) else { return nil }
        guard id.utf8.allSatisfy(isIDByte) else {
            reader.fail("id", "invalid", "letters of a to z, digits, _ and - only")
            return nil
        }
        return id
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte == 0x2D
    }

    private static func readChoices(_ kind: Kind?, _ reader: FieldReader) -> [Choice] {
        guard let kind, kind.hasChoices else {
            if kind?.isSupported ?? false, reader.raw("choices") != nil {
                reader.fail("choices", "unknown_field", "this kind has no choices")
            }
            reader.ignore("choices")
            return []
        }
        guard let readers = reader.require("choices", reader.readers("choices", maxCount: maximumChoices)) else { return [] }
        if readers.isEmpty { reader.fail("choices", "empty", "at least one choice") }
        var choices: [Choice] = []
        for item in readers {
            let id = readID(item)
            let title = item.require("title", LocalText.read("title", item))
            item.refuseUnknown()
            guard let id, let title else { continue }
            if choices.contains(where: { $0.id == id }) {
                item.fail("id", "duplicate", "another choice has this id")
            } else {
                choices.append(Choice(id: id, title: title))
            }
        }
        return choices
    }

    private static func readLimits(_ kind: Kind?, choiceCount: Int, _ reader: FieldReader) -> (Int64?, Int64?) {
        let range: ClosedRange<Int64>
        switch kind {
        case .rating: range = 0...100
        case .number: range = numberRange
        case .multiple: range = 0...Int64(max(choiceCount, 1))
        default:
            for name in ["min", "max"] where reader.raw(name) != nil && kind?.isSupported ?? false {
                reader.fail(name, "unknown_field", "this kind has no limits to set")
            }
            reader.ignore("min", "max")
            return (nil, nil)
        }
        let minimum = reader.int("min", in: range)
        let maximum = reader.int("max", in: range)
        let low = minimum ?? (kind == .rating ? 1 : range.lowerBound)
        let high = maximum ?? (kind == .rating ? 5 : range.upperBound)
        // A scale of one point asks nothing.
        if kind == .rating ? low >= high : low > high { reader.fail(maximum == nil ? "min" : "max", "out_of_range", "max is above min") }
        if kind == .rating, high - low > 20 { reader.fail("max", "out_of_range", "at most 21 steps") }
        if kind == .multiple, maximum == 0 { reader.fail("max", "out_of_range", "at least 1") }
        return (minimum, maximum)
    }

    public var json: JSON {
        var object = JSONObject([
            .init(name: "id", value: .string(id)), .init(name: "kind", value: .string(kind.rawValue)),
            .init(name: "title", value: title.json),
        ])
        if kind.hasChoices { object["choices"] = .array(choices.map { ["id": .string($0.id), "title": $0.title.json] }) }
        object["required"] = .bool(required)
        object["min"] = minimum.map(JSON.int)
        object["max"] = maximum.map(JSON.int)
        return .object(object)
    }
}
