import Shared

/// A coupon that a mail brings: made for its reader when the mail goes, good once.
public struct CouponOffer: Sendable, Hashable {
    public var discount: Discount
    /// The least that a cart's items must come to, in minor units.
    public var minimumOrder: Int64?
    /// Full days after the one it is made on.
    public var validDays: Int64

    public static let validDaysRange: ClosedRange<Int64> = 1...366

    public init(discount: Discount, minimumOrder: Int64? = nil, validDays: Int64) {
        self.discount = discount
        self.minimumOrder = minimumOrder
        self.validDays = validDays
    }

    /// Reads `{"discount": {"kind": "percent", "percent": 10}, "minimum_order"?, "valid_days"}`; the discount in the shape of a reward, and points are
    /// none. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader) {
        let reward = reader.require("discount", reader.reader("discount")).flatMap(Reward.init)
        let minimumOrder = reader.amount("minimum_order")
        let days = reader.require("valid_days", reader.int("valid_days", in: Self.validDaysRange))
        reader.refuseUnknown()
        guard let reward, let days else { return nil }
        guard case .discount(let discount) = reward else {
            reader.issues.add(reader.pointer / "discount" / "kind", "invalid", "a coupon takes something off; points are no coupon")
            return nil
        }
        self.init(discount: discount, minimumOrder: minimumOrder, validDays: days)
    }

    public var json: JSON {
        ["discount": Reward.discount(discount).json, "minimum_order": .from(minimumOrder), "valid_days": .int(validDays)]
    }

    /// What is ordered of loyalty: a fixed amount without a currency is in that of the mail which names it, so that the coupon keeps the mail's word.
    public func discount(in currency: Currency?) -> Discount {
        if case .fixed(let amount, nil) = discount { .fixed(amount: amount, currency: currency) } else { discount }
    }

    /// Exclusive end of a coupon made now: noon UTC of the day after the last one. So late the last day is over in every time zone, and a mail that
    /// names it keeps its word everywhere.
    public func endsAt(madeAt now: Timestamp) -> Timestamp {
        let day = now.milliseconds.floorDivided(by: 86_400_000)
        return Timestamp(milliseconds: (day + 1) * 86_400_000).adding(days: validDays).adding(seconds: 43_200)
    }
}

/// What templates say of a coupon: `{{coupon.code}}`, `{{coupon.value}}`, `{{coupon.ends_on}}`, `{{coupon.minimum_order}}`.
public enum CouponMail {
    public static func data(_ offer: CouponOffer, code: String, endsAt: Timestamp?, locale: String, currency: Currency?) -> JSON {
        [
            "code": .string(code), "value": .string(value(offer.discount, locale: locale, currency: currency)),
            "ends_on": .from(endsAt.map { DayFormat(locale: locale).lastDay(before: $0) }),
            "minimum_order": .from(offer.minimumOrder.flatMap { $0 > 0 ? money($0, locale, currency) : nil }),
        ]
    }

    /// "10% off", "₺50.00 off", "free shipping"; "%10 indirim", "50,00 ₺ indirim", "ücretsiz kargo".
    static func value(_ discount: Discount, locale: String, currency: Currency?) -> String {
        let isTurkish = LocaleChoice.language(of: locale) == "tr"
        switch discount {
        case .freeShipping: return isTurkish ? "ücretsiz kargo" : "free shipping"
        case .product: return isTurkish ? "ücretsiz ürün" : "a free product"
        case .fixed(let amount, let own):
            let sum = money(amount, locale, own ?? currency)
            return isTurkish ? "\(sum) indirim" : "\(sum) off"
        case .percent(let basisPoints, _):
            let whole = basisPoints / 100
            let rest = basisPoints % 100
            var number = String(whole)
            if rest > 0 {
                let digits = rest % 10 == 0 ? String(rest / 10) : (rest < 10 ? "0\(rest)" : String(rest))
                number += (isTurkish ? "," : ".") + digits
            }
            return isTurkish ? "%\(number) indirim" : "\(number)% off"
        }
    }

    private static func money(_ amount: Int64, _ locale: String, _ currency: Currency?) -> String {
        let format = MoneyFormat(locale: locale)
        return currency.map { format.format(amount, $0) } ?? format.format(amount)
    }
}
