public import Shared

/// The codes a new batch is asked for.
public enum CouponCodes: Sendable, Equatable {
    /// One code that everybody uses.
    case shared(CouponCode)
    /// So many, each by chance, each for one use unless its rules say otherwise.
    case unique(CouponPattern, count: Int)

    public static let countRange: ClosedRange<Int64> = 1...100_000
    /// A pattern must have this many times the codes asked for: drawing them stays quick, and most guesses hit nothing.
    static let spareness: Int64 = 8

    /// Reads `code`, or any of `count`, `pattern` and `prefix`. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        let code = reader.string("code", max: 255, allowEmpty: false)
        let count = reader.int("count", in: Self.countRange)
        let pattern = reader.string("pattern", max: 255, allowEmpty: false)
        let prefix = reader.string("prefix", max: 255, allowEmpty: false)
        let asksForMany = ["count", "pattern", "prefix"].filter { reader.raw($0) != nil }
        if let code {
            for name in asksForMany { reader.fail(name, "conflict", "either one shared code, or many unique ones") }
            guard asksForMany.isEmpty else { return nil }
            guard let shared = CouponCode(code) else {
                reader.fail("code", "invalid_code", "A-Z, 0-9, - and _ were expected, at most \(CodeText.maximumLength)")
                return nil
            }
            self = .shared(shared)
            return
        }
        guard !asksForMany.isEmpty else {
            // A code that is there and wrong was noted already.
            if reader.raw("code") == nil { reader.fail("code", "missing", "a code, or count with a pattern or prefix, is required") }
            return nil
        }
        guard let drawn = Self.pattern(pattern, prefix, reader) else { return nil }
        if let count, drawn.capacity / Self.spareness < count {
            reader.fail(
                "pattern", "too_few_codes", "\(drawn.text) has \(drawn.capacity) codes; \(Self.spareness) times the count are needed")
            return nil
        }
        self = .unique(drawn, count: Int(count ?? 1))
    }

    private static func pattern(_ pattern: String?, _ prefix: String?, _ reader: FieldReader) -> CouponPattern? {
        if let pattern {
            if prefix != nil {
                reader.fail("prefix", "conflict", "either a pattern or a prefix")
                return nil
            }
            if let pattern = CouponPattern(pattern) { return pattern }
            reader.fail(
                "pattern", "invalid_pattern", "A-Z, 0-9, -, _ and at least one # were expected, at most \(CodeText.maximumLength)")
            return nil
        }
        guard let prefix else { return CouponPattern.run(after: nil) }
        if let pattern = CouponCode(prefix).flatMap({ CouponPattern.run(after: $0) }) { return pattern }
        let most = CodeText.maximumLength - CouponPattern.runLength
        reader.fail("prefix", "invalid_code", "A-Z, 0-9, - and _ were expected, at most \(most)")
        return nil
    }
}
