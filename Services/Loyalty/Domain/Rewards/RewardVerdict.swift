public import Shared

/// What a redemption is asked with.
public struct RewardRequest: Sendable, Equatable {
    /// What the new order comes to, in minor units of `currency`.
    public var orderTotal: Int64?
    public var currency: Currency?
    public var channel: String?

    public init(orderTotal: Int64? = nil, currency: Currency? = nil, channel: String? = nil) {
        self.orderTotal = orderTotal
        self.currency = currency
        self.channel = channel
    }
}

/// How a member and the store's counts stand towards one reward.
public struct RewardStanding: Sendable, Equatable {
    public var balance: Int64
    public var tierID: String?
    /// Whether the member is in one of the reward's segments.
    public var isInSegment = true
    /// Whether the reward's conditions hold.
    public var meetsConditions = true
    /// Nil for any number.
    public var stockLeft: Int64?
    /// How often the member had it in the limit's present period.
    public var timesTaken: Int64 = 0
    /// The programme's, for rewards that name none.
    public var currency: Currency?

    public init(balance: Int64, tierID: String? = nil, currency: Currency? = nil) {
        self.balance = balance
        self.tierID = tierID
        self.currency = currency
    }
}

/// Whether a member can have a reward now, for how many points, and everything that speaks against it.
public struct RewardVerdict: Sendable, Equatable {
    public enum Reason: String, Sendable, CaseIterable {
        case insufficientPoints = "insufficient_points"
        case outOfStock = "out_of_stock"
        case limitReached = "limit_reached"
        case paused
        case notStarted = "not_started"
        case ended
        case tierNotEligible = "tier_not_eligible"
        case segmentNotEligible = "segment_not_eligible"
        case channelNotEligible = "channel_not_eligible"
        case conditionsNotMet = "conditions_not_met"
        case minimumBalance = "minimum_balance_not_reached"
        case orderTotalRequired = "order_total_required"
        case minimumOrder = "minimum_order_not_reached"
        case currencyMismatch = "currency_mismatch"

        /// Whether it lies in what is left rather than in the reward's terms.
        public var isState: Bool {
            switch self {
            case .insufficientPoints, .outOfStock, .limitReached: true
            default: false
            }
        }
    }

    public struct Refusal: Sendable, Equatable {
        public let reason: Reason
        /// For people.
        public let detail: String

        public var json: JSON { ["code": .string(reason.rawValue), "detail": .string(detail)] }
    }

    /// What it costs this member.
    public let points: Int64
    /// Empty where the member can have it.
    public let refusals: [Refusal]

    public var isGranted: Bool { refusals.isEmpty }
    public var reasons: JSON { .array(refusals.map(\.json)) }

    public init(_ reward: CatalogueReward, _ standing: RewardStanding, _ request: RewardRequest, now: Timestamp) {
        let price = reward.price(tierID: standing.tierID)
        var refusals: [Refusal] = []
        func refuse(_ reason: Reason, _ detail: String) { refusals.append(Refusal(reason: reason, detail: detail)) }

        if standing.balance < price {
            refuse(.insufficientPoints, "It costs \(price) points; the member has \(standing.balance) to spend.")
        }
        if let left = standing.stockLeft, left <= 0 { refuse(.outOfStock, "There is none left.") }
        if let limit = reward.perMember, standing.timesTaken >= limit.times {
            refuse(.limitReached, "The member has had it as often as one may (\(limit.times), every: \(limit.every.rawValue)).")
        }
        if reward.state == .paused { refuse(.paused, "The reward is paused.") }
        if let startsAt = reward.startsAt, now < startsAt { refuse(.notStarted, "It can be had from \(startsAt.rfc3339).") }
        if let endsAt = reward.endsAt, now >= endsAt { refuse(.ended, "It could be had until \(endsAt.rfc3339).") }
        if !reward.tiers.isEmpty, !(standing.tierID.map(reward.tiers.contains) ?? false) {
            refuse(.tierNotEligible, "It is for members of other tiers.")
        }
        if !reward.segments.isEmpty, !standing.isInSegment { refuse(.segmentNotEligible, "It is for members of other segments.") }
        if !reward.channels.isEmpty, !(request.channel.map(reward.channels.contains) ?? false) {
            refuse(.channelNotEligible, "It is for these channels: \(reward.channels.joined(separator: ", ")).")
        }
        if !standing.meetsConditions { refuse(.conditionsNotMet, "The member does not meet its conditions.") }
        if let least = reward.minimumBalance, standing.balance < least {
            refuse(.minimumBalance, "The member has \(standing.balance) points to spend; \(least) are needed.")
        }
        if let least = reward.minimumOrder, least > 0 {
            if let total = request.orderTotal {
                if total < least { refuse(.minimumOrder, "The order comes to \(total); \(least) is the least.") }
            } else {
                refuse(.orderTotalRequired, "It goes with a new order: order_total is needed.")
            }
        }
        if let mine = reward.currency ?? standing.currency, let theirs = request.currency, mine != theirs {
            refuse(.currencyMismatch, "The reward is in \(mine.code), the order in \(theirs.code).")
        }
        self.points = price
        self.refusals = refusals
    }
}
