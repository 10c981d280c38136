import Foundation
import Shared
import Testing

@Suite("Timestamp") struct TimestampTests {
    @Test("agrees with Foundation in both directions, to the millisecond")
    func foundation() {
        var random = Seeded()
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime]
        for _ in 0..<3_000 {
            let seconds = random.int64(-62_135_596_800...253_402_300_799)
            let time = Timestamp(milliseconds: seconds * 1_000)
            let theirs = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            // Foundation goes over to the Julian calendar before 1582; RFC 3339 does not.
            if seconds >= -12_219_292_800 { #expect(time.rfc3339 == theirs, "\(random)") }
            #expect(Timestamp(rfc3339: time.rfc3339) == time, "\(random)")
            let fine = Timestamp(milliseconds: seconds * 1_000 + random.int64(0...999))
            #expect(Timestamp(rfc3339: fine.rfc3339) == fine, "\(random) \(fine.rfc3339)")
        }
    }

    @Test(
        "reads what RFC 3339 writes",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00z", 0), ("1970-01-01 00:00:00Z", 0), ("1970-01-01T00:00:00.5Z", 500),
            ("1970-01-01T00:00:00.05Z", 50), ("1970-01-01T00:00:00.123456789Z", 123), ("1970-01-01T00:00:00.9999999Z", 999),
            ("1970-01-01T03:00:00+03:00", 0), ("1969-12-31T21:30:00-02:30", 0), ("1970-01-01T00:00:00+00:00", 0),
            ("1970-01-01T00:00:00-00:00", 0),
            ("1970-01-02T23:59:00+23:59", 86_400_000), ("1969-12-31T23:59:59Z", -1_000), ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T00:00:00Z", 951_782_400_000), ("2024-02-29T12:00:00Z", 1_709_208_000_000),
            ("0000-02-29T00:00:00Z", -62_162_121_600_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_999), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)])
    func reads(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(
        "refuses everything else",
        arguments: [
            "", "2026-03-01", "2026-03-01T09:00:00", "2026-03-01T09:00Z", "2026-3-1T09:00:00Z", "26-03-01T09:00:00Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-01-32T00:00:00Z",
            "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00,5Z",
            "2026-01-01T00:00:00+3:00",
            "2026-01-01T00:00:00+0300", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+03:60", "2026-01-01T00:00:00+03",
            "2026-01-01T00:00:00ZZ",
            "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "+2026-01-01T00:00:00Z", "2026-01-01T00:00:00.00000000000000000000000Z",
            "２026-01-01T00:00:00Z",
            "-026-01-01T00:00:00Z", "2026-01-01X00:00:00Z", "1772355600", "2026-01-01T-1:00:00Z",
        ])
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("garbage never traps")
    func garbage() {
        var random = Seeded()
        let good = Array("2026-03-01T09:00:00.123+03:00".utf8)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<random.int(1...4) { bytes[random.int(0...bytes.count - 1)] = UInt8.random(in: 0x20...0x7E, using: &random) }
            if let time = Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self)) {
                #expect(Timestamp(rfc3339: time.rfc3339) == time, "\(random)")
            }
        }
    }

    @Test("arithmetic ends at the limits; it neither traps nor turns round")
    func limits() {
        let time = Timestamp(milliseconds: 1_772_355_600_000)
        #expect(time.adding(days: 30).milliseconds == 1_772_355_600_000 + 30 * 86_400_000)
        #expect(time.adding(seconds: -1).milliseconds == 1_772_355_599_000)
        for amount: Int64 in [.max, .max / 1_000, 9_007_199_254_740_992] {
            #expect(time.adding(days: amount) > time)
            #expect(time.adding(seconds: amount) > time)
            #expect(time.adding(milliseconds: amount) > time)
            #expect(time.adding(days: -amount) < time)
        }
        #expect(time.adding(days: .min) < time)
        // And every one of them can be written.
        for milliseconds: Int64 in [.max, .min, 253_402_300_800_000, -62_167_219_200_001] {
            #expect(Timestamp(rfc3339: Timestamp(milliseconds: milliseconds).rfc3339) != nil)
        }
        #expect(Timestamp(milliseconds: .max).rfc3339 == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp(milliseconds: .min).rfc3339 == "0000-01-01T00:00:00Z")
    }

    @Test(
        "division rounds towards minus infinity",
        arguments: [(7, 2, 3), (-7, 2, -4), (-8, 2, -4), (0, 5, 0), (-1, 86_400_000, -1)] as [(Int64, Int64, Int64)])
    func floor(value: Int64, divisor: Int64, result: Int64) {
        #expect(value.floorDivided(by: divisor) == result)
    }
}
