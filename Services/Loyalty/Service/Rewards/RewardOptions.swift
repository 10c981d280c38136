import LoyaltyDomain
import Shared
import SharedStore

/// How one member stands towards the rewards there are.
struct RewardOptions {
    let member: CustomerRecord
    let catalogue: Catalogue
    let now: Timestamp
    let db: SQLConnection
    private var facts: MemberFacts

    init(_ member: CustomerRecord, _ catalogue: Catalogue, now: Timestamp, _ db: SQLConnection) {
        self.member = member
        self.catalogue = catalogue
        self.now = now
        self.db = db
        facts = MemberFacts(member, catalogue, now: now, db)
    }

    /// Whether the member can have it, and for how many points. Only what the reward asks about is read.
    mutating func verdict(_ reward: CatalogueReward, _ request: RewardRequest) throws -> RewardVerdict {
        var standing = RewardStanding(
            balance: member.account.counters.balance, tierID: member.account.tierID, currency: catalogue.programme.currency)
        standing.stockLeft = try RewardStock.left(reward.id, db)
        if let limit = reward.perMember {
            standing.timesTaken = try RewardRedemptionStore.count(
                reward.id, memberID: member.account.memberID, since: limit.start(of: now, zone: catalogue.zone), db)
        }
        if !reward.segments.isEmpty {
            standing.isInSegment = try reward.segments.contains { try SegmentMembership.contains(member.customer.id, segment: $0, db) }
        }
        if let conditions = reward.conditions {
            standing.meetsConditions = conditions.verdict(try facts.facts(for: conditions.roots)).holds
        }
        return RewardVerdict(reward, standing, request, now: now)
    }

    /// Every reward of the catalogue with its verdict, cheapest first.
    mutating func all(_ request: RewardRequest) throws -> [(reward: CatalogueReward, verdict: RewardVerdict)] {
        var options: [(reward: CatalogueReward, verdict: RewardVerdict)] = []
        for reward in catalogue.rewards { options.append((reward, try verdict(reward, request))) }
        return options.sorted { ($0.verdict.points, $0.reward.id) < ($1.verdict.points, $1.reward.id) }
    }
}
