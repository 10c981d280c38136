import Shared

/// One thing that could come off a cart.
public struct StackCandidate: Sendable, Equatable {
    /// Unique among the candidates.
    public let id: String
    public let rule: StackingRule
    /// The higher comes first.
    public let priority: Int64
    public let effect: CartEffect

    public init(id: String, rule: StackingRule, priority: Int64 = 0, effect: CartEffect) {
        self.id = id
        self.rule = rule
        self.priority = priority
        self.effect = effect
    }
}

/// Some candidates that go together, and what they take off.
public struct StackedSet: Sendable, Equatable {
    /// In the order in which they come off.
    public var ids: [String] = []
    /// Off goods and shipping.
    public var discount: Int64 = 0
    /// What is worth something and takes nothing off: each gift, and that the shipping is free.
    public var extras: Int64 = 0
    public var priority: Int64 = 0
    var hasFreeShipping = false

    public init() {}

    /// More discount, then more extras, then fewer members, then the higher priority, then the first by id.
    public func isBetter(than other: StackedSet) -> Bool {
        if discount != other.discount { return discount > other.discount }
        if extras != other.extras { return extras > other.extras }
        if ids.count != other.ids.count { return ids.count < other.ids.count }
        if priority != other.priority { return priority > other.priority }
        return ids.sorted().lexicographicallyPrecedes(other.ids.sorted())
    }
}

/// Which candidates come off a cart together, and in which order. A pure function of the set of candidates: how they are listed does not matter.
public struct Stacking: Sendable {
    public struct Outcome: Sendable, Equatable {
        public var chosen = StackedSet()
        /// What each chosen one took, one after the other.
        public var taken: [String: Basket.Taken] = [:]
        /// Whether every compatible set was looked at; otherwise the one worth most by itself came first.
        public var isExact = true
        /// For each candidate that was not chosen the best set with it.
        public var alternatives: [String: StackedSet] = [:]
    }

    /// So many candidates are looked at in every combination.
    public static let exactLimit = 12
    /// And so many lines in all of them.
    private static let work = 1 << 20

    private let candidates: [StackCandidate]
    private let policy: StackingPolicy
    private let basket: Basket

    public init(_ candidates: [StackCandidate], policy: StackingPolicy, basket: Basket) {
        self.policy = policy
        self.basket = basket
        self.candidates = candidates.sorted { a, b in
            let (first, second) = (Self.turn(a.effect, policy.order), Self.turn(b.effect, policy.order))
            if first != second { return first < second }
            return a.priority == b.priority ? a.id < b.id : a.priority > b.priority
        }
    }

    /// Pieces first: what they cost should not hang on what else comes off. Then shares and amounts as the programme says.
    private static func turn(_ effect: CartEffect, _ order: StackingPolicy.Order) -> Int {
        switch effect.gives {
        case .pieces, .buyGet: 0
        case .percent: order == .percentFirst ? 1 : 2
        case .fixed: order == .percentFirst ? 2 : 1
        case .freeShipping: 3
        case .gift: 4
        }
    }

    public func outcome() -> Outcome {
        var outcome = Outcome()
        switch policy.choice {
        case .priority:
            outcome.chosen = inTurn { $0.candidate.priority != $1.candidate.priority ? $0.candidate.priority > $1.candidate.priority : nil }
        case .bestForShopper where isSearchable: search(&outcome)
        case .bestForShopper:
            outcome.isExact = false
            outcome.chosen = inTurn { _, _ in nil }
            for candidate in candidates where candidate.rule == .none {
                let alone = worth([candidate])
                if alone.isBetter(than: outcome.chosen) { outcome.chosen = alone }
            }
        }
        if !(policy.choice == .bestForShopper && isSearchable) {
            for candidate in candidates where !outcome.chosen.ids.contains(candidate.id) {
                outcome.alternatives[candidate.id] = worth([candidate])
            }
        }
        var basket = basket
        for candidate in candidates where outcome.chosen.ids.contains(candidate.id) {
            outcome.taken[candidate.id] = basket.take(candidate.effect)
        }
        return outcome
    }

    /// A gift that goes with everything is in every set: there is nothing to weigh.
    private static func isSettled(_ candidate: StackCandidate) -> Bool { candidate.rule == .all && candidate.effect.gives == .gift }

    private var isSearchable: Bool {
        let stackable = candidates.count { $0.rule != .none && !Self.isSettled($0) }
        return stackable <= Self.exactLimit && (basket.left.count + 1) << stackable <= Self.work
    }

    // MARK: - Every set

    /// A set while it is put together: its members by their bits, so that thousands are weighed without writing any down.
    private struct Weighed {
        var members: UInt32 = 0
        var count = 0
        var discount: Int64 = 0
        var extras: Int64 = 0
        var priority: Int64 = 0
        var hasFreeShipping = false
    }

