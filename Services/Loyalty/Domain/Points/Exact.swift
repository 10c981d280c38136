import Shared

/// Arithmetic that neither traps nor loses a unit: products in 128 bits, results held within what an amount or a count of points may be.
public enum Exact {
    /// The most points that one award or adjustment can be.
    public static let maximumPoints: Int64 = 1_000_000_000_000

    /// a × b ÷ c, rounded down; 0 when c ≤ 0. Meant for values ≥ 0.
    public static func floor(_ a: Int64, times b: Int64, over c: Int64) -> Int64 {
        guard c > 0 else { return 0 }
        return clamp(Int128(a) * Int128(b) / Int128(c))
    }

    /// a × b ÷ c, halves rounded up; 0 when c ≤ 0. Meant for values ≥ 0.
    public static func rounded(_ a: Int64, times b: Int64, over c: Int64) -> Int64 {
        guard c > 0 else { return 0 }
        return clamp((Int128(a) * Int128(b) * 2 + Int128(c)) / (Int128(c) * 2))
    }

    /// a + b, held within ±2^63.
    public static func sum(_ a: Int64, _ b: Int64) -> Int64 {
        let (result, overflow) = a.addingReportingOverflow(b)
        return overflow ? (a < 0 ? Int64.min : Int64.max) : result
    }

    /// a × b for a price and a quantity, held within 2^53.
    public static func amount(_ a: Int64, times b: Int64) -> Int64 { amount(Int128(a) * Int128(b)) }

    /// Holds a sum of amounts within 0…2^53.
    public static func amount(_ value: Int128) -> Int64 { Int64(Swift.min(Swift.max(value, 0), Int128(FieldReader.maximumAmount))) }

    static func clamp(_ value: Int128) -> Int64 { Int64(Swift.min(Swift.max(value, Int128(Int64.min)), Int128(Int64.max))) }
}
