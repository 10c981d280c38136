public import Shared

/// Other prices in a place: so many per cent, or so much a piece, more or less.
public struct PriceAdjustment: Sendable, Hashable {
    public enum Change: Sendable, Hashable {
        /// −10,000…10,000, not 0.
        case percent(basisPoints: Int64)
        /// Minor units a piece, not 0.
        case amount(Int64)
    }

    public let change: Change
    public let currency: Currency?
    /// Nil for everywhere.
    public let place: Place

    public init(_ change: Change, currency: Currency? = nil, place: Place = Place()) {
        self.change = change
        self.currency = currency
        self.place = place
    }

    /// Reads `percent` (−100…100) or `amount` with `currency`, and `place`. What is wrong is noted, and answers nil.
    init?(_ reader: FieldReader) {
        let most = FieldReader.maximumAmount
        let percent = Discount.basisPoints(reader, in: -100...100)
        let amount = reader.int("amount", in: -most...most)
        let currency = reader.currency("currency")
        let place = reader.reader("place").map(Place.init) ?? Place()
        if reader.raw("percent") != nil, reader.raw("amount") != nil {
            reader.fail("amount", "conflict", "either percent or amount")
            return nil
        }
        if percent == 0 || amount == 0 {
            reader.fail(percent == 0 ? "percent" : "amount", "out_of_range", "it would change nothing")
            return nil
        }
        if let percent {
            self.init(.percent(basisPoints: percent), currency: currency, place: place)
        } else if let amount {
            self.init(.amount(amount), currency: currency, place: place)
        } else {
            if reader.raw("percent") == nil, reader.raw("amount") == nil {
                reader.fail("percent", "missing", "percent or amount is required")
            }
            return nil
        }
    }

    var members: [JSONObject.Member] {
        var (percent, amount) = (JSON.null, JSON.null)
        switch change {
        case .percent(let basisPoints): percent = Discount.percent(basisPoints)
        case .amount(let value): amount = .int(value)
        }
        return [
            .init(name: "percent", value: percent), .init(name: "amount", value: amount),
            .init(name: "currency", value: .from(currency?.code)), .init(name: "place", value: place.json),
        ]
    }

    /// A piece's price with it: never below 0, halves of a minor unit rounded up.
    public func price(_ price: Int64) -> Int64 {
        switch change {
        case .percent(let basisPoints): Exact.amount(Int128(Exact.rounded(price, times: 10_000 + basisPoints, over: 10_000)))
        case .amount(let amount): Exact.amount(Int128(price) + Int128(amount))
        }
    }
}

/// A cart at the prices of its place.
public struct AdjustedCart: Sendable, Equatable {
    public let cart: Cart
    /// Which adjustment counts for each line, by its offer's id.
    public let lines: [String?]
    /// What each adjustment made of the cart, by its offer's id: above 0 where it is dearer.
    public let changes: [String: Int64]

    /// Of several adjustments for one line the one of the narrowest place counts, then the higher priority, then the first by id. Without lines a
    /// percentage is of the whole, and an amount a piece changes nothing.
    public init(_ cart: Cart, adjustments: [(offer: Offer, adjustment: PriceAdjustment)]) {
        let sorted = Self.firstThatCounts(adjustments)
        var adjusted = cart
        var total = Int128(cart.total)
        var lines: [String?] = Array(repeating: nil, count: cart.lines.count)
        var changes: [String: Int64] = [:]
        if cart.lines.isEmpty {
            if let first = sorted.first(where: { $0.offer.items == nil }), case .percent = first.adjustment.change {
                adjusted.total = first.adjustment.price(cart.total)
                changes[first.offer.id] = adjusted.total - cart.total
            }
            total = Int128(adjusted.total)
        } else {
            let matches = sorted.map { $0.offer.items?.lines(of: cart) }
            for index in cart.lines.indices {
                guard let found = sorted.indices.first(where: { matches[$0]?[index] ?? true }) else { continue }
                var item = cart.lines[index].item
                item.unitPrice = sorted[found].adjustment.price(item.unitPrice)
                let line = Cart.Line(item)
                let change = line.value - cart.lines[index].value
                adjusted.lines[index] = line
                total += Int128(change)
                let id = sorted[found].offer.id
                lines[index] = id
                changes[id] = Exact.sum(changes[id] ?? 0, change)
            }
        }
        adjusted.total = Exact.amount(total)
        self.cart = adjusted
        self.lines = lines
        self.changes = changes
    }

    /// Sorted so that the first one which is about a line counts for it.
    public static func firstThatCounts(
        _ adjustments: [(offer: Offer, adjustment: PriceAdjustment)]
    ) -> [(offer: Offer, adjustment: PriceAdjustment)] {
        adjustments.sorted { a, b in
            let (first, second) = (a.adjustment.place.narrowness, b.adjustment.place.narrowness)
            if first != second { return first > second }
            return a.offer.priority == b.offer.priority ? a.offer.id < b.offer.id : a.offer.priority > b.offer.priority
        }
    }
}
