import Shared

/// Points credited at one time for one cause: they become active and expire together.
public struct Lot: Sendable, Equatable {
    public enum State: String, Sendable { case pending, active }

    public let id: String
    public let points: Int64
    public var remaining: Int64
    /// Of it, what is held for redemptions; no part of `remaining`.
    public var reserved: Int64
    public var state: State
    /// When they were earned: the order's placing.
    public let earnedAt: Timestamp
    /// From when they can be spent; nil while that is not known.
    public var activeAt: Timestamp?
    /// From when they are gone; nil for never. Of points that go by inactivity: if nothing happens any more.
    public var expiresAt: Timestamp?
    /// After how many months without activity they go, where that is what decides.
    public var idleMonths: Int?
    /// What their activation still hangs on, while they are pending.
    public var wait: LotWait?

    public init(
        id: String, points: Int64, remaining: Int64, reserved: Int64 = 0, state: State, earnedAt: Timestamp, activeAt: Timestamp?,
        expiresAt: Timestamp?, idleMonths: Int? = nil, wait: LotWait? = nil
    ) {
        self.id = id
        self.points = points
        self.remaining = remaining
        self.reserved = reserved
        self.state = state
        self.earnedAt = earnedAt
        self.activeAt = activeAt
        self.expiresAt = expiresAt
        self.idleMonths = idleMonths
        self.wait = wait
    }

    /// Whether they are gone by then, if they are active.
    public func isPast(_ time: Timestamp) -> Bool { expiresAt.map { $0 <= time } ?? false }
}

/// So many points out of, or into, one lot.
public struct LotMove: Sendable, Hashable {
    public let lot: String
    public let points: Int64

    public init(lot: String, points: Int64) {
        self.lot = lot
        self.points = points
    }
}

extension [LotMove] {
    public var points: Int64 { reduce(0) { Exact.sum($0, $1.points) } }
}

extension [Lot] {
    /// The order in which lots are spent: shortest expiry first, those without last; first in, first out on ties.
    public var inSpendOrder: [Lot] {
        if count < 2 { return self }
        return sorted { a, b in
            let left = (a.expiresAt?.milliseconds ?? .max, a.earnedAt.milliseconds)
            let right = (b.expiresAt?.milliseconds ?? .max, b.earnedAt.milliseconds)
            return left == right ? a.id < b.id : left < right
        }
    }

    /// Takes up to `open` points out of these lots in their present order, and lowers `open` by what was found.
    public func taking(_ open: inout Int64) -> [LotMove] {
        var moves: [LotMove] = []
        for lot in self where open > 0 && lot.remaining > 0 {
            let points = Swift.min(open, lot.remaining)
            moves.append(LotMove(lot: lot.id, points: points))
            open -= points
        }
        return moves
    }
}
