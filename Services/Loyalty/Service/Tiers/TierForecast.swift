import LoyaltyDomain
import Shared
import SharedStore

/// A member's tier as it is, and as it would be with something more that counts. Nothing is written.
struct TierForecast {
    let present: TierTimeline
    let coming: TierTimeline

    /// `record` is nil for whom nobody knows.
    init(_ record: TierRecord?, adding more: TierFacts, _ catalogue: Catalogue, now: Timestamp, _ db: SQLConnection) throws {
        let ladder = catalogue.ladder
        var facts = TierFacts()
        var anchor: TierAnchor?
        var from = now
        if let record {
            anchor = TierJudgement.anchor(of: record, ladder, now: now)
            facts = try TierStore.facts(record, catalogue, db)
            from = anchor?.at ?? TierJudgement.begin(record, facts)
        }
        let (start, until) = (anchor?.state ?? TierState(), max(now, from))
        present = TierTimeline(facts, ladder, start: start, from: from, until: until)
        facts.points += more.points
        facts.spent += more.spent
        coming = TierTimeline(facts, ladder, start: start, from: from, until: until)
    }
}
