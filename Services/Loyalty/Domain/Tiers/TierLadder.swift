public import Shared

/// The tiers of a programme from the lowest to the highest.
///
/// Tiers with a threshold stand by their threshold; one held by subscription stands above those that multiply no more than it does. Members hold the
/// highest for which they qualify.
public struct TierLadder: Sendable {
    public let tiers: [Tier]
    public let zone: ZoneRules
    /// Counts the changes of what decides who holds which tier: of tiers, of the programme's zone and currency.
    public let revision: Int64
    /// When the last of them was made.
    public let changedAt: Timestamp
    let gauges: [TierGauge]
    /// Which gauge tells for each tier.
    let gaugeOf: [Int]

    public init(_ tiers: [Tier], zone: ZoneRules, revision: Int64 = 0, changedAt: Timestamp = .epoch) {
        let ordered = Self.ordered(tiers)
        self.tiers = ordered
        self.zone = zone
        self.revision = revision
        self.changedAt = changedAt
        var gauges: [TierGauge] = []
        gaugeOf = ordered.map { tier in
            let gauge = TierGauge(tier)
            if let known = gauges.firstIndex(of: gauge) { return known }
            gauges.append(gauge)
            return gauges.count - 1
        }
        self.gauges = gauges
    }

    private static func ordered(_ tiers: [Tier]) -> [Tier] {
        var ladder = tiers.filter { $0.plans == nil }.sorted { ($0.threshold, $0.id) < ($1.threshold, $1.id) }
        for tier in tiers.filter({ $0.plans != nil }).sorted(by: { ($0.multiplier, $0.id) < ($1.multiplier, $1.id) }) {
            let above = ladder.lastIndex { $0.multiplier <= tier.multiplier }
            ladder.insert(tier, at: above.map { $0 + 1 } ?? 0)
        }
        return ladder
    }

    public func index(of id: String?) -> Int? { id.flatMap { id in tiers.firstIndex { $0.id == id } } }

    public func needs(_ basis: Tier.Basis) -> Bool { tiers.contains { $0.plans == nil && $0.basis == basis } }
    public var needsSubscriptions: Bool { tiers.contains { $0.plans != nil } }

    /// The tier to reach next by earning or spending.
    public func next(after id: String?) -> Tier? {
        let from = index(of: id).map { $0 + 1 } ?? 0
        return tiers[from...].first { $0.plans == nil }
    }
}

/// What is measured for one or more tiers.
enum TierGauge: Hashable, Sendable {
    case sum(Tier.Basis, Tier.Window)
    /// How many subscriptions to these plans run.
    case subscriptions([String])

    init(_ tier: Tier) {
        self = tier.plans.map { .subscriptions($0.sorted()) } ?? .sum(tier.basis, tier.window)
    }

    struct Step {
        let at: Timestamp
        let gauge: Int
        let amount: Int64
    }

    /// Every moment at which the gauge moves, and by how much. A credit leaves a rolling window so many times 24 hours after its moment,
    /// and a calendar year at the midnight in the programme's zone with which the next one begins.
    func steps(_ facts: TierFacts, zone: ZoneRules, gauge: Int, into steps: inout [Step]) {
        switch self {
        case .sum(let basis, let window):
            var years: [Int: Timestamp] = [:]
            for credit in facts.credits(basis) where credit.amount != 0 {
                let end = Self.end(credit.at, window, zone, &years)
                if let end, end <= credit.since { continue }
                steps.append(Step(at: credit.since, gauge: gauge, amount: credit.amount))
                if let end { steps.append(Step(at: end, gauge: gauge, amount: -credit.amount)) }
            }
        case .subscriptions(let plans):
            for span in facts.subscriptions where plans.contains(span.plan) {
                if let until = span.until, until <= span.from { continue }
                steps.append(Step(at: span.from, gauge: gauge, amount: 1))
                if let until = span.until { steps.append(Step(at: until, gauge: gauge, amount: -1)) }
            }
        }
    }

    private static func end(_ at: Timestamp, _ window: Tier.Window, _ zone: ZoneRules, _ years: inout [Int: Timestamp]) -> Timestamp? {
        switch window {
        case .lifetime: return nil
        case .rollingDays(let days): return at.adding(days: days)
        case .calendarYear:
            let year = zone.local(at).date.year
            if let known = years[year] { return known }
            guard let next = CivilDate(year: year + 1, month: 1, day: 1) else { return nil }
            let end = zone.instant(next, millisecondOfDay: 0)
            years[year] = end
            return end
        }
    }
}
