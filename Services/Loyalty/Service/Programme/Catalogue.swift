import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore
import Synchronization

/// One configuration of the programme: its settings, and the rules, tiers, rewards and offers in force.
struct Catalogue: Sendable {
    /// Counts the configurations; an order remembers the one it was paid under.
    let config: Int64
    let token: String
    let programme: Programme
    let programmeVersion: Int64
    let zone: ZoneRules
    let rules: [EarningRule]
    let rulesByTrigger: [String: [EarningRule]]
    /// Lowest first.
    let tiers: [Tier]
    let rewards: [CatalogueReward]
    let offers: [Offer]
    let ladder: TierLadder
    let segments: SegmentCatalogue

    init(
        config: Int64, token: String, programme: Programme, programmeVersion: Int64, rules: [EarningRule], tiers: [Tier],
        rewards: [CatalogueReward], offers: [Offer], ladderRevision: Int64 = 0, ladderChangedAt: Timestamp = .epoch,
        segments: SegmentCatalogue = .none
    ) {
        self.config = config
        self.token = token
        self.programme = programme
        self.programmeVersion = programmeVersion
        self.rules = rules
        self.rewards = rewards
        self.offers = offers
        self.segments = segments
        zone = Zones.rules(programme.timezone)
        ladder = TierLadder(tiers, zone: zone, revision: ladderRevision, changedAt: ladderChangedAt)
        self.tiers = ladder.tiers
        rulesByTrigger = Dictionary(grouping: rules, by: \.trigger)
    }

    /// The tier of this id; nil for none, and for one that is no more.
    func tier(_ id: String?) -> Tier? { id.flatMap { id in tiers.first { $0.id == id } } }
}

/// Configurations in memory, each read once. Which one is the present one is asked in the transaction that uses it, by a token that is never used
/// twice; so neither a rollback nor another replica's change can leave a stale one behind.
final class CatalogueCache: Sendable {
    private struct State {
        var present: Catalogue?
        var earlier: [Int64: [EarningRule]] = [:]
        var versions: [String: EarningRule] = [:]
    }

    private let state = Mutex(State())
    private static let limit = 256

    func current(_ db: SQLConnection) throws -> Catalogue {
        let head = try db.first("SELECT config, token, programme_version, currency FROM loyalty_state WHERE state_id = 1") { row in
            (config: row.int(0), token: row.text(1), version: row.int(2), currency: row.textOrNil(3))
        }
        guard let head else { throw StoreError.misuse("the programme was never prepared") }
        if let present = state.withLock({ $0.present }), present.token == head.token { return present }
        let programme = try ProgrammeStore.programme(version: head.version, currency: head.currency, db)
        let ladder = try db.first("SELECT revision, changed_at FROM tier_ladder WHERE state_id = 1") { ($0.int(0), $0.time(1)) }
        let catalogue = Catalogue(
            config: head.config, token: head.token, programme: programme, programmeVersion: head.version,
            rules: try DefinitionStore.live(EarningRule.self, at: nil, db), tiers: try DefinitionStore.live(Tier.self, at: nil, db),
            rewards: try DefinitionStore.live(CatalogueReward.self, at: nil, db), offers: try DefinitionStore.live(Offer.self, at: nil, db),
            ladderRevision: ladder?.0 ?? 0, ladderChangedAt: ladder?.1 ?? .epoch, segments: try SegmentStore.catalogue(db))
        // What was kept of earlier configurations may have been seen in a transaction that came to nothing, and their numbers be others' by now.
        state.withLock { $0 = State(present: catalogue) }
        return catalogue
    }

    /// The rules with this trigger that were in force at an earlier configuration.
    func rules(trigger: String, at config: Int64, present: Catalogue, _ db: SQLConnection) throws -> [EarningRule] {
        if config == present.config { return present.rulesByTrigger[trigger] ?? [] }
        if let known = state.withLock({ $0.earlier[config] }) { return known.filter { $0.trigger == trigger } }
        let rules = try DefinitionStore.live(EarningRule.self, at: config, db)
        state.withLock { state in
            if state.earlier.count >= Self.limit { state.earlier.removeAll() }
            state.earlier[config] = rules
        }
        return rules.filter { $0.trigger == trigger }
    }

    /// The rule as it was in one version; nil where there is none such.
    func rule(_ id: String, version: Int64, present: Catalogue, _ db: SQLConnection) throws -> EarningRule? {
        if let rule = present.rules.first(where: { $0.id == id && $0.version == version }) { return rule }
        let key = "\(id)/\(version)"
        if let known = state.withLock({ $0.versions[key] }) { return known }
        guard let rule = try DefinitionStore.find(EarningRule.self, id, version: version, db) else { return nil }
        state.withLock { state in
            if state.versions.count >= Self.limit { state.versions.removeAll() }
            state.versions[key] = rule
        }
        return rule
    }

    /// The first order's currency becomes the programme's.
    func setCurrency(_ currency: Currency, _ change: Change) throws {
        try change.db.execute(
            "UPDATE loyalty_state SET currency = \(currency.code), token = \(TypeID.make("cfg", at: change.now)) WHERE state_id = 1")
    }
}
