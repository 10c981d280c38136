import Shared

/// What one rule has given for one cause (an order, an event), and what was taken back of it. The rule's version is the one it was first earned by:
/// a later change of the rule never rewrites it.
public struct Accrual: Sendable, Equatable {
    /// `order:<id>`, `event:<digest>`, `member:<id>:<type>`, `occasion:<member>:<type>:<year>` or `milestone:<member>:<kind>:<n>`; with the rule's id
    /// it is unique for ever.
    public let cause: String
    public let ruleID: String
    public let ruleVersion: Int64
    /// All that was ever credited.
    public var credited: Int64 = 0
    /// All that was taken back.
    public var reversed: Int64 = 0
    /// What should have been taken back and was given up.
    public var forgiven: Int64 = 0
    /// The most that a cap left for it when it was first earned; nil without a cap.
    public let ceiling: Int64?
    /// The multiplier it was first earned with, in hundredths: what is taken back later is reckoned by the same one.
    public let multiplier: Int64
    /// The periods whose cap and budget it counts against.
    public let capPeriod: String?
    public let budgetPeriod: String?
    /// As of when it was earned: the order's placing, the event's time.
    public let earnedAt: Timestamp?
    /// How often it was posted to the ledger: numbers the postings' business keys.
    public var postings: Int64 = 0

    public init(
        cause: String, ruleID: String, ruleVersion: Int64, credited: Int64 = 0, reversed: Int64 = 0, forgiven: Int64 = 0,
        ceiling: Int64? = nil, postings: Int64 = 0, multiplier: Int64 = PointsAward.single, capPeriod: String? = nil,
        budgetPeriod: String? = nil, earnedAt: Timestamp? = nil
    ) {
        self.cause = cause
        self.ruleID = ruleID
        self.ruleVersion = ruleVersion
        self.credited = credited
        self.reversed = reversed
        self.forgiven = forgiven
        self.ceiling = ceiling
        self.postings = postings
        self.multiplier = multiplier
        self.capPeriod = capPeriod
        self.budgetPeriod = budgetPeriod
        self.earnedAt = earnedAt
    }

    /// What the member is meant to have of it, by what was posted so far.
    public var standing: Int64 { credited - reversed - forgiven }

    /// What is to be posted so that the accrual stands at `kept`. Asking again after posting it answers `.nothing`, so replays and the order of events
    /// do not matter, and no more is ever taken back than was credited. `room` is what caps leave right now for more than it stands at; nil for no end.
    public func settle(kept: Int64, room: Int64? = nil) -> Settlement {
        var target = max(0, min(kept, ceiling ?? kept))
        if target > standing, let room { target = max(standing, min(target, Exact.sum(standing, max(0, room)))) }
        if target > standing {
            // What was given up once is still with the member: it is not credited a second time.
            let regained = min(target - standing, forgiven)
            return .credit(points: target - standing - regained, unforgiven: regained)
        }
        return target < standing ? .clawback(points: standing - target) : .nothing
    }
}

/// One step of settling an accrual.
public enum Settlement: Sendable, Equatable {
    case nothing
    /// Credit `points` (0 or more) and give up `unforgiven` less than before.
    case credit(points: Int64, unforgiven: Int64)
    case clawback(points: Int64)
}
