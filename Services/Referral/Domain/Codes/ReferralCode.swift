import Shared

/// An advocate's code, in the one form that is kept and compared: upper-case ASCII. Whatever else looks like it names nothing.
public struct ReferralCode: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    public static let maximumLength = 64
    /// What a code that somebody chose may have.
    public static let vanityLength: ClosedRange<Int> = 3...32
    static let generatedLength = 8
    /// A–Z and 2–9 without what is mistaken for each other: I, L, O, 0, 1.
    static let alphabet = Array("ABCDEFGHJKMNPQRSTUVWXYZ23456789")

    public var description: String { text }

    /// Reads a code as somebody typed it: blanks around it are dropped, letters become upper case, the Turkish `İ` and `ı` become `I`. Nil for
    /// anything outside `A–Z 0–9 - _`, so that no letter of another script ever passes for a Latin one.
    public init?(_ typed: String) {
        guard typed.utf8.count <= 4 * Self.maximumLength else { return nil }
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline && $0.isASCII }
        guard let first = typed.firstIndex(where: { !isBlank($0) }), let last = typed.lastIndex(where: { !isBlank($0) }) else { return nil }
        var letters: [UInt8] = []
        for character in typed[first...last] {
            guard let byte = Self.folded(character) else { return nil }
            letters.append(byte)
        }
        guard (1...Self.maximumLength).contains(letters.count) else { return nil }
        text = String(decoding: letters, as: UTF8.self)
    }

    private static func folded(_ character: Character) -> UInt8? {
        // The third is what lower-casing makes of an İ.
        if character == "İ" || character == "ı" || character == "i\u{307}" { return UInt8(ascii: "I") }
        guard character.unicodeScalars.count == 1, let byte = character.utf8.first, character.utf8.count == 1 else { return nil }
        switch byte {
        case 0x61...0x7A: return byte - 0x20
        case 0x41...0x5A, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "_"): return byte
        default: return nil
        }
    }

    /// Whether it may be chosen by hand: 3 to 32 characters, letters or digits at both ends.
    public var isVanity: Bool {
        guard Self.vanityLength.contains(text.utf8.count), let first = text.first, let last = text.last else { return false }
        return [first, last].allSatisfy { $0.isLetter || $0.isNumber }
    }

    /// A new code of eight characters (some 8 × 10¹¹ of them). Whether it is taken is for the store to say.
    public static func generate(using generator: inout some RandomNumberGenerator) -> ReferralCode {
        ReferralCode(generated: String((0..<generatedLength).map { _ in alphabet.randomElement(using: &generator) ?? "A" }))
    }

    private init(generated text: String) { self.text = text }

    /// The codes that an order carries, each once, in the order they stand; what can be no code is left out.
    public static func all(in texts: [String]) -> [ReferralCode] {
        var codes: [ReferralCode] = []
        for text in texts {
            if let code = ReferralCode(text), !codes.contains(code) { codes.append(code) }
        }
        return codes
    }
}
