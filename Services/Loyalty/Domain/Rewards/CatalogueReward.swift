public import Shared

/// Something members can have for points, and on what terms.
public struct CatalogueReward: Definition {
    public static let kind = "reward"
    public static let idPrefix = "reward"
    public static let noun = "reward"

    public enum State: String, Sendable, CaseIterable { case active, paused }

    public let id: String
    public let version: Int64
    public var name: String
    /// What it costs, except to tiers with a price of their own.
    public var points: Int64
    public var tierPoints: [String: Int64]
    public var gift: RewardGift
    /// Of the amounts here; nil for whatever the programme's is.
    public var currency: Currency?
    /// What the member must have to spend, beyond the price too.
    public var minimumBalance: Int64?
    /// What the new order must come to, in minor units.
    public var minimumOrder: Int64?
    /// How many there were to begin with; nil for any number. What is left of them is counted in the store, whatever version is in force.
    public var stock: Int64?
    public var perMember: RewardLimit?
    /// Any of these; empty for everybody. So with segments and channels.
    public var tiers: [String]
    public var segments: [String]
    public var channels: [String]
    public var conditions: Condition?
    /// Inclusive.
    public var startsAt: Timestamp?
    /// Exclusive.
    public var endsAt: Timestamp?
    /// How long points are held for a redemption that is neither used nor cancelled.
    public var reserveMinutes: Int64
    /// Days for which the coupon stays good once the redemption was settled by hand; nil for ever.
    public var couponDays: Int64?
    public var state: State
    public var metadata: JSONObject

    public init(
        id: String, version: Int64, name: String, points: Int64, gift: RewardGift = .custom, currency: Currency? = nil,
        tierPoints: [String: Int64] = [:], minimumBalance: Int64? = nil, minimumOrder: Int64? = nil, stock: Int64? = nil,
        perMember: RewardLimit? = nil, tiers: [String] = [], segments: [String] = [], channels: [String] = [], conditions: Condition? = nil,
        startsAt: Timestamp? = nil, endsAt: Timestamp? = nil, reserveMinutes: Int64 = 60, couponDays: Int64? = nil, state: State = .active,
        metadata: JSONObject = JSONObject()
    ) {
        self.id = id
        self.version = version
        self.name = name
        self.points = points
        self.gift = gift
        self.currency = currency
        self.tierPoints = tierPoints
        self.minimumBalance = minimumBalance
        self.minimumOrder = minimumOrder
        self.stock = stock
        self.perMember = perMember
        self.tiers = tiers
        self.segments = segments
        self.channels = channels
        self.conditions = conditions
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.reserveMinutes = reserveMinutes
        self.couponDays = couponDays
        self.state = state
        self.metadata = metadata
    }

    /// What it costs a member of this tier; nil for none.
    public func price(tierID: String?) -> Int64 { tierID.flatMap { tierPoints[$0] } ?? points }
}
