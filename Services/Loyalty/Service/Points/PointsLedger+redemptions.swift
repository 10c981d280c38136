import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Spending in two steps: points are held for a redemption, and then spent for good or let go; what was spent can be given back. `cause` is each
/// step's business key: unique for ever.
extension PointsLedger {
    /// Holds points of the balance, shortest expiry first: nobody else can spend them, and no clawback takes them. Nil where there are not enough.
    mutating func reserve(_ points: Int64, cause: String, origin: EntryOrigin) throws -> [LotMove]? {
        guard points > 0, let moves = try spendable(points) else { return nil }
        for move in moves { try LotStore.take(move.points, from: move.lot, reserving: move.points, change.db) }
        try post(.reserved, from: .memberActive, to: .reserved, points: points, lots: moves, cause: cause, at: change.now, origin: origin)
        return moves
    }

    /// Lets held points go: they are in their lots again. What ran out meanwhile, or is owed, goes at once.
    mutating func release(_ moves: [LotMove], cause: String, origin: EntryOrigin) throws {
        guard !moves.isEmpty else { return }
        try post(
            .released, from: .reserved, to: .memberActive, points: moves.points, lots: moves, cause: cause, at: change.now, origin: origin)
        for move in moves {
            guard var lot = try LotStore.find(move.lot, change.db)?.lot else { throw PointsLedgerFault.missing(lot: move.lot) }
            lot.reserved -= move.points
            _ = try restore(&lot, move.points, cause: cause, origin)
        }
    }

    /// Spends held points for good. The member was active.
    mutating func redeem(_ moves: [LotMove], cause: String, origin: EntryOrigin) throws {
        guard !moves.isEmpty else { return }
        for move in moves { try LotStore.take(0, from: move.lot, reserving: -move.points, change.db) }
        try post(.redeemed, from: .reserved, to: .redeemed, points: moves.points, lots: moves, cause: cause, at: change.now, origin: origin)
        try wasActive(at: change.now)
    }

    /// Gives spent points back into their own lots, with their own expiry. What has run out meanwhile, or would within `grace` days, comes as a new lot
    /// that is good for that long; with a grace of 0 what has run out stays gone. A debt is filled first. Answers how many points the member has of it.
    mutating func giveBack(_ moves: [LotMove], grace: Int64, cause: String, origin: EntryOrigin) throws -> Int64 {
        guard !moves.isEmpty else { return 0 }
        let now = change.now
        var kept: Int64 = 0
        for move in moves {
            guard let record = try LotStore.find(move.lot, change.db) else { throw PointsLedgerFault.missing(lot: move.lot) }
            var lot = record.lot
            lot.expiresAt = try idleExpiry(lot) ?? lot.expiresAt
            let isLate = grace > 0 && lot.isPast(now.adding(days: grace))
            if isLate {
                lot = Lot(
                    id: TypeID.make("lot", at: now), points: move.points, remaining: 0, state: .active, earnedAt: record.lot.earnedAt,
                    activeAt: now, expiresAt: now.adding(days: grace))
                // Of the same cause: a refund of the order that earned them finds them.
                try LotStore.insert(
                    LotRecord(
                        lot: lot, memberID: account.memberID, cause: record.cause, orderID: record.orderID, ruleID: record.ruleID,
                        ruleVersion: record.ruleVersion), change.db)
            }
            let key = "\(cause):\(move.lot)"
            try post(
                .returned, from: .redeemed, to: .memberActive, points: move.points, lots: [LotMove(lot: lot.id, points: move.points)],
                cause: key, at: now, origin: origin)
            kept += try restore(&lot, move.points, cause: key, origin)
        }
        return kept
    }

    /// Points are in an active lot again. Answers how many of them stay or filled a debt.
    private mutating func restore(_ lot: inout Lot, _ points: Int64, cause: String, _ origin: EntryOrigin) throws -> Int64 {
        lot.remaining += points
        let key = cause.hasSuffix(lot.id) ? cause : "\(cause):\(lot.id)"
        var gone: Int64 = 0
        if lot.isPast(change.now) {
            gone = try runOut(&lot, cause: key, at: change.now, origin)
            try PointsNews.emitExpired(gone, lot, account, orderID: origin.orderID, change)
        } else {
            try fillDebt(from: &lot, cause: key, at: change.now, origin)
            if let expiresAt = lot.expiresAt {
                try wake(at: expiresAt)
                try wake(for: try ProgrammeStore.present(change.db).notices, of: lot)
            }
        }
        try LotStore.update(lot, change.db)
        return max(0, points - gone)
    }
}

/// What only a broken store could bring about.
enum PointsLedgerFault: Error {
    case missing(lot: String)
}
