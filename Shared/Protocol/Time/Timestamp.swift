/// A moment: milliseconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX time). The one form of time in stores and between services.
public struct Timestamp: Sendable, Hashable, Comparable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static let epoch = Timestamp(milliseconds: 0)

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    // These end at the first and last moment that 64 bits can tell: a period that somebody typed in must not trap, nor turn round into the past.
    public func adding(milliseconds amount: Int64) -> Timestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(amount)
        return Timestamp(milliseconds: overflow ? (amount < 0 ? .min : .max) : sum)
    }
    public func adding(seconds: Int64) -> Timestamp { adding(seconds, of: 1_000) }
    public func adding(days: Int64) -> Timestamp { adding(days, of: 86_400_000) }

    private func adding(_ count: Int64, of unit: Int64) -> Timestamp {
        let (amount, overflow) = count.multipliedReportingOverflow(by: unit)
        return adding(milliseconds: overflow ? (count < 0 ? .min : .max) : amount)
    }
}

extension Timestamp {
    /// Reads RFC 3339 (`2026-03-01T09:00:00Z`, with fractions and offsets; `t`, `z` and a space are taken too). Fractions beyond milliseconds are
    /// cut off; a leap second reads as the last moment of its minute. Nil for anything else, impossible dates included.
    public init?(rfc3339 text: String) {
        var text = text
        guard let time = text.withUTF8({ Self.parse($0) }) else { return nil }
        self = time
    }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        guard bytes.count >= 20, bytes.count <= 40 else { return nil }
        func number(_ start: Int, _ count: Int) -> Int64? {
            guard start + count <= bytes.count else { return nil }
            var value: Int64 = 0
            for index in start..<start + count {
                guard bytes[index] >= 0x30, bytes[index] <= 0x39 else { return nil }
                value = value * 10 + Int64(bytes[index] - 0x30)
            }
            return value
        }
        func isByte(_ index: Int, _ options: StaticString) -> Bool {
            index < bytes.count && UnsafeBufferPointer(start: options.utf8Start, count: options.utf8CodeUnitCount).contains(bytes[index])
        }
        guard let year = number(0, 4), isByte(4, "-"), let month = number(5, 2), isByte(7, "-"), let day = number(8, 2), isByte(10, "Tt "),
            let hour = number(11, 2), isByte(13, ":"), let minute = number(14, 2), isByte(16, ":"), let second = number(17, 2)
        else { return nil }
        guard let date = CivilDate(year: Int(year), month: Int(month), day: Int(day)), hour <= 23, minute <= 59, second <= 60 else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if isByte(index, ".") {
            index += 1
            let start = index
            while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
                if index - start < 3 { fraction = fraction * 10 + Int64(bytes[index] - 0x30) }
                index += 1
            }
            guard index > start else { return nil }
            for _ in min(index - start, 3)..<3 { fraction *= 10 }
        }
        var offset: Int64 = 0
        if isByte(index, "Zz") {
            index += 1
        } else {
            guard isByte(index, "+-"), let hours = number(index + 1, 2), isByte(index + 3, ":"), let minutes = number(index + 4, 2),
                hours <= 23, minutes <= 59
            else { return nil }
            offset = (hours * 60 + minutes) * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
            index += 6
        }
        guard index == bytes.count else { return nil }
        let seconds = Int64(date.daysSinceEpoch) * 86_400 + hour * 3_600 + minute * 60 + min(second, 59) - offset * 60
        return Timestamp(milliseconds: seconds * 1_000 + (second == 60 ? 999 : fraction))
    }

    /// `2026-03-01T09:00:00Z`, with `.123` only where there are milliseconds. Moments outside the years 0 to 9999 are written as the nearest
    /// that RFC 3339 can write.
    public var rfc3339: String {
        // 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z.
        let milliseconds = min(max(milliseconds, -62_167_219_200_000), 253_402_300_799_999)
        let days = milliseconds.floorDivided(by: 86_400_000)
        let rest = milliseconds - days * 86_400_000
        let date = CivilDate(daysSinceEpoch: Int(days))
        let fraction = rest % 1_000
        return String(unsafeUninitializedCapacity: 32) { buffer in
            var index = 0
            func put(_ value: Int64, _ width: Int) {
                var value = value
                for position in stride(from: index + width - 1, through: index, by: -1) {
                    buffer[position] = 0x30 + UInt8(truncatingIfNeeded: value % 10)
                    value /= 10
                }
                index += width
            }
            func put(_ byte: UInt8) {
                buffer[index] = byte
                index += 1
            }
            put(Int64(date.year), 4)
            put(0x2D)
            put(Int64(date.month), 2)
            put(0x2D)
            put(Int64(date.day), 2)
            put(0x54)
            put(rest / 3_600_000, 2)
            put(0x3A)
            put(rest / 60_000 % 60, 2)
            put(0x3A)
            put(rest / 1_000 % 60, 2)
            if fraction != 0 {
                put(0x2E)
                put(fraction, 3)
            }
            put(0x5A)
            return index
        }
    }
}

extension Int64 {
    /// Division that rounds towards minus infinity.
    public func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor != 0 && (self < 0) != (divisor < 0) ? quotient - 1 : quotient
    }
}
