import Shared

/// The sums of an order, complete: the header's own totals win, the lines fill in what the header left out, and what is still open follows from
/// the total. All 0…2^53 minor units.
public struct OrderAmounts: Sendable, Equatable {
    /// The lines' sum before discounts.
    public let subtotal: Int64
    public let discount: Int64
    public let total: Int64

    public init(subtotal: Int64, discount: Int64, total: Int64) {
        self.subtotal = subtotal
        self.discount = discount
        self.total = total
    }

    init(_ order: Order) {
        var linesGross: Int128 = 0
        var linesDiscount: Int128 = 0
        if order.subtotal == nil || order.discountTotal == nil {
            for item in order.items ?? [] {
                linesGross += Int128(item.unitPrice) * Int128(item.quantity)
                linesDiscount += Int128(item.discount)
            }
        }
        let shipping = Int128(order.shippingTotal ?? 0)
        // Included tax is inside the prices already.
        let taxOnTop = order.taxIncluded == true ? 0 : Int128(order.taxTotal ?? 0)
        discount = order.discountTotal ?? Exact.amount(linesDiscount)
        if let said = order.subtotal {
            subtotal = said
        } else if linesGross > 0 {
            subtotal = Exact.amount(linesGross)
        } else if let total = order.total {
            subtotal = Exact.amount(Int128(total) - shipping - taxOnTop + Int128(discount))
        } else {
            subtotal = 0
        }
        total = order.total ?? Exact.amount(Int128(subtotal) - Int128(discount) + shipping + taxOnTop)
    }

    /// What a rule reckons from, without tax and shipping.
    public func basis(_ kind: Basis) -> Int64 {
        switch kind {
        case .net: max(0, subtotal - discount)
        case .gross: max(0, subtotal)
        }
    }
}

/// What of an order a rule reckons from: `net` = subtotal − discount_total, `gross` = subtotal.
public enum Basis: String, Sendable, CaseIterable, Hashable {
    case net, gross
}
