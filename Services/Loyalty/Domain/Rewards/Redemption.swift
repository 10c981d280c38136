public import Shared

/// How one member has had one reward: the points first held, then spent, let go again, or given back.
public struct Redemption: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        case reserved, redeemed, cancelled, expired
        /// All of its points came back.
        case refunded

        /// Whether it counts to what is left of the reward, and to how often the member had it.
        public var counts: Bool { self == .reserved || self == .redeemed }
    }

    /// What spent its points.
    public enum SettledBy: String, Sendable, CaseIterable { case call, coupon }

    public let id: String
    public let points: Int64
    /// The lots they came out of, in the order they were taken.
    public var lots: [LotMove]
    public var state: State
    public var settledBy: SettledBy?
    public var orderID: String?
    /// Points given back so far.
    public var returned: Int64
    public let expiresAt: Timestamp

    public init(
        id: String, points: Int64, lots: [LotMove], state: State = .reserved, settledBy: SettledBy? = nil, orderID: String? = nil,
        returned: Int64 = 0, expiresAt: Timestamp
    ) {
        self.id = id
        self.points = points
        self.lots = lots
        self.state = state
        self.settledBy = settledBy
        self.orderID = orderID
        self.returned = returned
        self.expiresAt = expiresAt
    }

    /// So many more of its points, those that were taken last, and so expire last, first. Giving back 30 and then 20 is giving back 50.
    public func givingBack(_ points: Int64) -> [LotMove] {
        var passed = returned
        var open = min(points, self.points - returned)
        var moves: [LotMove] = []
        for move in lots.reversed() where open > 0 {
            let gone = min(passed, move.points)
            passed -= gone
            let taken = min(open, move.points - gone)
            if taken > 0 { moves.append(LotMove(lot: move.lot, points: taken)) }
            open -= taken
        }
        return moves
    }
}

/// How many of the points spent on an order come back when money of it does.
public enum SpentRefund: String, Sendable, CaseIterable {
    /// The same share of the points as of the order's total, rounded down; all of them with all of the money.
    case proportional
    /// All of them with all of the money, none before.
    case fullOnly = "full_only"
    case never

    /// Of so many points, those that are back as the order stands. A function of the order and the set of its refunds.
    public func returned(of points: Int64, _ standing: OrderStanding, total: Int64) -> Int64 {
        if self == .never { return 0 }
        if standing.isCancelled || standing.isFullyRefunded { return points }
        guard self == .proportional else { return 0 }
        return min(points, max(0, Exact.floor(points, times: max(0, standing.refunded), over: total)))
    }
}