    private func search(_ outcome: inout Outcome) {
        let stackable = candidates.filter { $0.rule != .none && !Self.isSettled($0) }
        let settled = candidates.filter(Self.isSettled)
        // Those that are settled are in both of any two sets: they decide nothing.
        func isBetter(_ a: Weighed, _ b: Weighed) -> Bool {
            if a.discount != b.discount { return a.discount > b.discount }
            if a.extras != b.extras { return a.extras > b.extras }
            if a.count != b.count { return a.count < b.count }
            if a.priority != b.priority { return a.priority > b.priority }
            return ids(a).sorted().lexicographicallyPrecedes(ids(b).sorted())
        }
        func ids(_ set: Weighed) -> [String] { stackable.indices.filter { set.members & (1 << $0) != 0 }.map { stackable[$0].id } }
        func written(_ set: Weighed) -> StackedSet {
            worth(stackable.indices.filter { set.members & (1 << $0) != 0 }.map { stackable[$0] } + settled)
        }

        var best = Weighed()
        var bestWith: [Weighed?] = Array(repeating: nil, count: stackable.count)
        func go(_ index: Int, _ basket: Basket, _ set: Weighed, _ groups: Set<String>) {
            guard index < stackable.count else {
                if isBetter(set, best) { best = set }
                for member in stackable.indices where set.members & (1 << member) != 0 {
                    if bestWith[member].map({ isBetter(set, $0) }) ?? true { bestWith[member] = set }
                }
                return
            }
            let candidate = stackable[index]
            go(index + 1, basket, set, groups)
            var groups = groups
            if let group = candidate.rule.groupName, !groups.insert(group).inserted { return }
            var left = basket
            var more = set
            more.members |= 1 << index
            more.count += 1
            more.priority = Exact.sum(more.priority, candidate.priority)
            more.discount = Exact.sum(more.discount, left.take(candidate.effect).discount)
            if candidate.effect.gives == .gift || (candidate.effect.gives == .freeShipping && !more.hasFreeShipping) { more.extras += 1 }
            if candidate.effect.gives == .freeShipping { more.hasFreeShipping = true }
            go(index + 1, left, more, groups)
        }
        go(0, basket, Weighed(), [])

        let together = written(best)
        outcome.chosen = together
        for candidate in candidates where candidate.rule == .none {
            let alone = worth([candidate])
            if alone.isBetter(than: outcome.chosen) { outcome.chosen = alone }
            outcome.alternatives[candidate.id] = alone
        }
        for candidate in settled { outcome.alternatives[candidate.id] = together }
        for (candidate, set) in zip(stackable, bestWith) { outcome.alternatives[candidate.id] = set.map(written) }
        for id in outcome.chosen.ids { outcome.alternatives[id] = nil }
    }

    private static func adding(_ candidate: StackCandidate, to set: StackedSet, _ basket: inout Basket) -> StackedSet {
        var set = set
        let hadFreeShipping = set.hasFreeShipping
        let taken = basket.take(candidate.effect)
        set.discount = Exact.sum(set.discount, taken.discount)
        switch candidate.effect.gives {
        case .gift: set.extras += 1
        case .freeShipping where !hadFreeShipping:
            set.extras += 1
            set.hasFreeShipping = true
        default: break
        }
        set.ids.append(candidate.id)
        set.priority = Exact.sum(set.priority, candidate.priority)
        return set
    }

    /// What these come to; they have to go together.
    public func worth(_ members: [StackCandidate]) -> StackedSet {
        var basket = basket
        let ids = Set(members.map(\.id))
        return candidates.filter { ids.contains($0.id) }.reduce(StackedSet()) { Self.adding($1, to: $0, &basket) }
    }

    // MARK: - One after the other

    /// Takes what goes together with what was taken already: first by `order`, then by what each is worth alone, then by id. What gives nothing is
    /// passed over.
    private func inTurn(
        _ order: ((candidate: StackCandidate, alone: StackedSet), (candidate: StackCandidate, alone: StackedSet)) -> Bool?
    )
        -> StackedSet
    {
        let weighed = candidates.map { (candidate: $0, alone: worth([$0])) }
            .filter { $0.alone.discount > 0 || $0.alone.extras > 0 }
            .sorted { order($0, $1) ?? $0.alone.isBetter(than: $1.alone) }
        var taken: [StackCandidate] = []
        for (candidate, _) in weighed where taken.allSatisfy({ StackingRule.goTogether($0.rule, candidate.rule) }) {
            taken.append(candidate)
        }
        return worth(taken)
    }
}
