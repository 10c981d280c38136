import Shared

/// An advocate's code, in the one form that is kept and compared: upper-case ASCII. Whatever else looks like it names nothing.
public struct ReferralCode: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    /// What a code that somebody chose may have.
    public static let vanityLength: ClosedRange<Int> = 3...32
    static let generatedLength = 8

    public var description: String { text }

    /// Reads a code as somebody typed it (``CodeText/fold(_:alsoAllowed:)``); nil for what can be no code.
    public init?(_ typed: String) {
        guard let bytes = CodeText.fold(typed) else { return nil }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// Whether it may be chosen by hand: 3 to 32 characters, letters or digits at both ends.
    public var isVanity: Bool {
        guard Self.vanityLength.contains(text.utf8.count), let first = text.first, let last = text.last else { return false }
        return [first, last].allSatisfy { $0.isLetter || $0.isNumber }
    }

    /// A new code of eight characters (some 8 × 10¹¹ of them). Whether it is taken is for the store to say.
    public static func generate(using generator: inout some RandomNumberGenerator) -> ReferralCode {
        let bytes = (0..<generatedLength).map { _ in CodeText.alphabet[Int.random(in: 0..<CodeText.alphabet.count, using: &generator)] }
        return ReferralCode(generated: String(decoding: bytes, as: UTF8.self))
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
