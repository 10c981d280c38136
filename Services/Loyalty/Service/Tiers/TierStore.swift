import LoyaltyDomain
import Shared
import SharedStore

/// From where judging a member goes on: what they held when the tiers were last changed. What was before is not judged again.
struct TierAnchor: Equatable {
    let state: TierState
    let at: Timestamp

    init(_ state: TierState, at: Timestamp) {
        self.state = state
        self.at = at
    }

    init?(_ json: JSON) {
        guard let at = json["at"]?.int else { return nil }
        func time(_ name: String) -> Timestamp? { json[name]?.int.map(Timestamp.init(milliseconds:)) }
        var state = TierState(tierID: json["tier"]?.string, since: time("since"))
        if let fellAt = time("fell_at"), let dueAt = time("due_at") { state.risk = .init(fellAt: fellAt, dueAt: dueAt) }
        self.init(state, at: Timestamp(milliseconds: at))
    }

    var json: JSON {
        [
            "at": .int(at.milliseconds), "tier": .from(state.tierID), "since": state.since.map { .int($0.milliseconds) } ?? .null,
            "fell_at": state.risk.map { .int($0.fellAt.milliseconds) } ?? .null,
            "due_at": state.risk.map { .int($0.dueAt.milliseconds) } ?? .null,
        ]
    }
}

/// What is kept of a member's tier.
struct TierRecord {
    let customerID: String
    let memberID: String
    let enrolledAt: Timestamp
    var state: TierState
    var nextAt: Timestamp?
    var seenAt: Timestamp?
    var revision: Int64
    /// The ledger's entries, and how many of them were there when the tier was last judged.
    let entries: Int64
    var judgedEntries: Int64
    var anchor: TierAnchor?
    var turnAt: Timestamp?

    /// Where a member judged by an earlier ladder goes on from. Who came after the change was never judged by another: from the beginning; and so is
    /// everybody whom a sandbox's clock, set back after the tiers were made, would have come before.
    func anchored(at ladder: TierLadder, now: Timestamp?) -> TierAnchor? {
        if revision == 0, let now, ladder.changedAt > now { return nil }
        // Ids of members sort by when they were made; the first characters are the milliseconds.
        let length = "mbr_".utf8.count + 10
        let isKnown = memberID.prefix(length) < TypeID.make("mbr", at: ladder.changedAt).prefix(length)
        return revision > 0 || isKnown ? TierAnchor(state, at: max(ladder.changedAt, seenAt ?? ladder.changedAt)) : nil
    }
}

/// Members' tiers in the store.
enum TierStore {
    static func find(_ customerID: String, _ db: SQLConnection) throws -> TierRecord? {
        try db.first(
            """
            SELECT member_id, enrolled_at, tier_id, tier_since, tier_fell_at, tier_due_at, tier_next_at, tier_seen_at, tier_revision, entries,
                tier_entries, tier_anchor, turn_at
            FROM members WHERE customer_id = \(customerID)
            """
        ) { row in
            var state = TierState(tierID: row.textOrNil(2), since: row.timeOrNil(3))
            if let fellAt = row.timeOrNil(4), let dueAt = row.timeOrNil(5) { state.risk = .init(fellAt: fellAt, dueAt: dueAt) }
            return TierRecord(
                customerID: customerID, memberID: row.text(0), enrolledAt: row.time(1), state: state, nextAt: row.timeOrNil(6),
                seenAt: row.timeOrNil(7), revision: row.int(8), entries: row.int(9), judgedEntries: row.int(10),
                anchor: row.isNull(11) ? nil : TierAnchor(row.json(11)), turnAt: row.timeOrNil(12))
        }
    }

    static func nextAt(_ customerID: String, _ db: SQLConnection) throws -> Timestamp? {
        try db.first("SELECT tier_next_at FROM members WHERE customer_id = \(customerID)") { $0.timeOrNil(0) } ?? nil
    }

    static func save(_ record: TierRecord, _ db: SQLConnection) throws {
        let state = record.state
        try db.execute(
            """
            UPDATE members SET tier_id = \(state.tierID), tier_since = \(state.since), tier_fell_at = \(state.risk?.fellAt),
                tier_due_at = \(state.risk?.dueAt), tier_next_at = \(record.nextAt), tier_seen_at = \(record.seenAt),
                tier_revision = \(record.revision), tier_entries = \(record.judgedEntries), tier_anchor = \(record.anchor?.json),
                turn_at = \(record.turnAt)
            WHERE customer_id = \(record.customerID)
            """)
    }

    // MARK: - What counts

    /// What counts for a member by the present ladder: one read for each kind of thing that some tier measures.
    static func facts(_ record: TierRecord, _ catalogue: Catalogue, _ db: SQLConnection) throws -> TierFacts {
        let ladder = catalogue.ladder
        var facts = TierFacts()
        if ladder.needs(.pointsEarned) { facts.points = try EarnedCredits.of(record.memberID, db) }
        if ladder.needs(.amountSpent), let currency = catalogue.programme.currency {
            facts.spent = try SpentCredits.of(record.customerID, currency, db)
        }
        if ladder.needsSubscriptions { facts.subscriptions = try SubscriptionStore.spans(of: record.customerID, db) }
        return facts
    }
}
