import Shared
import Testing

@Suite("Currency") struct CurrencyTests {
    private func currency(_ code: String) throws -> Currency { try #require(Currency(code)) }

    @Test(
        "respects each currency's minor unit",
        arguments: [
            ("TRY", 2, 1_234, "12.34"), ("JPY", 0, 500, "500"), ("KWD", 3, 1_250, "1.250"), ("CLF", 4, 12_345, "1.2345"),
            ("USD", 2, 5, "0.05"),
            ("TRY", 2, 0, "0.00"), ("TRY", 2, -5, "-0.05"), ("KWD", 3, -1, "-0.001"), ("JPY", 0, -7, "-7"), ("HUF", 2, 100, "1.00"),
        ] as [(String, Int, Int64, String)])
    func units(code: String, exponent: Int, amount: Int64, text: String) throws {
        let currency = try currency(code)
        #expect(currency.exponent == exponent)
        #expect(currency.decimal(amount) == text)
        #expect(currency.minorUnits(text) == amount)
    }

    @Test("what is written is read as the same amount, in every unit")
    func roundTrip() throws {
        var random = Seeded()
        for code in ["TRY", "JPY", "KWD", "CLF"] {
            let currency = try currency(code)
            for _ in 0..<2_000 {
                let amount =
                    random.chance(2) ? random.int64(-100_000...100_000) : random.int64(-9_007_199_254_740_992...9_007_199_254_740_992)
                #expect(currency.minorUnits(currency.decimal(amount)) == amount, "\(random) \(code) \(amount)")
            }
            #expect(currency.decimal(.min).first == "-")
        }
    }

    @Test(
        "reads stores' decimals and rounds half away from zero",
        arguments: [
            ("199", 19_900), ("3", 300), ("-10.5", -1_050), ("+1.1", 110), (".5", 50), ("5.", 500), ("0.005", 1), ("0.004", 0),
            ("0.0049999999", 0),
            ("-0.005", -1), ("1.995", 200), ("9.9950001", 1_000), ("0000000001.00", 100),
        ] as [(String, Int64)])
    func reads(text: String, amount: Int64) throws {
        #expect(try currency("TRY").minorUnits(text) == amount)
    }

    @Test("rounds yen to whole ones")
    func yen() throws {
        #expect(try currency("JPY").minorUnits("499.5") == 500)
        #expect(try currency("JPY").minorUnits("499.49") == 499)
    }

    @Test(
        "refuses what is no decimal",
        arguments: ["", ".", "-", "+", "-.", "1,5", "1.2.3", "1e3", " 1", "1 ", "0x1", "--1", "١", "½", "NaN", "1_0", "٫5"])
    func refuses(text: String) throws {
        #expect(try currency("TRY").minorUnits(text) == nil)
    }

    @Test(
        "refuses what is past 2^53, and never traps on the way",
        arguments: [
            // 9223372036854775.809 KWD is 2^63 + 1 of its units: the addition of its last digit overflowed once.
            ("KWD", "9223372036854775.809"), ("CLF", "922337203685477.5809"), ("CLF", "9223372036854775.8099"),
            ("TRY", "92233720368547758.09"),
            ("TRY", "90071992547409.93"), ("JPY", "9007199254740993"), ("JPY", "9007199254740992.5"), ("TRY", "99999999999999999999"),
            ("JPY", "9223372036854775807"),
        ])
    func overflow(code: String, text: String) throws {
        #expect(try currency(code).minorUnits(text) == nil)
        #expect(try currency(code).minorUnits("-" + text) == nil)
    }

    @Test("takes exactly 2^53")
    func largest() throws {
        #expect(try currency("TRY").minorUnits("90071992547409.92") == 9_007_199_254_740_992)
        #expect(try currency("JPY").minorUnits("9007199254740992") == 9_007_199_254_740_992)
        #expect(try currency("KWD").minorUnits("-9007199254740.992") == -9_007_199_254_740_992)
    }

    @Test("random decimals never trap, and are read as exact arithmetic would")
    func random() throws {
        var random = Seeded()
        let codes = ["TRY", "JPY", "KWD", "CLF"]
        for _ in 0..<20_000 {
            let currency = try currency(codes[random.int(0...3)])
            let whole = (0..<random.int(0...17)).map { _ in String(random.int(0...9)) }.joined()
            let fraction = (0..<random.int(0...8)).map { _ in String(random.int(0...9)) }.joined()
            let read = currency.minorUnits("\(whole).\(fraction)")
            guard !(whole.isEmpty && fraction.isEmpty), whole.utf8.count <= 16 else {
                #expect(read == nil, "\(random)")
                continue
            }
            let padded = fraction + String(repeating: "0", count: 9)
            let kept = Int128(whole + padded.prefix(currency.exponent)) ?? 0
            let rounded = kept + (padded.dropFirst(currency.exponent).first.map { $0 >= "5" } == true ? 1 : 0)
            #expect(
                read.map { Int128($0) } == (rounded <= 9_007_199_254_740_992 ? rounded : nil), "\(random) \(currency) \(whole).\(fraction)")
        }
    }

    @Test("knows ISO 4217 and nothing else", arguments: ["try", "TL", "", "XXX", "US", "USDT", "₺"])
    func unknown(code: String) {
        #expect(Currency(code) == nil)
    }
}
