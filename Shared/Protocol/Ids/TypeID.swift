#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Ids of what Vefa makes: `prefix_` and the Crockford base32 of a UUIDv7 (TypeID 0.3, RFC 9562), so that they sort by the time they were
/// made and say what they name.
public enum TypeID {
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// A new id. Unique by 74 random bits in one millisecond; `time` only orders.
    public static func make(_ prefix: String, at time: Timestamp) -> String {
        var generator = SystemRandomNumberGenerator()
        return make(prefix, at: time, using: &generator)
    }

    public static func make(_ prefix: String, at time: Timestamp, using generator: inout some RandomNumberGenerator) -> String {
        let milliseconds = UInt64(clamping: time.milliseconds) & 0xFFFF_FFFF_FFFF
        let high = milliseconds << 16 | 0x7000 | generator.next() & 0x0FFF
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return prefix + "_" + encode(high: high, low: low)
    }

    /// 26 characters for 128 bits, most significant first.
    public static func encode(high: UInt64, low: UInt64) -> String {
        String(unsafeUninitializedCapacity: 26) { buffer in
            var value = (UInt128(high) << 64) | UInt128(low)
            for index in stride(from: 25, through: 0, by: -1) {
                buffer[index] = alphabet[Int(truncatingIfNeeded: value & 31)]
                value >>= 5
            }
            return 26
        }
    }

    /// Whether a text is an id of this kind: the prefix, an underscore and 26 base32 characters whose first is 0…7.
    public static func isValid(_ id: String, prefix: String) -> Bool {
        let bytes = Array(id.utf8)
        let head = Array(prefix.utf8) + [UInt8(ascii: "_")]
        guard bytes.count == head.count + 26, bytes.starts(with: head) else { return false }
        let suffix = bytes[head.count...]
        return suffix.allSatisfy { alphabet.contains($0) } && (suffix.first ?? 0xFF) <= UInt8(ascii: "7")
    }

    /// The moment an id was made at, as it says; nil for what is no such id.
    public static func time(of id: String) -> Timestamp? {
        guard let underscore = id.utf8.lastIndex(of: UInt8(ascii: "_")) else { return nil }
        let suffix = id.utf8[id.utf8.index(after: underscore)...]
        guard suffix.count == 26 else { return nil }
        // The first ten characters are the 48 bits of the milliseconds.
        var milliseconds: Int64 = 0
        for byte in suffix.prefix(10) {
            guard let digit = alphabet.firstIndex(of: byte) else { return nil }
            milliseconds = milliseconds << 5 | Int64(digit)
        }
        return Timestamp(milliseconds: milliseconds)
    }
}
