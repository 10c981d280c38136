import Shared

/// The W3C trace context of what is being done right now, for log lines and for calls to other services.
public struct Trace: Sendable {
    /// 32 hexadecimal digits.
    public let traceID: String
    /// 16 hexadecimal digits: this hop.
    public let spanID: String
    public let flags: String

    @TaskLocal public static var current: Trace?

    /// Continues the trace a caller began, or begins one. A `traceparent` that is malformed counts as none (W3C Trace Context, section 3.2).
    public init(continuing traceparent: String?) {
        let parts = traceparent?.split(separator: "-", omittingEmptySubsequences: false) ?? []
        // Version 00 has four parts; a later version may have more behind them.
        if parts.count >= 4, Self.isHex(parts[0], 2), parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            Self.isID(parts[1], 32), Self.isID(parts[2], 16), Self.isHex(parts[3], 2)
        {
            traceID = String(parts[1])
            flags = String(parts[3])
        } else {
            traceID = Self.hex(UInt64.random(in: 1 ... .max)) + Self.hex(UInt64.random(in: .min ... .max))
            flags = "01"
        }
        spanID = Self.hex(UInt64.random(in: 1 ... .max))
    }

    public var traceparent: String { "00-\(traceID)-\(spanID)-\(flags)" }

    private static func isID(_ text: Substring, _ count: Int) -> Bool {
        isHex(text, count) && text.utf8.contains { $0 != 0x30 }
    }

    private static func isHex(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func hex(_ value: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            for index in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - index * 4) & 15)
                buffer[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            }
            return 16
        }
    }
}
