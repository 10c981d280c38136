public import Shared

/// What a coupon takes off one cart.
public struct CouponWorth: Sendable, Equatable {
    /// Minor units of the cart's currency, never more than the cart comes to.
    public let discount: Int64
    public let freeShipping: Bool
    /// The discount line by line, in the cart's order; adds up to `discount` wherever there are lines.
    public let parts: [Int64]

    public static let nothing = CouponWorth(discount: 0, freeShipping: false, parts: [])

    public init(discount: Int64, freeShipping: Bool, parts: [Int64]) {
        self.discount = discount
        self.freeShipping = freeShipping
        self.parts = parts
    }

    /// A percentage is of the cart's total, or of what the lines it is about come to; halves of a minor unit rounded up, once. A fixed amount in
    /// another currency than the cart's is worth nothing.
    public init(_ discount: Discount, on cart: Cart, items: ItemScope? = nil) {
        let taken: Int64
        switch discount {
        case .fixed(_, let currency) where Self.isMismatch(currency, cart.currency): taken = 0
        case .fixed(let amount, _) where items == nil: taken = min(amount, cart.total)
        case .percent(let points, let maximum) where items == nil:
            taken = min(Exact.rounded(cart.total, times: points, over: 10_000), maximum ?? .max, cart.total)
        case .freeShipping: taken = 0
        case .fixed, .percent, .product:
            var basket = Basket(cart)
            let part = basket.take(CartEffect(discount, on: cart, items: items))
            self.init(discount: part.goods, freeShipping: false, parts: part.parts)
            return
        }
        self.init(
            discount: max(0, taken), freeShipping: discount == .freeShipping,
            parts: Self.spread(max(0, taken), over: cart.lines.map(\.value)))
    }

    public static func isMismatch(_ a: Currency?, _ b: Currency?) -> Bool { a != nil && b != nil && a != b }

    /// Spreads an amount over weights ≥ 0 by largest remainder; the earlier one wins a tie. Where the amount is not more than the weights' sum, no part
    /// is more than its weight. Weights that are all 0 share alike.
    static func spread(_ amount: Int64, over weights: [Int64]) -> [Int64] {
        guard !weights.isEmpty else { return [] }
        let weights = weights.allSatisfy { $0 == 0 } ? weights.map { _ in 1 } : weights
        // At most 10,000 weights of 2^53, and an amount of 2^53: the products stay below 2^107.
        let sum = weights.reduce(Int128(0)) { $0 + Int128($1) }
        var parts: [Int64] = []
        var remainders: [(index: Int, remainder: Int128)] = []
        parts.reserveCapacity(weights.count)
        for (index, weight) in weights.enumerated() {
            let (quotient, remainder) = (Int128(amount) * Int128(weight)).quotientAndRemainder(dividingBy: sum)
            parts.append(Exact.clamp(quotient))
            if remainder > 0 { remainders.append((index, remainder)) }
        }
        let missing = Int128(amount) - parts.reduce(Int128(0)) { $0 + Int128($1) }
        remainders.sort { $0.remainder == $1.remainder ? $0.index < $1.index : $0.remainder > $1.remainder }
        for (index, _) in remainders.prefix(Int(missing)) { parts[index] += 1 }
        return parts
    }

    /// The lines as the API answers them.
    public func items(of cart: Cart) -> JSON {
        .array(
            zip(cart.lines, parts).map { line, part in
                ["line_id": .from(line.lineID), "product_id": .from(line.productID), "discount": .int(part)]
            })
    }
}
