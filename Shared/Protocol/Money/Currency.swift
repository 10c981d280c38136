/// An ISO 4217 currency. Amounts are integers of its minor unit: 12.34 TRY is 1234, 500 JPY is 500, 1.250 KWD is 1250.
public struct Currency: Sendable, Hashable, CustomStringConvertible {
    public let code: String

    /// Nil unless the code is one of ISO 4217's (upper case).
    public init?(_ code: String) {
        guard Self.codes.contains(code) else { return nil }
        self.code = code
    }

    public var description: String { code }

    /// Digits of the minor unit: 0, 2, 3 or 4.
    public var exponent: Int { Self.exponents[code] ?? 2 }

    /// Minor units in one whole unit: 1, 100, 1000 or 10000.
    public var unit: Int64 {
        switch exponent {
        case 0: 1
        case 3: 1_000
        case 4: 10_000
        default: 100
        }
    }

    /// `1234` → `12.34`: digits, a full stop, and nothing else.
    public func decimal(_ amount: Int64) -> String {
        guard exponent > 0 else { return String(amount) }
        let magnitude = String(amount.magnitude)
        let padded = String(repeating: "0", count: max(0, exponent + 1 - magnitude.count)) + magnitude
        return (amount < 0 ? "-" : "") + padded.dropLast(exponent) + "." + padded.suffix(exponent)
    }

    /// Reads a store's decimal (`"199.00"`, `"3"`, `"-10.5"`) into minor units; digits past the exponent are rounded half away from zero
    /// (WooCommerce writes taxes with more). Nil for anything else and past ±2^53.
    public func minorUnits(_ decimal: String) -> Int64? {
        var negative = false
        var digits = Substring(decimal)
        if digits.first == "-" || digits.first == "+" {
            negative = digits.first == "-"
            digits = digits.dropFirst()
        }
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let whole = parts.first ?? ""
        let fraction = parts.count > 1 ? parts[1] : ""
        guard !(whole.isEmpty && fraction.isEmpty), whole.utf8.count <= 16, fraction.utf8.count <= 30 else { return nil }
        guard whole.utf8.allSatisfy({ (0x30...0x39).contains($0) }), fraction.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        var value: Int64 = 0
        for byte in whole.utf8 { value = value * 10 + Int64(byte - 0x30) }
        var rest = Array(fraction.utf8)
        for _ in 0..<exponent {
            let digit = rest.isEmpty ? 0 : Int64(rest.removeFirst() - 0x30)
            // Bounded at every digit: a value just below 2^63 would trap on the addition.
            guard value <= FieldReader.maximumAmount else { return nil }
            value = value * 10 + digit
        }
        if let next = rest.first, next >= 0x35 { value += 1 }
        guard value <= FieldReader.maximumAmount else { return nil }
        return negative ? -value : value
    }

    private static let exponents: [String: Int] = {
        var table: [String: Int] = [:]
        for code in "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(separator: " ") { table[String(code)] = 0 }
        for code in "BHD IQD JOD KWD LYD OMR TND".split(separator: " ") { table[String(code)] = 3 }
        for code in "CLF UYW".split(separator: " ") { table[String(code)] = 4 }
        return table
    }()

    /// ISO 4217 list one, the funds codes that appear in trade included.
    private static let codes: Set<String> = Set(
        """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP \
        COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD \
        JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO \
        NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT \
        TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL
        """.split(separator: " ").map(String.init))
}
