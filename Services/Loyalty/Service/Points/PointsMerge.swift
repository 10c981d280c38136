import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Moves all points of one member to another: every lot has a lot of the same dates and the same cause in its place, what is held for redemptions and
/// what is owed go along, and so does what was ever earned and spent. Both ledgers balance by themselves, and so does the whole.
struct PointsMerge {
    let change: Change
    private(set) var plan: MergePlan
    private var from: PointsLedger
    private var into: PointsLedger

    init(_ plan: MergePlan, _ change: Change) {
        self.plan = plan
        self.change = change
        from = PointsLedger(plan.from.account, change)
        into = PointsLedger(plan.into.account, change)
    }

    mutating func run() throws {
        let spent = try PointsHistory(plan.from.account.memberID, change.db)
        try moveLots()
        try move(from.account.counters.debt, between: .memberDebt)
        try move(spent.redeemed, between: .redeemed)
        try move(spent.expired, between: .expired)
        try move(spent.taken, between: .adjusted)
        try settleDebt()
        try into.resumeActivity(from.account.lastActiveAt)
        if let turnAt = from.account.turnAt { try into.wake(at: turnAt) }
        try change.unschedule(MemberTurn.timer, key: from.account.memberID)
        from.turned(at: change.now)
        try from.save()
        try into.save()
    }

    private mutating func moveLots() throws {
        var moves: [LedgerAccount: [LotMove]] = [:]
        let records = try LotStore.all(from.account.memberID, change.db).sorted { $0.lot.id < $1.lot.id }
        // The time in an id is when the lot was first known; ties are spent in the ids' order.
        let ids = records.map { TypeID.make("lot", at: TypeID.time(of: $0.lot.id) ?? change.now) }.sorted()
        for (record, id) in zip(records, ids) {
            let old = record.lot
            let lot = Lot(
                id: id, points: old.points, remaining: old.remaining, reserved: old.reserved, state: old.state, earnedAt: old.earnedAt,
                activeAt: old.activeAt, expiresAt: old.expiresAt, idleMonths: old.idleMonths, wait: old.wait)
            try LotStore.insert(
                LotRecord(
                    lot: lot, memberID: into.account.memberID, cause: record.cause, orderID: record.orderID, ruleID: record.ruleID,
                    ruleVersion: record.ruleVersion), change.db)
            plan.put(id, inPlaceOf: old.id)
            if old.remaining > 0 {
                moves[old.state == .pending ? .memberPending : .memberActive, default: []]
                    .append(LotMove(lot: old.id, points: old.remaining))
            }
            if old.reserved > 0 { moves[.reserved, default: []].append(LotMove(lot: old.id, points: old.reserved)) }
            var empty = old
            empty.remaining = 0
            empty.reserved = 0
            empty.wait = nil
            if empty != old { try LotStore.update(empty, change.db) }
        }
        for account in [LedgerAccount.memberPending, .memberActive, .reserved] {
            guard let moves = moves[account] else { continue }
            try post(account, .merged, moves.points, moves, &from, "out")
            try post(.merged, account, moves.points, plan.moved(moves), &into, "in")
        }
    }

    /// Moves a sum that is in no lot. A debt goes the other way round: whoever owes less has more.
    private mutating func move(_ points: Int64, between account: LedgerAccount) throws {
        guard points > 0 else { return }
        let isDebt = account == .memberDebt
        try post(isDebt ? .merged : account, isDebt ? account : .merged, points, [], &from, "out")
        try post(isDebt ? account : .merged, isDebt ? .merged : account, points, [], &into, "in")
    }

    private func post(
        _ from: LedgerAccount, _ to: LedgerAccount, _ points: Int64, _ lots: [LotMove], _ ledger: inout PointsLedger, _ side: String
    ) throws {
        let account = from == .merged ? to : from
        try ledger.post(
            .merged, from: from, to: to, points: points, lots: lots,
            cause: "merge:\(plan.from.account.memberID):\(account.rawValue):\(side)", at: change.now, origin: EntryOrigin())
    }

    /// What the one owed, the other's points pay.
    private mutating func settleDebt() throws {
        guard into.account.counters.debt > 0 else { return }
        let active = try LotStore.open(into.account.memberID, change.db).map(\.lot).filter { $0.state == .active && !$0.isPast(change.now) }
        for var lot in active.inSpendOrder where into.account.counters.debt > 0 {
            try into.fillDebt(
                from: &lot, cause: "merge:\(plan.from.account.memberID):\(lot.id)", at: change.now, EntryOrigin())
            try LotStore.update(lot, change.db)
        }
    }
}

/// What became of a member's points for good, by the ledger.
private struct PointsHistory {
    private(set) var redeemed: Int64 = 0
    private(set) var expired: Int64 = 0
    /// By hand.
    private(set) var taken: Int64 = 0

    init(_ memberID: String, _ db: SQLConnection) throws {
        let sums = try db.all(
            """
            SELECT from_account, to_account, CAST(SUM(points) AS BIGINT) FROM ledger_entries WHERE member_id = \(memberID)
            GROUP BY from_account, to_account
            """
        ) { (from: LedgerAccount(rawValue: $0.text(0)), to: LedgerAccount(rawValue: $0.text(1)), points: $0.int(2)) }
        for sum in sums {
            if sum.to == .redeemed { redeemed += sum.points }
            if sum.from == .redeemed { redeemed -= sum.points }
            if sum.to == .expired { expired += sum.points }
            if sum.from == .expired { expired -= sum.points }
            if sum.to == .adjusted { taken += sum.points }
            if sum.from == .adjusted, sum.to == .merged { taken -= sum.points }
        }
    }
}
