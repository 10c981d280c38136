import LoyaltyDomain
import Shared
import Testing

@Suite("What comes off together")
struct StackingTests {
    private func randomCandidates(_ chance: inout Chance, on cart: Cart, most: Int64) -> [StackCandidate] {
        (0..<Int(chance.int(0...most))).map { number in
            let rule: StackingRule =
                switch chance.int(0...5) {
                case 0: .none
                case 1: .group("a")
                case 2: .group("b")
                default: .all
                }
            return StackCandidate(id: "c\(number)", rule: rule, priority: chance.int(0...2), effect: randomEffect(&chance, on: cart))
        }
    }

    /// Every compatible set, each weighed by itself.
    private func bestByForce(_ candidates: [StackCandidate], _ stacking: Stacking) -> StackedSet {
        var best = StackedSet()
        for mask in 0..<(1 << candidates.count) {
            let members = candidates.indices.filter { mask & (1 << $0) != 0 }.map { candidates[$0] }
            let fits = members.indices.allSatisfy { a in
                members.indices.allSatisfy { b in a == b || StackingRule.goTogether(members[a].rule, members[b].rule) }
            }
            guard fits else { continue }
            let set = stacking.worth(members)
            if set.isBetter(than: best) { best = set }
        }
        return best
    }

    @Test("the chosen set is never worse than any other that goes together, however the candidates are listed", arguments: 0..<60)
    func best(_ round: Int) {
        let seed = UInt64(round) * 7_907 + 17
        var chance = Chance(seed: seed)
        for _ in 0..<10 {
            let cart = randomCart(&chance)
            let candidates = randomCandidates(&chance, on: cart, most: 7)
            let policy = StackingPolicy(order: chance.coin() ? .percentFirst : .fixedFirst)
            let basket = Basket(cart, shipping: chance.int(0...900))
            let stacking = Stacking(candidates, policy: policy, basket: basket)
            let outcome = stacking.outcome()
            let comment: Comment = "seed \(seed): \(candidates) on \(cart)"
            #expect(outcome.isExact, comment)
            #expect(outcome.chosen == bestByForce(candidates, stacking), comment)
            #expect(Stacking(candidates.shuffled(using: &chance), policy: policy, basket: basket).outcome() == outcome, comment)
            #expect(outcome.taken.values.reduce(0) { $0 + $1.discount } == outcome.chosen.discount, comment)
            #expect(Set(outcome.taken.keys) == Set(outcome.chosen.ids), comment)
            #expect(Set(outcome.alternatives.keys).union(outcome.chosen.ids) == Set(candidates.map(\.id)), comment)
            #expect(outcome.alternatives.values.allSatisfy { !$0.isBetter(than: outcome.chosen) }, comment)
            #expect(outcome.chosen.discount <= cart.total + basket.shipping, comment)
        }
    }

    @Test("with too many to look at all sets, what goes together is still chosen, and the answer says how", arguments: 0..<10)
    func many(_ round: Int) {
        let seed = UInt64(round) * 101 + 7
        var chance = Chance(seed: seed)
        let cart = pieces([(5_000, 2), (300, 4)])
        let candidates = (0..<30).map { number in
            StackCandidate(
                id: "c\(number)", rule: number % 7 == 0 ? .none : number % 3 == 0 ? .group("g") : .all,
                effect: randomEffect(&chance, on: cart))
        }
        let outcome = Stacking(candidates, policy: StackingPolicy(), basket: Basket(cart, shipping: 500)).outcome()
        let comment: Comment = "seed \(seed)"
        #expect(!outcome.isExact, comment)
        let members = candidates.filter { outcome.chosen.ids.contains($0.id) }
        #expect(!members.isEmpty, comment)
        #expect(members.count == 1 || members.allSatisfy { $0.rule != .none }, comment)
        #expect(members.count { $0.rule == .group("g") } <= 1, comment)
        for candidate in candidates where candidate.rule == .none {
            let alone = Stacking([candidate], policy: StackingPolicy(), basket: Basket(cart, shipping: 500)).outcome().chosen
            #expect(alone.discount <= outcome.chosen.discount, comment)
        }
        #expect(
            Stacking(candidates.shuffled(using: &chance), policy: StackingPolicy(), basket: Basket(cart, shipping: 500)).outcome()
                == outcome, comment)
    }

    @Test("shares before amounts or after them, as the programme says")
    func order() {
        let candidates = [
            StackCandidate(id: "fixed", rule: .all, effect: CartEffect(.fixed(1_000))),
            StackCandidate(id: "half", rule: .all, effect: CartEffect(.percent(basisPoints: 5_000, maximum: nil))),
        ]
        let basket = Basket(pieces([(10_000, 1)]))
        let percentFirst = Stacking(candidates, policy: StackingPolicy(order: .percentFirst), basket: basket).outcome()
        #expect(percentFirst.chosen.ids == ["half", "fixed"] && percentFirst.chosen.discount == 6_000)
        let fixedFirst = Stacking(candidates, policy: StackingPolicy(order: .fixedFirst), basket: basket).outcome()
        #expect(fixedFirst.chosen.ids == ["fixed", "half"] && fixedFirst.chosen.discount == 5_500)
    }

    @Test("the highest priority first, where the merchant says so")
    func priority() {
        let candidates = [
            StackCandidate(id: "alone", rule: .none, priority: 5, effect: CartEffect(.fixed(100))),
            StackCandidate(id: "much", rule: .all, priority: 1, effect: CartEffect(.fixed(5_000))),
            StackCandidate(id: "group-1", rule: .group("g"), priority: 2, effect: CartEffect(.fixed(10))),
            StackCandidate(id: "group-2", rule: .group("g"), priority: 3, effect: CartEffect(.fixed(5))),
        ]
        let basket = Basket(pieces([(10_000, 1)]))
        func chosen(_ candidates: [StackCandidate], _ choice: StackingPolicy.Choice) -> Set<String> {
            Set(Stacking(candidates, policy: StackingPolicy(choice: choice), basket: basket).outcome().chosen.ids)
        }
        #expect(chosen(candidates, .priority) == ["alone"])
        #expect(chosen(Array(candidates.dropFirst()), .priority) == ["group-2", "much"])
        #expect(chosen(candidates, .bestForShopper) == ["much", "group-1"])
    }

    @Test("a gift and free shipping come along although they take nothing off; of two alike one is enough")
    func extras() {
        let candidates = [
            StackCandidate(id: "gift", rule: .all, effect: CartEffect(.gift)),
            StackCandidate(id: "shipping-1", rule: .all, effect: CartEffect(.freeShipping)),
            StackCandidate(id: "shipping-2", rule: .all, priority: 1, effect: CartEffect(.freeShipping)),
            StackCandidate(id: "nothing", rule: .all, effect: CartEffect(.pieces(1), lines: [false])),
        ]
        let outcome = Stacking(candidates, policy: StackingPolicy(), basket: Basket(pieces([(100, 1)]))).outcome()
        #expect(Set(outcome.chosen.ids) == ["gift", "shipping-2"])
        let priced = Stacking(candidates, policy: StackingPolicy(), basket: Basket(pieces([(100, 1)]), shipping: 40)).outcome()
        #expect(Set(priced.chosen.ids) == ["gift", "shipping-2"] && priced.chosen.discount == 40)
    }
}
