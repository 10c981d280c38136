import Shared

/// How codes are made: `SPRING-####-####`, where each `#` is one random character.
public struct CouponPattern: Sendable, Equatable {
    public let text: String
    private let bytes: [UInt8]

    public static let alphabet = CodeText.alphabet
    /// 31^10 codes: guessing finds none.
    public static let runLength = 10

    private static let hole = UInt8(ascii: "#")
    /// As many characters as one random number yields: 31^12 < 2^64.
    private static let drawLength = 12

    /// Nil without a `#`, and for a pattern whose other characters can be in no code.
    public init?(_ text: String) {
        guard let bytes = CodeText.fold(text, alsoAllowed: Self.hole), bytes.contains(Self.hole) else { return nil }
        self.bytes = bytes
        self.text = String(decoding: bytes, as: UTF8.self)
    }

    /// One run of random characters, behind a prefix where there is one; nil where the prefix leaves no room for it.
    public static func run(after prefix: CouponCode?) -> CouponPattern? {
        CouponPattern((prefix?.text ?? "") + String(repeating: "#", count: runLength))
    }

    /// How many different codes it has, held within 2^53.
    public var capacity: Int64 {
        var capacity: Int64 = 1
        for byte in bytes where byte == Self.hole { capacity = Exact.amount(capacity, times: Int64(Self.alphabet.count)) }
        return capacity
    }

    /// One code by chance; every one is as likely as any other.
    public func code(using generator: inout some RandomNumberGenerator) -> CouponCode? {
        var drawn: UInt64 = 0
        var left = 0
        let base = UInt64(Self.alphabet.count)
        return CouponCode(
            bytes.map { byte in
                guard byte == Self.hole else { return byte }
                if left == 0 {
                    drawn = Self.draw(using: &generator)
                    left = Self.drawLength
                }
                defer {
                    drawn /= base
                    left -= 1
                }
                return Self.alphabet[Int(drawn % base)]
            })
    }

    /// A number below 31^12. One call of the generator makes a whole code: the system's generator is a system call.
    private static func draw(using generator: inout some RandomNumberGenerator) -> UInt64 {
        let range = (0..<drawLength).reduce(UInt64(1)) { product, _ in product * UInt64(alphabet.count) }
        return UInt64.random(in: 0..<range, using: &generator)
    }
}
