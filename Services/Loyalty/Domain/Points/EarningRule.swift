import Shared

/// What makes members earn points: when something happens (`trigger`), if it meets the conditions, so many points, up to a cap.
public struct EarningRule: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable { case active, paused }

    /// What is added to the basis of an order.
    public enum Extra: String, Sendable, CaseIterable { case tax, shipping }

    public static let paid = "order.paid"
    public static let priorityRange: ClosedRange<Int64> = -1_000_000...1_000_000

    public let id: String
    /// Counts the rule's changes from 1. What was earned names the version it was earned by.
    public let version: Int64
    public var name: String
    /// An event type. `order.paid` counts once per order, other events of an order once per order too, everything else once per event.
    public var trigger: String
    public var award: PointsAward
    public var basis: Basis
    public var conditions: Condition? { didSet { (needs, fields) = Self.asked(conditions) } }
    /// Which of the order's lines count; nil for all.
    public var items: Condition?
    public var include: Set<Extra> = []
    /// Whether the member's tier multiplies what it gives.
    public var isMultiplied: Bool
    /// The most for one member.
    public var cap: MemberCap?
    /// The most for all members together.
    public var budget: MemberCap?
    public var limits: RuleLimits?
    /// Of the rules of one group and trigger only the first that matches counts.
    public var group: String?
    /// Higher comes first.
    public var priority: Int64 = 0
    public var expiry: ExpiryPolicy?
    public var activation: Activation?
    public var milestone: Milestone?
    /// Inclusive, on the order's placing or the event's time.
    public var startsAt: Timestamp?
    /// Exclusive.
    public var endsAt: Timestamp?
    public var state: State

    /// The first names of the fields its conditions ask about.
    public private(set) var needs: Set<String>
    /// The fields themselves.
    public private(set) var fields: [String]

    public init(
        id: String, version: Int64, name: String, trigger: String, award: PointsAward, basis: Basis = .net, conditions: Condition? = nil,
        cap: MemberCap? = nil, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil, state: State = .active
    ) {
        self.id = id
        self.version = version
        self.name = name
        self.trigger = trigger
        self.award = award
        self.basis = basis
        self.conditions = conditions
        isMultiplied = award.isProportional
        self.cap = cap
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.state = state
        (needs, fields) = Self.asked(conditions)
    }

    private static func asked(_ conditions: Condition?) -> (Set<String>, [String]) {
        (conditions?.roots ?? [], Set(conditions?.tests.map(\.field) ?? []).sorted())
    }

    /// Whether it counts for something that happened at this time.
    public func isInForce(at time: Timestamp) -> Bool {
        state == .active && (startsAt.map { time >= $0 } ?? true) && (endsAt.map { time < $0 } ?? true)
    }

    /// The multiplier that counts for it, out of a tier's; hundredths.
    public func effective(_ multiplier: Int64) -> Int64 { isMultiplied ? multiplier : PointsAward.single }

    /// The points an order is worth to this rule as it stands, before any cap: the award on what is left of the basis, rounded down once.
    /// 0 for a cancelled order, and for an unpaid one where the rule waits for the payment. `multiplier` is a tier's, in hundredths.
    public func kept(_ standing: OrderStanding, multiplier: Int64 = PointsAward.single) -> Int64 {
        guard !standing.isCancelled, standing.isPaid || trigger != Self.paid else { return 0 }
        let (full, remaining) = standing.basis(of: self)
        if case .fixed = award {
            let stillCounts = remaining > 0 || (full == 0 && !standing.isFullyRefunded)
            return stillCounts ? award.points(for: 0, currency: nil, multiplier: effective(multiplier)) : 0
        }
        return award.points(for: remaining, currency: standing.currency, multiplier: effective(multiplier))
    }

    /// The points that an event which is no order is worth: its own amount, where the rule reckons from one.
    public func worth(_ data: JSON, multiplier: Int64 = PointsAward.single) -> Int64 {
        switch award {
        case .fixed: return award.points(for: 0, currency: nil, multiplier: effective(multiplier))
        case .perItem: return 0
        case .perAmount:
            guard let amount = data["amount"]?.int, (0...FieldReader.maximumAmount).contains(amount) else { return 0 }
            return award.points(
                for: amount, currency: data["currency"]?.string.flatMap(Currency.init), multiplier: effective(multiplier))
        }
    }
}

extension [EarningRule] {
    /// The order in which rules are asked: higher priority first, then the older one.
    public var inTurn: [EarningRule] {
        guard contains(where: { $0.priority != 0 }) else { return self }
        return sorted { a, b in a.priority == b.priority ? a.id < b.id : a.priority > b.priority }
    }
}
