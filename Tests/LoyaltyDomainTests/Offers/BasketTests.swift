import LoyaltyDomain
import Shared
import Testing

@Suite("A cart while things are taken off it")
struct BasketTests {
    @Test("what was taken and what is left are the cart, and nothing is below nothing", arguments: 0..<60)
    func conservation(_ round: Int) {
        let seed = UInt64(round) * 6_151 + 3
        var chance = Chance(seed: seed)
        for _ in 0..<100 {
            let cart = randomCart(&chance)
            let shipping = chance.int(0...900)
            var basket = Basket(cart, shipping: shipping)
            #expect(basket.total == cart.total, "seed \(seed): \(cart)")
            var (goods, freed) = (Int64(0), Int64(0))
            for _ in 0..<4 {
                let before = basket
                let effect = randomEffect(&chance, on: cart)
                let taken = basket.take(effect)
                goods += taken.goods
                freed += taken.shipping
                let comment: Comment = "seed \(seed): \(effect) on \(cart)"
                #expect(taken.parts.count == cart.lines.count && taken.rest >= 0 && taken.shipping >= 0, comment)
                #expect(taken.parts.allSatisfy { $0 >= 0 } && basket.left.allSatisfy { $0 >= 0 } && basket.rest >= 0, comment)
                #expect(taken.parts.reduce(taken.rest, +) == taken.goods, comment)
                #expect(zip(before.left, zip(basket.left, taken.parts)).allSatisfy { $0 == $1.0 + $1.1 }, comment)
                if let lines = effect.lines, effect.getLines == nil {
                    #expect(zip(lines, taken.parts).allSatisfy { $0 || $1 == 0 }, comment)
                }
            }
            #expect(basket.total + goods == cart.total, "seed \(seed): \(cart)")
            #expect(basket.shipping + freed == shipping, "seed \(seed): \(cart)")
        }
    }

    @Test("on a whole cart it takes what a coupon takes", arguments: 0..<20)
    func coupon(_ round: Int) {
        let seed = UInt64(round) * 911 + 5
        var chance = Chance(seed: seed)
        for _ in 0..<100 {
            let cart = randomCart(&chance)
            let discount: Discount =
                chance.coin()
                ? .percent(basisPoints: chance.int(1...10_000), maximum: nil) : .fixed(amount: chance.int(1...9_000), currency: nil)
            var basket = Basket(cart)
            let taken = basket.take(CartEffect(discount, on: cart, items: nil))
            #expect(taken.goods == CouponWorth(discount, on: cart).discount, "seed \(seed): \(discount) on \(cart)")
        }
    }

    @Test("of each set the cheapest pieces are given")
    func buyGet() {
        func worth(_ terms: BuyGet, _ lines: [(price: Int64, quantity: Int64)], buy: [Bool]? = nil, get: [Bool]? = nil) -> [Int64] {
            var basket = Basket(pieces(lines))
            return basket.take(CartEffect(.buyGet(terms), lines: buy, getLines: get)).parts
        }
        // Buy two, get one: three pieces are one set, five are one too, six are two.
        #expect(worth(BuyGet(buy: 2, get: 1), [(300, 1), (200, 1), (100, 1)]) == [0, 0, 100])
        #expect(worth(BuyGet(buy: 2, get: 1), [(300, 5)]) == [300])
        #expect(worth(BuyGet(buy: 2, get: 1), [(300, 6)]) == [600])
        #expect(worth(BuyGet(buy: 2, get: 1, maxTimes: 1), [(300, 6)]) == [300])
        #expect(worth(BuyGet(buy: 2, get: 1, basisPoints: 5_000), [(300, 3)]) == [150])
        #expect(worth(BuyGet(buy: 2, get: 1), [(300, 2)]) == [0])
        // Buy one, get two: a last set may lack one of its given pieces.
        #expect(worth(BuyGet(buy: 1, get: 2), [(100, 2)]) == [100])
        #expect(worth(BuyGet(buy: 1, get: 2), [(100, 5)]) == [300])
        // Buy a mug, get a tea.
        #expect(worth(BuyGet(buy: 1, get: 1), [(900, 1), (200, 3)], buy: [true, false], get: [false, true]) == [0, 200])
        #expect(worth(BuyGet(buy: 1, get: 1), [(900, 3), (200, 2)], buy: [true, false], get: [false, true]) == [0, 400])
        // What may be either is bought only where it must be.
        #expect(worth(BuyGet(buy: 1, get: 1), [(900, 2)], buy: [true], get: [true]) == [900])
        #expect(worth(BuyGet(buy: 1, get: 1), [(900, 1), (200, 1)], buy: [true, true], get: [false, true]) == [0, 200])
    }

    @Test("the number of given pieces is the most there can be", arguments: 0..<40)
    func mostPieces(_ round: Int) {
        let seed = UInt64(round) * 337 + 1
        var chance = Chance(seed: seed)
        for _ in 0..<100 {
            let quantities = (0..<3).map { _ in chance.int(1...6) }
            let (buy, get) = ((0..<3).map { _ in chance.coin() }, (0..<3).map { _ in chance.coin() })
            let terms = BuyGet(buy: chance.int(1...3), get: chance.int(1...3), maxTimes: chance.coin() ? nil : chance.int(1...3))
            func count(_ isIn: (Int) -> Bool) -> Int64 { (0..<3).reduce(Int64(0)) { isIn($1) ? $0 + quantities[$1] : $0 } }
            let bought = count { buy[$0] && !get[$0] }
            let both = count { buy[$0] && get[$0] }
            let given = count { !buy[$0] && get[$0] }
            var most: Int64 = 0
            for sets in 0...(terms.maxTimes ?? 20) {
                let shared = max(0, sets * terms.buy - bought)
                if shared <= both { most = max(most, min(sets * terms.get, given + both - shared)) }
            }
            var basket = Basket(pieces(quantities.map { (price: 1, quantity: $0) }))
            let taken = basket.take(CartEffect(.buyGet(terms), lines: buy, getLines: get))
            #expect(taken.goods == most, "seed \(seed): \(terms) on \(quantities), buy \(buy), get \(get)")
        }
    }

    @Test("a total below the lines' sum is spread over them, one above stands beside them")
    func totals() {
        #expect(Basket(pieces([(300, 1), (100, 1)], total: 200)).left == [150, 50])
        let more = Basket(pieces([(300, 1)], total: 500))
        #expect(more.left == [300] && more.rest == 200)
        let most = FieldReader.maximumAmount
        var huge = Basket(pieces(Array(repeating: (price: most, quantity: 1_000_000), count: 1_000)), shipping: most)
        #expect(huge.take(CartEffect(.percent(basisPoints: 10_000, maximum: nil))).goods == most)
        #expect(huge.total == 0)
    }
}
