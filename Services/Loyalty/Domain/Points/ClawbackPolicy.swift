import Shared

/// How far points of a refunded or cancelled order are taken back.
public enum ClawbackPolicy: Sendable, Hashable {
    /// Only what is still pending of that order; what became active stays with the member.
    case onlyPending
    /// As far as the member has points to spend; the rest is forgiven.
    case withinBalance
    /// All of it; what the member no longer has becomes a debt that the next points fill. The debt stops at `floor` (≤ 0), the rest is forgiven.
    case allowNegative(floor: Int64?)

    public var name: String {
        switch self {
        case .onlyPending: "only_pending"
        case .withinBalance: "within_balance"
        case .allowNegative: "allow_negative"
        }
    }

    public var floor: Int64? { if case .allowNegative(let floor) = self { floor } else { nil } }

    /// The policy a PUT asks for with `clawback` and `clawback_floor`, given the present one.
    static func changed(_ present: ClawbackPolicy, by reader: FieldReader) -> ClawbackPolicy {
        let name = reader.string("clawback", max: 32) ?? present.name
        let saidFloor = reader.int("clawback_floor", in: -1_000_000_000...0)
        if saidFloor != nil, name == "only_pending" || name == "within_balance" {
            reader.fail("clawback_floor", "conflict", "goes with allow_negative, not with \(name)")
        }
        let floor = reader.has("clawback_floor") ? saidFloor : present.floor
        switch name {
        case "only_pending": return .onlyPending
        case "within_balance": return .withinBalance
        case "allow_negative": return .allowNegative(floor: floor)
        default:
            reader.fail("clawback", "invalid", "one of only_pending, within_balance, allow_negative was expected")
            return present
        }
    }
}

/// How one clawback is made up.
public struct ClawbackPlan: Sendable, Equatable {
    /// From lots that are pending.
    public var pending: [LotMove]
    /// From lots that are active.
    public var active: [LotMove]
    /// Added to the member's debt.
    public var debt: Int64
    /// Given up.
    public var forgiven: Int64

    public init(pending: [LotMove] = [], active: [LotMove] = [], debt: Int64 = 0, forgiven: Int64 = 0) {
        self.pending = pending
        self.active = active
        self.debt = debt
        self.forgiven = forgiven
    }

    /// Points really taken back.
    public var taken: Int64 { pending.points + active.points + debt }
}

extension ClawbackPolicy {
    /// Plans taking back `points`: from the order's own lots first (pending, then active), then from the member's other active lots, shortest expiry
    /// first. `others` is asked only when the own lots do not suffice; `debt` is what the member owes already.
    public func plan(_ points: Int64, own: [Lot], others: () throws -> [Lot], debt: Int64) rethrows -> ClawbackPlan {
        var plan = ClawbackPlan()
        var open = points
        plan.pending = own.filter { $0.state == .pending }.inSpendOrder.taking(&open)
        if case .onlyPending = self {
            plan.forgiven = open
            return plan
        }
        plan.active = own.filter { $0.state == .active }.inSpendOrder.taking(&open)
        if open > 0 {
            let ownIDs = Set(own.map(\.id))
            plan.active += try others().filter { $0.state == .active && !ownIDs.contains($0.id) }.inSpendOrder.taking(&open)
        }
        if case .allowNegative(let floor) = self {
            let room = floor.map { max(0, Exact.sum(-$0, -debt)) } ?? open
            plan.debt = min(open, room)
            open -= plan.debt
        }
        plan.forgiven = open
        return plan
    }
}
