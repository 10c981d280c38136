import Shared

/// What is left of an order after its refunds: a function of the order and the *set* of its refunds; neither their order nor their splitting matters.
public struct RemainingOrder: Sendable, Equatable {
    /// Of the subtotal before discounts, minor units.
    public let value: Int64
    /// All the money went back.
    public let isFullyRefunded: Bool

    /// Lines lower the subtotal by their prices; what was given back without lines by its share of the total, reckoned once on the sum.
    public init(_ facts: OrderFacts, refunds: [RefundData]) {
        let subtotal = facts.subtotal
        let total = facts.total
        guard !refunds.isEmpty else {
            value = subtotal
            isFullyRefunded = false
            return
        }
        let lines = Dictionary(facts.lines.compactMap { line in line.id.map { ($0, line) } }, uniquingKeysWith: { first, _ in first })
        var pieces: [String: Int64] = [:]
        var lowered: Int128 = 0
        var money: Int128 = 0
        var amountOnly: Int128 = 0
        for refund in refunds {
            if let amount = refund.amount { money += Int128(amount) }
            if refund.items.isEmpty { amountOnly += Int128(refund.amount ?? 0) }
            for item in refund.items {
                var worth = Int128(item.amount ?? 0)
                if let id = item.lineID, let line = lines[id], item.quantity != nil || item.amount == nil {
                    let before = pieces[id] ?? 0
                    let after = min(line.quantity, before + min(item.quantity ?? line.quantity, line.quantity))
                    pieces[id] = after
                    let price = Int128(after - before) * Int128(line.unitPrice)
                    lowered += price
                    if item.amount == nil { worth = Self.share(price, of: total, in: subtotal) }
                } else {
                    lowered += Int128(item.amount ?? 0)
                }
                if refund.amount == nil { money += worth }
            }
        }
        lowered += Self.share(amountOnly, of: subtotal, in: total)
        let left = OrderFacts.clamped(Int128(subtotal) - lowered)
        isFullyRefunded = (money > 0 && money >= Int128(total)) || (subtotal > 0 && left == 0)
        value = isFullyRefunded ? 0 : left
    }

    /// `part` × `whole` ÷ `base`, halves up; amounts are at most 2^53 and there are few of them, so no product passes 128 bits.
    private static func share(_ part: Int128, of whole: Int64, in base: Int64) -> Int128 {
        guard base > 0 else { return 0 }
        let bounded = min(part, Int128(FieldReader.maximumAmount) * 1_000)
        return (bounded * Int128(whole) * 2 + Int128(base)) / (Int128(base) * 2)
    }
}
