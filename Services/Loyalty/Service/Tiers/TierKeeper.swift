import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Keeps members' tiers true.
struct TierKeeper {
    let catalogue: Catalogue

    private var ladder: TierLadder { catalogue.ladder }

    /// Looks at a member's tier again, as of now or of an earlier `moment`; true where it is another one now. In the member's turn the turn itself sees
    /// to coming back. Without tiers it costs nothing.
    @discardableResult
    func update(
        _ customerID: String, _ changes: MemberChanges, _ change: Change, at moment: Timestamp? = nil, inTurn: Bool = false
    ) throws -> Bool {
        let isCertain = !changes.isDisjoint(with: [.orders, .standing]) || inTurn
        guard !ladder.tiers.isEmpty || (ladder.revision > 0 && isCertain) else { return false }
        guard let record = try TierStore.find(customerID, change.db) else { return false }
        let now = moment ?? change.now
        let isStale = record.revision != ladder.revision
        let isDue = record.nextAt.map { $0 <= now } ?? false
        guard isCertain || isStale || isDue || record.entries != record.judgedEntries else { return false }

        let judgement = try TierJudgement(record, catalogue, at: now, now: change.now, change.db)
        let state = judgement.timeline.state
        let next = judgement.timeline.next
        let isEarlier = next.map { $0 < record.nextAt ?? .never } ?? false
        if state != record.state || !judgement.news.isEmpty || isStale || isDue || isEarlier || !isCertain {
            var after = record
            after.state = state
            after.anchor = judgement.anchor
            after.revision = ladder.revision
            after.seenAt = max(judgement.until, record.seenAt ?? judgement.until)
            after.nextAt = next
            after.judgedEntries = record.entries
            if !inTurn, let next, next < record.turnAt ?? .never {
                after.turnAt = next
                try change.schedule(MemberTurn.timer, key: record.memberID, at: next)
            }
            try TierStore.save(after, change.db)
        }
        try TierNews(catalogue: catalogue, customerID: customerID, change: change).emit(judgement.news)
        return state.tierID != record.state.tierID
    }

    /// When the member's tier is to be looked at next because of time alone.
    func nextDue(_ customerID: String, _ db: SQLConnection) throws -> Timestamp? {
        ladder.tiers.isEmpty ? nil : try TierStore.nextAt(customerID, db)
    }

    /// The tier that a member holds at a moment, what happened at that very moment counted: what carts and rewards are asked by.
    func held(by account: MemberAccount, at time: Timestamp, _ db: SQLConnection) throws -> Tier? {
        try tier(of: account, at: time.adding(milliseconds: 1), db)
    }

    /// The tier that counted for a member at a moment, what happened at that very moment not yet counted.
    func tier(of account: MemberAccount, at time: Timestamp, _ db: SQLConnection) throws -> Tier? {
        guard !ladder.tiers.isEmpty, let record = try TierStore.find(account.customerID, db) else { return nil }
        let isPresent = record.revision == ladder.revision && record.seenAt != nil && record.state.since.map { $0 < time } ?? true
        if isPresent, record.nextAt.map({ time <= $0 }) ?? true { return catalogue.tier(record.state.tierID) }
        return catalogue.tier(try TierJudgement.tierID(of: record, catalogue, before: time, db))
    }
}

/// What a member's tier is by all that is known of them now.
struct TierJudgement {
    let timeline: TierTimeline
    /// Where judging went on from; nil: from the beginning.
    let anchor: TierAnchor?
    let until: Timestamp
    /// What changed since the member was last judged.
    let news: [TierNews.Item]

    /// As of `moment`, and what is new then; `now` is what the clock says. `supposed` is what would be known besides.
    init(
        _ record: TierRecord, _ catalogue: Catalogue, at moment: Timestamp, now: Timestamp, supposed: TierFacts = TierFacts(), _ db: SQLConnection
    ) throws {
        let ladder = catalogue.ladder
        let isStale = record.revision != ladder.revision
        let anchor = Self.anchor(of: record, ladder, now: now)
        self.anchor = anchor
        var facts = try TierStore.facts(record, catalogue, db)
        facts.points += supposed.points
        facts.spent += supposed.spent
        let begin = anchor?.at ?? Self.begin(record, facts)
        let start = anchor?.state ?? TierState()
        until = max(moment, begin)
        let timeline = TierTimeline(facts, ladder, start: start, from: begin, until: until)
        self.timeline = timeline
        guard let seen = isStale ? anchor?.at.adding(milliseconds: -1) : record.seenAt else {
            news = timeline.changes.compactMap { .init($0, isByDefinition: false) }
            return
        }
        var news = timeline.changes.filter { $0.at > seen }.compactMap { TierNews.Item($0, isByDefinition: isStale && $0.at == anchor?.at) }
        // Late news may have changed what was so already when the member was last judged.
        let corrected = isStale ? record.state : timeline.state(at: seen, start: start)
        if let correction = TierNews.Item(from: record.state, to: corrected, timeline, ladder) { news.insert(correction, at: 0) }
        self.news = news
    }

    /// The tier held just before `time`.
    static func tierID(of record: TierRecord, _ catalogue: Catalogue, before time: Timestamp, _ db: SQLConnection) throws -> String? {
        let ladder = catalogue.ladder
        let anchor = anchor(of: record, ladder, now: nil)
        let until = time.adding(milliseconds: -1)
        // What was held when the tiers were last changed is known as far back as it was held.
        if let anchor, until < anchor.at, anchor.state.since.map({ $0 < time }) ?? true { return anchor.state.tierID }
        let facts = try TierStore.facts(record, catalogue, db)
        if let anchor, until >= anchor.at {
            return TierTimeline(facts, ladder, start: anchor.state, from: anchor.at, until: until).state.tierID
        }
        let begin = begin(record, facts)
        if begin <= until { return TierTimeline(facts, ladder, from: begin, until: until).state.tierID }
        // Before anything was known of the member: what one begins with.
        return TierTimeline(TierFacts(), ladder, from: until, until: until).state.tierID
    }

    /// Where judging a member by this ladder goes on from.
    static func anchor(of record: TierRecord, _ ladder: TierLadder, now: Timestamp?) -> TierAnchor? {
        record.revision != ladder.revision ? record.anchored(at: ladder, now: now) : record.anchor
    }

    static func begin(_ record: TierRecord, _ facts: TierFacts) -> Timestamp {
        min(record.enrolledAt, facts.first ?? record.enrolledAt)
    }
}

extension Timestamp {
    static let never = Timestamp(milliseconds: .max)
}
