/// U+0000, the one character that a store may be unable to keep (PostgreSQL is), and that no text of a shop needs.
extension JSON {
    /// Where the first text or name with a U+0000 in it stands; nil, nearly always, without looking at more than the bytes.
    /// - Parameter text: what this value was read from. JSON cannot have the character but by its escape.
    public func nul(in text: UnsafeBufferPointer<UInt8>) -> JSONPointer? {
        Self.escapesNul(text) ? nul(at: .root) : nil
    }

    /// The same value with U+FFFD in the place of every U+0000, for senders that cannot be asked to mend what they send.
    public func replacingNul(in text: UnsafeBufferPointer<UInt8>) -> JSON {
        Self.escapesNul(text) ? replacingNul : self
    }

    private func nul(at pointer: JSONPointer) -> JSONPointer? {
        switch self {
        case .string(let text):
            return text.utf8.contains(0) ? pointer : nil
        case .array(let items):
            for (index, item) in items.enumerated() {
                if let found = item.nul(at: pointer / index) { return found }
            }
        case .object(let object):
            for member in object.members {
                if member.name.utf8.contains(0) { return pointer }
                if let found = member.value.nul(at: pointer / member.name) { return found }
            }
        case .null, .bool, .int, .double:
            break
        }
        return nil
    }

    private var replacingNul: JSON {
        func mended(_ text: String) -> String {
            guard text.utf8.contains(0) else { return text }
            var scalars = String.UnicodeScalarView()
            for scalar in text.unicodeScalars { scalars.append(scalar.value == 0 ? "\u{FFFD}" : scalar) }
            return String(scalars)
        }
        switch self {
        case .string(let text): return .string(mended(text))
        case .array(let items): return .array(items.map(\.replacingNul))
        case .object(let object):
            return .object(JSONObject(object.members.map { .init(name: mended($0.name), value: $0.value.replacingNul) }))
        case .null, .bool, .int, .double: return self
        }
    }

    /// Whether `\u0000` occurs, be it after another backslash.
    private static func escapesNul(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count >= 6 else { return false }
        var index = 0
        let last = text.count - 6
        while index <= last {
            if text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u"), text[index + 2] == 0x30, text[index + 3] == 0x30,
                text[index + 4] == 0x30, text[index + 5] == 0x30
            {
                return true
            }
            index += 1
        }
        return false
    }
}

extension FieldIssue {
    /// The refusal of a text with U+0000 in it.
    public static func nul(at pointer: JSONPointer) -> FieldIssue {
        FieldIssue(pointer: pointer.description, code: "invalid", detail: "a text may not contain U+0000")
    }
}
