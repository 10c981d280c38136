import Shared

/// What a referral needs to know of an order, gathered from its events. Each field keeps what the latest event said of it (by the events' own times),
/// so that the order in which they arrive does not matter.
public struct OrderFacts: Sendable, Equatable {
    public struct Line: Sendable, Equatable {
        public var id: String?
        public var quantity: Int64
        public var unitPrice: Int64
    }

    private var said: JSONObject

    public init() { said = JSONObject() }

    /// Reads what ``json`` wrote.
    public init(json: JSON?) { said = json?.object ?? JSONObject() }

    /// `{"<field>": [<value>, <milliseconds>]}`.
    public var json: JSON { .object(said) }

    public mutating func hear(_ data: OrderData, at time: Timestamp) {
        take("currency", data.currency.map { .string($0.code) }, time)
        take("subtotal", data.subtotal.map(JSON.int), time)
        take("discount", data.discountTotal.map(JSON.int), time)
        take("tax", data.taxIncluded == true ? 0 : data.taxTotal.map(JSON.int), time)
        take("shipping", data.shippingTotal.map(JSON.int), time)
        take("total", data.total.map(JSON.int), time)
        take("coupons", data.couponCodes.map(JSON.from), time)
        take("code", data.referralCode.map(JSON.string), time)
        let lines = data.items?.map { item -> JSON in [.from(item.lineID), .int(item.quantity), .int(item.unitPrice)] }
        take("lines", lines.map(JSON.array), time)
    }

    private mutating func take(_ name: String, _ value: JSON?, _ time: Timestamp) {
        guard let value else { return }
        if let known = said[name]?[1]?.int, known > time.milliseconds { return }
        said[name] = [value, .int(time.milliseconds)]
    }

    private func amount(_ name: String) -> Int64? { said[name]?[0]?.int }

    public var currency: String? { said["currency"]?[0]?.string }

    /// Every code that the order carries: its coupons, and the referral code.
    public var codes: [ReferralCode] {
        ReferralCode.all(in: (said["coupons"]?[0]?.array?.compactMap(\.string) ?? []) + [said["code"]?[0]?.string].compactMap { $0 })
    }

    public var lines: [Line] {
        said["lines"]?[0]?.array?.map { Line(id: $0[0]?.string, quantity: max(1, $0[1]?.int ?? 1), unitPrice: $0[2]?.int ?? 0) } ?? []
    }

    /// The lines' sum before discounts: as the header says, else as the lines add up, else what the total leaves.
    public var subtotal: Int64 {
        if let said = amount("subtotal") { return said }
        let sum = lines.reduce(Int128(0)) { $0 + Int128($1.quantity) * Int128($1.unitPrice) }
        if sum > 0 { return Self.clamped(sum) }
        guard let total = amount("total") else { return 0 }
        return Self.clamped(Int128(total) - Int128(amount("shipping") ?? 0) - Int128(amount("tax") ?? 0) + Int128(amount("discount") ?? 0))
    }

    public var total: Int64 {
        amount("total")
            ?? Self.clamped(
                Int128(subtotal) - Int128(amount("discount") ?? 0) + Int128(amount("shipping") ?? 0) + Int128(amount("tax") ?? 0))
    }

    /// 0…2^53.
    static func clamped(_ value: Int128) -> Int64 { Int64(min(max(value, 0), Int128(FieldReader.maximumAmount))) }
}
