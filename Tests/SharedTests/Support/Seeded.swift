import Foundation

/// SplitMix64: the same numbers for the same seed. Failures name the seed; `VEFA_TEST_SEED` repeats a run.
struct Seeded: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64? = nil) {
        let given = ProcessInfo.processInfo.environment["VEFA_TEST_SEED"].flatMap { UInt64($0) }
        self.seed = seed ?? given ?? UInt64.random(in: .min ... .max)
        state = self.seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func int64(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &self) }
    mutating func chance(_ outOf: Int) -> Bool { int(1...outOf) == 1 }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) } }

    /// Text of any scalars, the awkward ones often.
    mutating func text(_ length: Int) -> String {
        let awkward: [Unicode.Scalar] = [
            "\"", "\\", "/", "\n", "\r", "\t", "\u{0}", "\u{1F}", "\u{7F}", "\u{2028}", "ı", "İ", "é", "\u{301}", "😀", "\u{FFFF}",
        ]
        var scalars = String.UnicodeScalarView()
        for _ in 0..<length {
            switch int(0...3) {
            case 0: scalars.append(awkward[int(0...awkward.count - 1)])
            case 1: scalars.append(Unicode.Scalar(UInt32(int(0...0x10FFFF))) ?? "x")
            default: scalars.append(Unicode.Scalar(UInt8(int(0x20...0x7E))))
            }
        }
        return String(scalars)
    }
}

extension Seeded: CustomStringConvertible {
    var description: String { "seed \(seed)" }
}
