/// Buy so many, get so many: of each whole set that the cart has, the cheapest pieces are given, wholly or in part.
public struct BuyGet: Sendable, Hashable {
    public let buy: Int64
    public let get: Int64
    public let basisPoints: Int64
    /// How many sets count; nil for all there are.
    public let maxTimes: Int64?

    public static let quantityRange: ClosedRange<Int64> = 1...1_000

    public init(buy: Int64, get: Int64, basisPoints: Int64 = 10_000, maxTimes: Int64? = nil) {
        self.buy = buy
        self.get = get
        self.basisPoints = basisPoints
        self.maxTimes = maxTimes
    }

    struct Plan: Equatable {
        /// How many pieces are given.
        let pieces: Int64
        /// Pieces of each line that are bought and cannot be the given ones.
        let reserved: [Int64]?
    }

    /// How many pieces of a cart are given. Where the given ones are of the same kind as the bought, a set is `buy + get` pieces, and a last set may
    /// lack some of its given ones. Otherwise the bought pieces are set aside first, those that could be given the dearest first and only as far as
    /// nothing else is there to be bought; the number of sets is the one that gives most pieces, the smallest of those.
    func plan(quantities: [Int64], prices: [Int64], buy buyLines: [Bool]?, get getLines: [Bool]?) -> Plan {
        func isBought(_ index: Int) -> Bool { buyLines?[index] ?? true }
        let most = maxTimes ?? .max
        guard let getLines else {
            let pieces = quantities.indices.reduce(Int64(0)) { isBought($1) ? $0 + quantities[$1] : $0 }
            let sets = min(most, pieces / (buy + get))
            let partial = sets < most ? max(0, pieces - sets * (buy + get) - buy) : 0
            return Plan(pieces: sets * get + partial, reserved: nil)
        }
        var (bought, both, given) = (Int64(0), Int64(0), Int64(0))
        for (index, quantity) in quantities.enumerated() {
            switch (isBought(index), getLines[index]) {
            case (true, true): both += quantity
            case (true, false): bought += quantity
            case (false, true): given += quantity
            case (false, false): break
            }
        }
        func pieces(_ sets: Int64) -> Int64 { min(get * sets, given + both - max(0, buy * sets - bought)) }
        // More sets ask for more and leave less: the best is where the two meet.
        var (low, high) = (Int64(0), min(most, (bought + both) / buy))
        while low < high {
            let middle = (low + high) / 2
            if get * middle >= given + both - max(0, buy * middle - bought) { high = middle } else { low = middle + 1 }
        }
        let sets = low > 0 && pieces(low - 1) >= pieces(low) ? low - 1 : low
        var missing = max(0, buy * sets - bought)
        var reserved = Array(repeating: Int64(0), count: quantities.count)
        let shared = quantities.indices.filter { isBought($0) && getLines[$0] }
            .sorted { Basket.isCheaper($1, $0, prices, quantities) }
        for index in shared where missing > 0 {
            reserved[index] = min(quantities[index], missing)
            missing -= reserved[index]
        }
        return Plan(pieces: pieces(sets), reserved: reserved)
    }
}
