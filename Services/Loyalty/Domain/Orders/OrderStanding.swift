import Shared

/// Where an order stands after its refunds: what of its basis is left, and how much money went back. A function of the order and the *set* of its
/// refunds: neither their order nor their splitting matters, and a full refund leaves exactly nothing.
public struct OrderStanding: Sendable {
    public let currency: Currency?
    public let fullNet: Int64
    public let fullGross: Int64
    public let remainingNet: Int64
    public let remainingGross: Int64
    /// Minor units given back in all, as the refunds say; not held to the order's total.
    public let refunded: Int64
    public let isFullyRefunded: Bool
    public let isCancelled: Bool
    public let isPaid: Bool

    let amounts: OrderAmounts
    let items: [OrderItem]
    let refunds: [RefundData]
    /// Tax that stands beside the prices.
    let taxOnTop: Int64
    let shipping: Int64

    public func full(_ basis: Basis) -> Int64 { basis == .net ? fullNet : fullGross }
    public func remaining(_ basis: Basis) -> Int64 { basis == .net ? remainingNet : remainingGross }

    public init(_ order: Order, refunds: [RefundData]) {
        let amounts = order.amounts
        currency = order.currency
        fullNet = amounts.basis(.net)
        fullGross = amounts.basis(.gross)
        isCancelled = order.cancelledAt != nil
        isPaid = order.paidAt != nil
        self.amounts = amounts
        items = order.items ?? []
        self.refunds = refunds
        taxOnTop = order.taxIncluded == true ? 0 : order.taxTotal ?? 0
        shipping = order.shippingTotal ?? 0
        guard !refunds.isEmpty else {
            remainingNet = fullNet
            remainingGross = fullGross
            refunded = 0
            isFullyRefunded = false
            return
        }
        let lines = RefundedLines(items, discount: amounts.discount)
        refunded = Self.money(refunds, lines)
        isFullyRefunded = refunded >= amounts.total
        remainingNet = isFullyRefunded ? 0 : Self.remaining(.net, amounts, refunds, lines)
        remainingGross = isFullyRefunded ? 0 : Self.remaining(.gross, amounts, refunds, lines)
    }

    /// Lines lower the basis by themselves; the amounts of refunds without lines by their share of the total, reckoned once on their sum so that
    /// splitting a refund changes nothing.
    private static func remaining(_ kind: Basis, _ amounts: OrderAmounts, _ refunds: [RefundData], _ lines: RefundedLines) -> Int64 {
        let basis = amounts.basis(kind)
        let byAmount = Exact.rounded(withoutLines(refunds), times: basis, over: amounts.total)
        let lowered = lines.lowered(kind, by: refunds).sum + Int128(byAmount)
        return Exact.amount(Int128(basis) - lowered)
    }

    /// The sum of the refunds that name no lines.
    static func withoutLines(_ refunds: [RefundData]) -> Int64 {
        var sum: Int128 = 0
        for refund in refunds where refund.items.isEmpty { sum += Int128(refund.amount ?? 0) }
        return Exact.amount(sum)
    }

    /// A refund's own amount is what went back; where only lines were said, what they are worth, reckoned on all of those together.
    private static func money(_ refunds: [RefundData], _ lines: RefundedLines) -> Int64 {
        let said = refunds.reduce(Int128(0)) { $0 + Int128($1.amount ?? 0) }
        return Exact.clamp(said + lines.lowered(.net, by: refunds.filter { $0.amount == nil }).sum)
    }
}
