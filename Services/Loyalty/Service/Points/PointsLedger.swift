import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// One member's account, open for posting within one write. Every change of points goes through ``post``: the entry, the chain and the counters move
/// together. To be closed with ``save()``.
struct PointsLedger {
    let change: Change
    private(set) var account: MemberAccount
    private var isChanged = false

    private var db: SQLConnection { change.db }

    init(_ account: MemberAccount, _ change: Change) {
        self.account = account
        self.change = change
    }

    /// Writes the counters and the head of the chain back.
    func save() throws {
        guard isChanged else { return }
        let counters = account.counters
        try db.execute(
            """
            UPDATE members SET active = \(counters.active), pending = \(counters.pending), reserved = \(counters.reserved), debt = \(counters.debt),
                lifetime_earned = \(counters.lifetimeEarned), lifetime_spent = \(counters.lifetimeSpent), entries = \(account.entries),
                chain = \(account.chain), turn_at = \(account.turnAt)
            WHERE customer_id = \(account.customerID)
            """)
    }

    // MARK: - Time

    /// Has the member's turn come at `time` at the latest. Nothing is written where it comes earlier anyway; a turn that finds nothing due is harmless.
    mutating func wake(at time: Timestamp) throws {
        guard account.turnAt.map({ time < $0 }) ?? true else { return }
        account.turnAt = time
        isChanged = true
        try change.schedule(MemberTurn.timer, key: account.memberID, at: time)
    }

    /// The turn that was due has come: the next one is asked for anew.
    mutating func turned() {
        account.turnAt = nil
        isChanged = true
    }

    @discardableResult
    mutating func post(
        _ kind: LedgerEntry.Kind, from: LedgerAccount, to: LedgerAccount, points: Int64, lots: [LotMove], cause: String, at: Timestamp,
        origin: EntryOrigin, id: String? = nil
    ) throws -> LedgerEntry {
        guard account.counters.count(from: from, to: to, points: points) else {
            throw EventRefusal("points_overflow", "more points than an account can hold")
        }
        let entry = LedgerEntry(
            id: id ?? TypeID.make("txn", at: change.now), memberID: account.memberID, sequence: account.entries + 1, kind: kind, from: from,
            to: to,
            points: points, lots: lots, cause: cause, at: at)
        account.chain = LedgerStore.hash(entry, after: account.chain)
        account.entries += 1
        isChanged = true
        try LedgerStore.insert(entry, origin, hash: account.chain, db)
        return entry
    }

    // MARK: - In

    /// Credits points as a new lot: pending until its time, active at once where that is past, and expired again where that is past too.
    /// Answers the lot as it stands then.
    mutating func credit(
        _ points: Int64, dates: LotDates, from source: LedgerAccount = .issued, kind: LedgerEntry.Kind = .earned, cause: String,
        postingKey: String,
        origin: EntryOrigin
    ) throws -> (record: LotRecord, entry: LedgerEntry, expired: Int64) {
        let isPending = dates.isPending(at: change.now)
        let lotID = TypeID.make("lot", at: change.now)
        let move = [LotMove(lot: lotID, points: points)]
        let entry = try post(
            kind, from: source, to: isPending ? .memberPending : .memberActive, points: points, lots: move, cause: postingKey,
            at: dates.earnedAt,
            origin: origin)
        var lot = Lot(
            id: lotID, points: points, remaining: points, state: isPending ? .pending : .active, earnedAt: dates.earnedAt,
            activeAt: dates.activeAt,
            expiresAt: dates.expiresAt)
        var expired: Int64 = 0
        if isPending {
            try wake(at: dates.activeAt)
        } else {
            lot.remaining -= try fillDebt(from: lot, origin)
            expired = try expireIfDue(&lot, origin)
        }
        let record = LotRecord(
            lot: lot, memberID: account.memberID, cause: cause, orderID: origin.orderID, ruleID: origin.ruleID,
            ruleVersion: origin.ruleVersion)
        try LotStore.insert(record, db)
        return (record, entry, expired)
    }

    /// Makes a pending lot spendable. Answers what became active and what of it expired at once.
    mutating func activate(_ record: LotRecord) throws -> (active: Int64, expired: Int64) {
        var lot = record.lot
        guard lot.state == .pending, lot.remaining > 0 else { return (0, 0) }
        let origin = record.origin
        let points = lot.remaining
        try post(
            .activated, from: .memberPending, to: .memberActive, points: points, lots: [LotMove(lot: lot.id, points: points)],
            cause: "activate:\(lot.id)", at: lot.activeAt, origin: origin)
        lot.state = .active
        lot.remaining -= try fillDebt(from: lot, origin)
        let expired = try expireIfDue(&lot, origin)
        try LotStore.activate(lot.id, filled: points - lot.remaining, db)
        return (points, expired)
    }

