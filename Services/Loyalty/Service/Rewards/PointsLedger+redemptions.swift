import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Points held for a redemption, let go, spent and given back.
extension PointsLedger {
    /// Holds points, shortest expiry first; nil where there are not enough.
    mutating func reserve(_ points: Int64, cause: String, origin: EntryOrigin) throws -> [LotMove]? {
        guard points > 0, account.counters.balance >= points else { return nil }
        let now = change.now
        // A lot whose time has come is not spent in the moment before its timer runs.
        let open = try LotStore.open(account.memberID, change.db).map(\.lot).filter { lot in
            lot.state == .active && (lot.expiresAt.map { $0 > now } ?? true)
        }
        var missing = points
        let moves = open.inSpendOrder.taking(&missing)
        guard missing == 0 else { return nil }
        for move in moves { try LotStore.hold(move.points, of: move.lot, change.db) }
        try post(
            .reserved, from: .memberActive, to: .reserved, points: points, lots: moves, cause: cause, at: now, origin: origin)
        return moves
    }

    /// Lets held points go. What ran out meanwhile expires now.
    mutating func release(_ moves: [LotMove], cause: String, origin: EntryOrigin) throws {
        guard !moves.isEmpty else { return }
        for move in moves { try LotStore.hold(-move.points, of: move.lot, change.db) }
        try post(
            .released, from: .reserved, to: .memberActive, points: moves.points, lots: moves, cause: cause, at: change.now, origin: origin)
        _ = try settle(moves, cause: cause, origin: origin)
    }

    /// Spends held points for good.
    mutating func redeem(_ moves: [LotMove], cause: String, origin: EntryOrigin) throws {
        guard !moves.isEmpty else { return }
        for move in moves { try LotStore.spendHeld(move.points, of: move.lot, change.db) }
        try post(
            .redeemed, from: .reserved, to: .redeemed, points: moves.points, lots: moves, cause: cause, at: change.now, origin: origin)
    }

    /// Gives spent points back to their own lots, with their own expiry. Those of a lot that is over, or will be within `grace` days, come as a new
    /// lot that is good for so long. Answers how many of them can be spent.
    mutating func giveBack(_ moves: [LotMove], grace: Int64, cause: String, origin: EntryOrigin) throws -> Int64 {
        let until = change.now.adding(days: grace)
        var own: [LotMove] = []
        var late: [LotMove] = []
        for move in moves {
            let expiresAt = try LotStore.find(move.lot, change.db)?.lot.expiresAt
            if grace > 0, let expiresAt, expiresAt <= until { late.append(move) } else { own.append(move) }
        }
        var spendable: Int64 = 0
        if !own.isEmpty {
            for move in own { try LotStore.take(-move.points, from: move.lot, change.db) }
            try post(
                .returned, from: .redeemed, to: .memberActive, points: own.points, lots: own, cause: cause, at: change.now, origin: origin)
            spendable += try settle(own, cause: cause, origin: origin)
        }
        if !late.isEmpty {
            let key = cause + ":grace"
            let lot = Lot(
                id: TypeID.make("lot", at: change.now), points: late.points, remaining: late.points, state: .active, earnedAt: change.now,
                activeAt: change.now, expiresAt: until)
            let record = LotRecord(
                lot: lot, memberID: account.memberID, cause: key, orderID: origin.orderID, ruleID: nil, ruleVersion: nil)
            try LotStore.insert(record, change.db)
            let new = [LotMove(lot: lot.id, points: lot.points)]
            try post(
                .returned, from: .redeemed, to: .memberActive, points: lot.points, lots: new, cause: key, at: change.now, origin: origin)
            spendable += try settle(new, cause: key, origin: origin)
        }
        return spendable
    }

    /// What becomes of points that are active again: a debt takes of them first, those that are over expire, the others have their turn to come.
    /// Answers how many are left.
    private mutating func settle(_ moves: [LotMove], cause: String, origin: EntryOrigin) throws -> Int64 {
        var left: Int64 = 0
        for move in moves {
            var points = move.points
            let filled = min(account.counters.debt, points)
            if filled > 0 {
                try LotStore.take(filled, from: move.lot, change.db)
                try post(
                    .debtFilled, from: .memberActive, to: .memberDebt, points: filled, lots: [LotMove(lot: move.lot, points: filled)],
                    cause: "fill:\(move.lot):\(cause)", at: change.now, origin: origin)
                points -= filled
            }
            guard points > 0 else { continue }
            guard let lot = try LotStore.find(move.lot, change.db)?.lot, let expiresAt = lot.expiresAt else {
                left += points
                continue
            }
            guard expiresAt <= change.now else {
                try wake(at: expiresAt)
                left += points
                continue
            }
            try LotStore.take(points, from: move.lot, change.db)
            try post(
                .expired, from: .memberActive, to: .expired, points: points, lots: [LotMove(lot: move.lot, points: points)],
                cause: "expire:\(move.lot):\(cause)", at: change.now, origin: origin)
            try PointsNews.emitExpired(points, lot, account, orderID: origin.orderID, change)
        }
        return left
    }
}

extension LotStore {
    /// Moves points of a lot from what is left of it to what is held; below 0, back.
    fileprivate static func hold(_ points: Int64, of lotID: String, _ db: SQLConnection) throws {
        try db.execute("UPDATE lots SET remaining = remaining - \(points), reserved = reserved + \(points) WHERE lot_id = \(lotID)")
    }

    fileprivate static func spendHeld(_ points: Int64, of lotID: String, _ db: SQLConnection) throws {
        try db.execute("UPDATE lots SET reserved = reserved - \(points) WHERE lot_id = \(lotID)")
    }
}
