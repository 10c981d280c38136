/// Codes that people type (coupons, referrals), in the one form that is kept and compared: `A–Z`, `0–9`, `-` and `_`.
public enum CodeText {
    public static let maximumLength = 64
    /// What codes are drawn from. No `0 O 1 I L`: they are mistaken for one another when a code is read out or typed from paper.
    public static let alphabet = Array("ABCDEFGHJKMNPQRSTUVWXYZ23456789".utf8)

    /// Reads a code as people type it: blanks around it do not count, nor does the case. A Turkish keyboard's `İ` and `ı` are an `I`. Nil for anything
    /// else: a letter of another script that only looks like one of these names nothing. `alsoAllowed` is one more character that may stand in it.
    public static func fold(_ text: String, alsoAllowed: UInt8? = nil) -> [UInt8]? {
        // Nobody's code is longer, blanks included; and a long path is not looked at twice.
        guard text.utf8.count <= 4 * maximumLength else { return nil }
        let blanks: (Unicode.Scalar) -> Bool = { $0.value == 0x20 || (0x09...0x0D).contains($0.value) }
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !blanks($0) }), let last = scalars.lastIndex(where: { !blanks($0) }) else {
            return nil
        }
        var bytes: [UInt8] = []
        var isAfterI = false
        for scalar in scalars[first...last] {
            var isI = false
            switch scalar.value {
            case 0x30...0x39, 0x41...0x5A, 0x2D, 0x5F:
                isI = scalar == "I"
                bytes.append(UInt8(scalar.value))
            case 0x61...0x7A:
                isI = scalar == "i"
                bytes.append(UInt8(scalar.value - 0x20))
            case 0x130, 0x131:
                bytes.append(UInt8(ascii: "I"))
            case 0x307 where isAfterI:
                // The dot of an İ that was taken apart (NFD, and what lower-casing makes of it).
                break
            default:
                guard let alsoAllowed, scalar.value == UInt32(alsoAllowed) else { return nil }
                bytes.append(alsoAllowed)
            }
            isAfterI = isI
        }
        return (1...maximumLength).contains(bytes.count) ? bytes : nil
    }
}