    /// A debt takes from new points first. Answers how many.
    private mutating func fillDebt(from lot: Lot, _ origin: EntryOrigin) throws -> Int64 {
        let points = min(account.counters.debt, lot.remaining)
        guard points > 0 else { return 0 }
        try post(
            .debtFilled, from: .memberActive, to: .memberDebt, points: points, lots: [LotMove(lot: lot.id, points: points)],
            cause: "fill:\(lot.id)", at: lot.activeAt, origin: origin)
        return points
    }

    // MARK: - Out

    private mutating func expireIfDue(_ lot: inout Lot, _ origin: EntryOrigin) throws -> Int64 {
        guard let expiresAt = lot.expiresAt, lot.remaining > 0 else { return 0 }
        guard expiresAt <= change.now else {
            try wake(at: expiresAt)
            return 0
        }
        let points = lot.remaining
        try post(
            .expired, from: .memberActive, to: .expired, points: points, lots: [LotMove(lot: lot.id, points: points)],
            cause: "expire:\(lot.id)",
            at: expiresAt, origin: origin)
        lot.remaining = 0
        return points
    }

    /// Expires what is left of an active lot whose time has come. Answers how many points went.
    mutating func expire(_ record: LotRecord) throws -> Int64 {
        var lot = record.lot
        guard lot.state == .active, lot.remaining > 0 else { return 0 }
        let points = try expireIfDue(&lot, record.origin)
        if points > 0 { try LotStore.take(points, from: lot.id, db) }
        return points
    }

    /// Takes back points of an accrual (a cause and a rule) or of a grant (a cause alone) as far as the policy goes. `at` dates it.
    mutating func clawback(
        _ points: Int64, cause: String, ruleID: String?, policy: ClawbackPolicy, at: Timestamp, postingKey: String, origin: EntryOrigin
    ) throws -> ClawbackPlan {
        let open = try LotStore.open(account.memberID, db)
        let own = open.filter { $0.cause == cause && $0.ruleID == ruleID }.map(\.lot)
        let plan = policy.plan(points, own: own, others: { open.map(\.lot) }, debt: account.counters.debt)
        try take(plan.pending, .clawedBack, from: .memberPending, to: .clawedBack, cause: postingKey + ":pending", at: at, origin)
        try take(plan.active, .clawedBack, from: .memberActive, to: .clawedBack, cause: postingKey + ":active", at: at, origin)
        if plan.debt > 0 {
            try post(
                .clawedBack, from: .memberDebt, to: .clawedBack, points: plan.debt, lots: [], cause: postingKey + ":debt", at: at,
                origin: origin)
        }
        return plan
    }

    /// Takes points off the balance, shortest expiry first; nil where there are not enough.
    mutating func deduct(_ points: Int64, to account: LedgerAccount, kind: LedgerEntry.Kind, origin: EntryOrigin) throws -> LedgerEntry? {
        // A lot whose time has come is not spent in the moment before its timer runs.
        let open = try LotStore.open(self.account.memberID, db)
            .filter { $0.lot.state == .active && ($0.lot.expiresAt.map { $0 > change.now } ?? true) }
        var missing = points
        let moves = open.map(\.lot).inSpendOrder.taking(&missing)
        guard missing == 0 else { return nil }
        let id = TypeID.make("txn", at: change.now)
        return try take(moves, kind, from: .memberActive, to: account, cause: "adjust:\(id)", at: change.now, origin, id: id)
    }

    @discardableResult
    private mutating func take(
        _ moves: [LotMove], _ kind: LedgerEntry.Kind, from: LedgerAccount, to: LedgerAccount, cause: String, at: Timestamp, _ origin: EntryOrigin, id: String? = nil
    ) throws -> LedgerEntry? {
        guard !moves.isEmpty else { return nil }
        for move in moves { try LotStore.take(move.points, from: move.lot, db) }
        return try post(kind, from: from, to: to, points: moves.points, lots: moves, cause: cause, at: at, origin: origin, id: id)
    }
}

extension LotRecord {
    var origin: EntryOrigin { EntryOrigin(orderID: orderID, ruleID: ruleID, ruleVersion: ruleVersion) }
}
