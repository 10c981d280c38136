import LoyaltyDomain
import Shared
import SharedStore

/// A member's tier as the API answers it: as it is now, whether or not the background got to them.
struct TierAnswer {
    /// Nil below every tier.
    let tier: Tier?
    let since: Timestamp?
    let atRisk: (downgradeAt: Timestamp, remaining: Int64)?
    let perks: [TierPerk]
    /// The tier to reach next by earning or spending, and what is missing.
    let next: (tier: Tier, remaining: Int64)?

    init(_ customerID: String, _ catalogue: Catalogue, now: Timestamp, _ db: SQLConnection) throws {
        guard !catalogue.ladder.tiers.isEmpty, let record = try TierStore.find(customerID, db) else {
            tier = nil
            since = nil
            atRisk = nil
            perks = []
            next = nil
            return
        }
        let timeline = try TierJudgement(record, catalogue, at: now, now: now, db).timeline
        let held = catalogue.tier(timeline.state.tierID)
        tier = held
        since = timeline.state.since
        atRisk = timeline.state.risk.map { ($0.dueAt, held.map(timeline.remaining) ?? 0) }
        perks = held?.perks ?? []
        next = catalogue.ladder.next(after: timeline.state.tierID).map { ($0, timeline.remaining(to: $0)) }
    }

    var json: JSON {
        guard let tier else { return .null }
        return [
            "id": .string(tier.id), "name": .string(tier.name), "multiplier": .double(Double(tier.multiplier) / 100), "since": .from(since),
            "at_risk": atRisk.map { ["downgrade_at": .from($0.downgradeAt), "remaining": .int($0.remaining)] } ?? .null,
            "perks": .array(perks.map(\.json)),
        ]
    }

    var nextJSON: JSON {
        guard let next else { return .null }
        return [
            "id": .string(next.tier.id), "name": .string(next.tier.name), "remaining": .int(next.remaining),
            "threshold": .int(next.tier.threshold), "basis": .string(next.tier.basis.rawValue), "window": next.tier.window.json,
        ]
    }
}
