public import Shared

/// A cart while things are taken off it, one after the other: what is left of each line, of what the cart comes to beside its lines, and of the
/// shipping. Nothing of it is ever below 0, and what was taken and what is left add up to the cart.
public struct Basket: Sendable, Equatable {
    /// Minor units of each line.
    public private(set) var left: [Int64]
    /// Of the cart's total that is in no line.
    public private(set) var rest: Int64
    public private(set) var shipping: Int64
    private let quantities: [Int64]

    /// A total below the lines' sum was taken off the whole already: it is spread over them. One above it stands beside them.
    public init(_ cart: Cart, shipping: Int64? = nil) {
        let values = cart.lines.map(\.value)
        let sum = values.reduce(Int128(0)) { $0 + Int128($1) }
        if Int128(cart.total) < sum {
            left = CouponWorth.spread(cart.total, over: values)
            rest = 0
        } else {
            left = values
            rest = Exact.amount(Int128(cart.total) - sum)
        }
        self.shipping = max(0, shipping ?? 0)
        quantities = cart.lines.map(\.item.quantity)
    }

    /// All that is left of the goods, 0…2^53.
    public var total: Int64 { Exact.amount(left.reduce(Int128(rest)) { $0 + Int128($1) }) }

    /// What one effect took.
    public struct Taken: Sendable, Equatable {
        /// Line by line.
        public var parts: [Int64]
        public var rest: Int64 = 0
        public var shipping: Int64 = 0

        /// Off the goods.
        public var goods: Int64 { Exact.amount(parts.reduce(Int128(rest)) { $0 + Int128($1) }) }
        public var discount: Int64 { Exact.amount(Int128(goods) + Int128(shipping)) }
    }

    /// Takes off what an effect gives on what is left.
    public mutating func take(_ effect: CartEffect) -> Taken {
        var taken = Taken(parts: [])
        switch effect.gives {
        case .percent(let basisPoints, let maximum):
            let base = base(effect.lines)
            taken = spread(min(Exact.rounded(base, times: basisPoints, over: 10_000), maximum ?? .max, base), effect.lines)
        case .fixed(let amount): taken = spread(min(amount, base(effect.lines)), effect.lines)
        case .pieces(let count): taken.parts = pieces(count, of: effect.lines, basisPoints: 10_000, reserved: nil)
        case .buyGet(let terms):
            let plan = terms.plan(quantities: quantities, prices: left, buy: effect.lines, get: effect.getLines)
            taken.parts = pieces(plan.pieces, of: effect.getLines ?? effect.lines, basisPoints: terms.basisPoints, reserved: plan.reserved)
        case .freeShipping: taken.shipping = shipping
        case .gift: break
        }
        for (index, part) in taken.parts.enumerated() { left[index] -= part }
        rest -= taken.rest
        shipping -= taken.shipping
        if taken.parts.isEmpty { taken.parts = Array(repeating: 0, count: left.count) }
        return taken
    }

    private func base(_ lines: [Bool]?) -> Int64 {
        guard let lines else { return total }
        return Exact.amount(zip(left, lines).reduce(Int128(0)) { $1.1 ? $0 + Int128($1.0) : $0 })
    }

    /// An amount of at most the base, over what it is the base of.
    private func spread(_ amount: Int64, _ lines: [Bool]?) -> Taken {
        guard amount > 0 else { return Taken(parts: []) }
        guard let lines else {
            var parts = CouponWorth.spread(amount, over: left + [rest])
            let rest = parts.removeLast()
            return Taken(parts: parts, rest: rest)
        }
        return Taken(parts: CouponWorth.spread(amount, over: zip(left, lines).map { $1 ? $0 : 0 }))
    }

    /// The cheapest so many pieces of the lines; what a piece costs is its share of what is left of its line. The earlier line wins a tie.
    private func pieces(_ count: Int64, of lines: [Bool]?, basisPoints: Int64, reserved: [Int64]?) -> [Int64] {
        var parts = Array(repeating: Int64(0), count: left.count)
        var missing = count
        for index in cheapestFirst(lines) where missing > 0 {
            let free = quantities[index] - (reserved?[index] ?? 0)
            guard free > 0 else { continue }
            let taken = min(free, missing)
            missing -= taken
            let worth = Exact.rounded(left[index], times: taken, over: quantities[index])
            parts[index] = min(left[index], Exact.rounded(worth, times: basisPoints, over: 10_000))
        }
        return parts
    }

    private func cheapestFirst(_ lines: [Bool]?) -> [Int] {
        left.indices.filter { lines?[$0] ?? true }.sorted { Self.isCheaper($0, $1, left, quantities) }
    }

    static func isCheaper(_ a: Int, _ b: Int, _ left: [Int64], _ quantities: [Int64]) -> Bool {
        let (first, second) = (Int128(left[a]) * Int128(quantities[b]), Int128(left[b]) * Int128(quantities[a]))
        return first == second ? a < b : first < second
    }
}

/// What an offer or a coupon does to a cart, its conditions answered: which lines it is about is said line by line.
public struct CartEffect: Sendable, Equatable {
    public enum Gives: Sendable, Equatable {
        case percent(basisPoints: Int64, maximum: Int64?)
        case fixed(Int64)
        /// So many pieces for nothing.
        case pieces(Int64)
        case buyGet(BuyGet)
        case freeShipping
        case gift
    }

    public var gives: Gives
    /// The lines it is about; nil for the whole cart.
    public var lines: [Bool]?
    /// Of buy and get: the lines that are given, where those are others than the bought.
    public var getLines: [Bool]?

    public init(_ gives: Gives, lines: [Bool]? = nil, getLines: [Bool]? = nil) {
        self.gives = gives
        self.lines = lines
        self.getLines = getLines
    }

    /// What a coupon gives on a cart; a currency that does not fit is for others to refuse.
    public init(_ discount: Discount, on cart: Cart, items: ItemScope?) {
        switch discount {
        case .percent(let basisPoints, let maximum): self.init(.percent(basisPoints: basisPoints, maximum: maximum))
        case .fixed(let amount, _): self.init(.fixed(amount))
        case .freeShipping: self.init(.freeShipping)
        case .product(let productID, let quantity): self.init(.pieces(quantity), lines: cart.lines.map { $0.productID == productID })
        }
        guard let items else { return }
        let matching = items.lines(of: cart)
        lines = lines.map { zip($0, matching).map { $0 && $1 } } ?? matching
    }

    /// Whether there is anything in the cart that it is about.
    public var isAboutSomething: Bool { lines?.contains(true) ?? true }
}
