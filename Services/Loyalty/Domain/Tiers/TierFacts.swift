public import Shared

/// So much that counts towards a tier. Something taken back later is another credit below zero: it belongs to the same day, and counts from when it
/// was taken back.
public struct TierCredit: Sendable, Hashable {
    /// The moment it belongs to, which decides the windows it lies in: the order's placing.
    public let at: Timestamp
    /// From when it counts; never before `at`.
    public let since: Timestamp
    public let amount: Int64

    public init(at: Timestamp, since: Timestamp? = nil, amount: Int64) {
        self.at = at
        self.since = max(at, since ?? at)
        self.amount = amount
    }
}

/// A time in which a subscription to a plan ran.
public struct SubscriptionSpan: Sendable, Hashable {
    public let plan: String
    public let from: Timestamp
    /// Exclusive; nil while it runs.
    public let until: Timestamp?

    public init(plan: String, from: Timestamp, until: Timestamp?) {
        self.plan = plan
        self.from = from
        self.until = until
    }
}

/// All that a member's tier depends on. A set: the order in which it became known does not matter.
public struct TierFacts: Sendable, Equatable {
    public var points: [TierCredit]
    public var spent: [TierCredit]
    public var subscriptions: [SubscriptionSpan]

    public init(points: [TierCredit] = [], spent: [TierCredit] = [], subscriptions: [SubscriptionSpan] = []) {
        self.points = points
        self.spent = spent
        self.subscriptions = subscriptions
    }

    /// The earliest moment that any of it counts from; nil for nothing at all.
    public var first: Timestamp? {
        [points.lazy.map(\.since).min(), spent.lazy.map(\.since).min(), subscriptions.lazy.map(\.from).min()].compactMap { $0 }.min()
    }

    func credits(_ basis: Tier.Basis) -> [TierCredit] { basis == .pointsEarned ? points : spent }
}
