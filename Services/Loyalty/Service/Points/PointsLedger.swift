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
                chain = \(account.chain), turn_at = \(account.turnAt), turned_at = \(account.turnedAt), last_active_at = \(account.lastActiveAt)
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

    /// Has the member's turn come in time for the first notice of what a lot holds.
    mutating func wake(for notices: ExpiryNotices, of lot: Lot) throws {
        guard lot.remaining > 0, let expiresAt = lot.expiresAt else { return }
        if let first = notices.moments(before: expiresAt).map(\.at).filter({ $0 > change.now }).min() { try wake(at: first) }
    }

    /// The turn that was due has come: all that time does is done up to `time`, and the next one is asked for anew.
    mutating func turned(at time: Timestamp) {
        account.turnAt = nil
        account.turnedAt = max(account.turnedAt ?? time, time)
        isChanged = true
    }

    /// The member did something at `time`: what would go by inactivity goes that much later.
    mutating func wasActive(at time: Timestamp) throws {
        guard account.lastActiveAt.map({ time > $0 }) ?? true else { return }
        account.lastActiveAt = time
        isChanged = true
        try moveIdleExpiry()
    }

    /// The same for a member who has taken over another's points: what either did last counts for all of them.
    mutating func resumeActivity(_ time: Timestamp?) throws {
        account.lastActiveAt = [account.lastActiveAt, time].compactMap { $0 }.max()
        isChanged = true
        try moveIdleExpiry()
    }

    private func moveIdleExpiry() throws {
        for record in try LotStore.idle(account.memberID, db) where record.lot.state == .active {
            var lot = record.lot
            lot.expiresAt = try idleExpiry(lot) ?? lot.expiresAt
            if lot != record.lot { try LotStore.update(lot, db) }
        }
    }

    /// When a lot goes by inactivity as things stand: counted from what the member did last, or from the lot's activation where that is later.
    func idleExpiry(_ lot: Lot) throws -> Timestamp? {
        guard let months = lot.idleMonths, let activeAt = lot.activeAt else { return nil }
        let since = max(activeAt, account.lastActiveAt ?? activeAt)
        return ExpiryPolicy.idle(since: since, months: months, zone: Zones.rules(try ProgrammeStore.present(db).timezone))
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
    /// Answers the lot as it stands then. What a rule gives shows that the member was active when it was earned.
    mutating func credit(
        _ points: Int64, dates: LotDates, from source: LedgerAccount = .issued, kind: LedgerEntry.Kind = .earned, cause: String,
        postingKey: String,
        origin: EntryOrigin
    ) throws -> (record: LotRecord, entry: LedgerEntry, expired: Int64) {
        if origin.ruleID != nil { try wasActive(at: dates.earnedAt) }
        let isPending = dates.isPending(at: change.now)
        let lotID = TypeID.make("lot", at: change.now)
        let entry = try post(
            kind, from: source, to: isPending ? .memberPending : .memberActive, points: points, lots: [LotMove(lot: lotID, points: points)],
            cause: postingKey, at: dates.earnedAt, origin: origin)
        var lot = Lot(
            id: lotID, points: points, remaining: points, state: isPending ? .pending : .active, earnedAt: dates.earnedAt,
            activeAt: dates.activeAt, expiresAt: dates.expiresAt, idleMonths: dates.idleMonths, wait: isPending ? dates.wait : nil)
        if dates.idleMonths != nil { lot.expiresAt = try idleExpiry(lot) }
        var expired: Int64 = 0
        if isPending {
            if let activeAt = dates.activeAt { try wake(at: activeAt) }
        } else {
            try fillDebt(from: &lot, cause: lot.id, at: dates.activeAt ?? change.now, origin)
            try wake(for: dates.notices, of: lot)
            expired = try expireIfDue(&lot, origin)
        }
        let record = LotRecord(
            lot: lot, memberID: account.memberID, cause: cause, orderID: origin.orderID, ruleID: origin.ruleID,
            ruleVersion: origin.ruleVersion)
        try LotStore.insert(record, db)
        return (record, entry, expired)
    }

    /// Makes a pending lot spendable at `activeAt`, its own moment or the one that its order's delivery gave it. Answers what became active. What of
    /// it runs out runs out in its own turn.
    mutating func activate(_ record: LotRecord) throws -> (active: Int64, lot: Lot) {
        var lot = record.lot
        guard lot.state == .pending, lot.remaining > 0, let activeAt = lot.activeAt else { return (0, lot) }
        let points = lot.remaining
        try post(
            .activated, from: .memberPending, to: .memberActive, points: points, lots: [LotMove(lot: lot.id, points: points)],
            cause: "activate:\(lot.id)", at: activeAt, origin: record.origin)
        lot.state = .active
        lot.wait = nil
        lot.expiresAt = try idleExpiry(lot) ?? lot.expiresAt
        try fillDebt(from: &lot, cause: lot.id, at: activeAt, record.origin)
        try LotStore.update(lot, db)
        return (points, lot)
    }

    /// A debt takes from new points first, and from those that come back.
    mutating func fillDebt(from lot: inout Lot, cause: String, at time: Timestamp, _ origin: EntryOrigin) throws {
        let points = min(account.counters.debt, lot.remaining)
        guard points > 0 else { return }
        try post(
            .debtFilled, from: .memberActive, to: .memberDebt, points: points, lots: [LotMove(lot: lot.id, points: points)],
            cause: "fill:\(cause)", at: time, origin: origin)
        lot.remaining -= points
    }

    // MARK: - Out

    private mutating func expireIfDue(_ lot: inout Lot, _ origin: EntryOrigin) throws -> Int64 {
        guard let expiresAt = lot.expiresAt, lot.remaining > 0 else { return 0 }
        guard expiresAt <= change.now else {
            try wake(at: expiresAt)
            return 0
        }
        return try runOut(&lot, cause: lot.id, at: expiresAt, origin)
    }

    /// What is left of a lot goes. Answers how many points.
    mutating func runOut(_ lot: inout Lot, cause: String, at time: Timestamp, _ origin: EntryOrigin) throws -> Int64 {
        let points = lot.remaining
        try post(
            .expired, from: .memberActive, to: .expired, points: points, lots: [LotMove(lot: lot.id, points: points)],
            cause: "expire:\(cause)", at: time, origin: origin)
        lot.remaining = 0
        return points
    }

    /// Expires what is left of an active lot whose time has come. Answers how many points went.
    mutating func expire(_ record: LotRecord) throws -> Int64 {
        var lot = record.lot
        guard lot.state == .active, lot.remaining > 0 else { return 0 }
        let points = try expireIfDue(&lot, record.origin)
        if points > 0 { try LotStore.update(lot, db) }
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
        guard let moves = try spendable(points) else { return nil }
        let id = TypeID.make("txn", at: change.now)
        return try take(moves, kind, from: .memberActive, to: account, cause: "adjust:\(id)", at: change.now, origin, id: id)
    }

    /// The lots that so many points are spent from, shortest expiry first; nil where there are not enough.
    func spendable(_ points: Int64) throws -> [LotMove]? {
        guard points <= account.counters.balance else { return nil }
        // A lot whose time has come is not spent in the moment before its timer runs.
        let open = try LotStore.open(account.memberID, db).filter { $0.lot.state == .active && !$0.lot.isPast(change.now) }
        var missing = points
        let moves = open.map(\.lot).inSpendOrder.taking(&missing)
        return missing == 0 ? moves : nil
    }

    @discardableResult
    private mutating func take(
        _ moves: [LotMove], _ kind: LedgerEntry.Kind, from: LedgerAccount, to: LedgerAccount, cause: String, at: Timestamp,
        _ origin: EntryOrigin, id: String? = nil
    ) throws -> LedgerEntry? {
        guard !moves.isEmpty else { return nil }
        for move in moves { try LotStore.take(move.points, from: move.lot, db) }
        return try post(kind, from: from, to: to, points: moves.points, lots: moves, cause: cause, at: at, origin: origin, id: id)
    }
}

extension LotRecord {
    var origin: EntryOrigin { EntryOrigin(orderID: orderID, ruleID: ruleID, ruleVersion: ruleVersion) }
}
