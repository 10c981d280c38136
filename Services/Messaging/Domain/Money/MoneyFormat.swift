import Shared

/// Amounts and counts as people of a language write them. Turkish: `1.234,56 ₺`; everything else: `₺1,234.56`.
public struct MoneyFormat: Sendable {
    private let isTurkish: Bool

    public init(locale: String) {
        isTurkish = LocaleChoice.language(of: locale) == "tr"
    }

    /// `amount` is in minor units of `currency`, whose exponent is respected: 500 JPY is `¥500`, 1250 KWD is `KWD 1.250`.
    public func format(_ amount: Int64, _ currency: Currency) -> String {
        let decimal = currency.decimal(amount)
        let plain = amount < 0 ? String(decimal.dropFirst()) : decimal
        let parts = plain.split(separator: ".", maxSplits: 1)
        var number = group(String(parts.first ?? "0"))
        if parts.count > 1 { number += decimalMark + parts[1] }
        let sign = amount < 0 ? "-" : ""
        let symbol = Self.symbols[currency.code]
        if isTurkish { return "\(sign)\(number) \(symbol ?? currency.code)" }
        if let symbol { return "\(sign)\(symbol)\(number)" }
        return "\(sign)\(currency.code) \(number)"
    }

    /// A whole number with its thousands apart.
    public func format(_ number: Int64) -> String {
        (number < 0 ? "-" : "") + group(String(number.magnitude))
    }

    private var decimalMark: String { isTurkish ? "," : "." }
    private var groupMark: Character { isTurkish ? "." : "," }

    private func group(_ digits: String) -> String {
        var grouped = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { grouped.append(groupMark) }
            grouped.append(digit)
        }
        return grouped
    }

    private static let symbols = [
        "TRY": "₺", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "RUB": "₽", "UAH": "₴", "ILS": "₪", "AZN": "₼",
        "KZT": "₸",
    ]
}
