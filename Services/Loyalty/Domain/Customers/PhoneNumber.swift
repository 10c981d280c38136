/// A telephone number as people write it, made comparable: `0532 123 45 67` and `+90 (532) 123-4567` are one.
public struct PhoneNumber: Sendable, Equatable {
    /// The digits alone, without what is dialled before a country's code or an area's.
    public let digits: String
    /// Whether it was written with its country's code.
    public let isInternational: Bool

    private static let keyLength = 7
    /// Digits without which two numbers are too short to be taken for one by their ends.
    private static let comparable = 10
    private static let longestCountryCode = 3

    /// Nil for a text with no digits but noughts.
    public init?(_ text: String) {
        var digits: [UInt8] = []
        var isPlus = false
        for scalar in text.unicodeScalars.prefix(256) {
            if let value = scalar.properties.numericType == .decimal ? scalar.properties.numericValue : nil, (0...9).contains(value) {
                digits.append(UInt8(ascii: "0") + UInt8(value))
            } else if scalar == "+" || scalar == "\u{FF0B}", digits.isEmpty {
                isPlus = true
            }
        }
        if !isPlus, digits.starts(with: "00".utf8) { isPlus = true }
        let body = digits.drop { $0 == UInt8(ascii: "0") }.prefix(32)
        guard !body.isEmpty else { return nil }
        self.digits = String(decoding: body, as: UTF8.self)
        isInternational = isPlus
    }

    /// What numbers that may be the same have in common: the last digits.
    public var key: String { String(digits.suffix(Self.keyLength)) }

    /// Two with a country's code must be alike; one without matches where the rest is.
    public func matches(_ other: PhoneNumber) -> Bool {
        if digits == other.digits { return true }
        if isInternational && other.isInternational { return false }
        let (short, long) = digits.count <= other.digits.count ? (self, other) : (other, self)
        if short.digits.count >= Self.comparable { return short.digits.suffix(Self.comparable) == long.digits.suffix(Self.comparable) }
        guard !short.isInternational, long.isInternational, short.digits.count >= Self.keyLength else { return false }
        return long.digits.hasSuffix(short.digits) && long.digits.count - short.digits.count <= Self.longestCountryCode
    }
}
