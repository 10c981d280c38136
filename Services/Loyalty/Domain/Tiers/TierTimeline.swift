public import Shared

/// Where a member stands on the ladder.
public struct TierState: Sendable, Equatable {
    /// Below the threshold of the tier that is held: since when, and from when it is one step less. The date was told, and stays.
    public struct Risk: Sendable, Equatable {
        public var fellAt: Timestamp
        public var dueAt: Timestamp

        public init(fellAt: Timestamp, dueAt: Timestamp) {
            self.fellAt = fellAt
            self.dueAt = dueAt
        }
    }

    public var tierID: String?
    /// Since when it is this tier, or none; nil while there was never any.
    public var since: Timestamp?
    public var risk: Risk?

    public init(tierID: String? = nil, since: Timestamp? = nil, risk: Risk? = nil) {
        self.tierID = tierID
        self.since = since
        self.risk = risk
    }
}

/// A member's way over the ladder, replayed from what counts for it.
///
/// Up at once, to the highest tier that they qualify for. Who no longer qualifies for the tier held is at risk from that moment; back over the
/// threshold within the grace ends that, and after it the member is one step lower, where the next step has a grace of its own. The end of a
/// subscription leads to the highest tier that is earned. The state at a moment depends on the facts, the ladder and where it went on from, never on
/// when or in which order the facts became known; a replay in two halves ends where one does.
public struct TierTimeline: Sendable {
    public enum Kind: String, Sendable { case upgraded, downgraded, atRisk, recovered }

    public struct Change: Sendable, Equatable {
        public let kind: Kind
        public let at: Timestamp
        public let from: String?
        public let to: String?
        /// What is missing to keep the tier held.
        public let remaining: Int64
        public let after: TierState
    }

    /// At `until`.
    public let state: TierState
    /// Up to `until`, oldest first.
    public let changes: [Change]
    /// The next moment at which time alone changes something; nil for never.
    public let next: Timestamp?
    private let ladder: TierLadder
    private let levels: [Int128]

    /// Goes on from `start`, the state at `from`, up to and including `until`.
    public init(_ facts: TierFacts, _ ladder: TierLadder, start: TierState = TierState(), from: Timestamp, until: Timestamp) {
        var steps: [TierGauge.Step] = []
        for (index, gauge) in ladder.gauges.enumerated() { gauge.steps(facts, zone: ladder.zone, gauge: index, into: &steps) }
        steps.sort { $0.at < $1.at }
        var climb = Climb(ladder, start)
        var next: Timestamp?
        var reached: (state: TierState, levels: [Int128], count: Int)?
        var cursor = 0
        var moment = from
        while true {
            while cursor < steps.count, steps[cursor].at <= moment {
                climb.levels[steps[cursor].gauge] += Int128(steps[cursor].amount)
                cursor += 1
            }
            climb.settle(at: moment)
            if let reached, climb.changes.count > reached.count {
                next = moment
                break
            }
            let due = [cursor < steps.count ? steps[cursor].at : nil, climb.state.risk?.dueAt].compactMap { $0 }.min()
            if reached == nil, due.map({ $0 > until }) ?? true { reached = (climb.state, climb.levels, climb.changes.count) }
            guard let due else { break }
            moment = due
        }
        state = reached?.state ?? climb.state
        levels = reached?.levels ?? climb.levels
        changes = Array(climb.changes.prefix(reached?.count ?? climb.changes.count))
        self.next = next
        self.ladder = ladder
    }

    /// What is missing to this tier's threshold, as measured in its own window; 0 for one that is held by subscription.
    public func remaining(to tier: Tier) -> Int64 {
        guard tier.plans == nil, let index = ladder.index(of: tier.id) else { return 0 }
        return Exact.clamp(max(0, Int128(tier.threshold) - levels[ladder.gaugeOf[index]]))
    }

    /// The state just after a moment, so far as this timeline reaches back.
    public func state(at time: Timestamp, start: TierState) -> TierState {
        changes.last { $0.at <= time }?.after ?? start
    }
}

/// The climbing itself.
private struct Climb {
    let ladder: TierLadder
    var levels: [Int128]
    var state: TierState
    var changes: [TierTimeline.Change] = []
    /// Where on the ladder; nil below it.
    private var index: Int?
    private var isStranded: Bool

    init(_ ladder: TierLadder, _ start: TierState) {
        self.ladder = ladder
        state = start
        levels = Array(repeating: 0, count: ladder.gauges.count)
        index = ladder.index(of: start.tierID)
        // The tier that was held is no more.
        isStranded = start.tierID != nil && index == nil
    }

    private func qualifies(_ index: Int) -> Bool {
        let tier = ladder.tiers[index]
        return levels[ladder.gaugeOf[index]] >= (tier.plans == nil ? Int128(tier.threshold) : 1)
    }

    mutating func settle(at moment: Timestamp) {
        while true {
            let top = ladder.tiers.indices.last(where: qualifies)
            if isStranded { return go(.downgraded, to: top, at: moment) }
            if let top, top > index ?? -1 { return go(.upgraded, to: top, at: moment) }
            guard let held = index, !qualifies(held) else {
                if state.risk != nil {
                    state.risk = nil
                    note(.recovered, from: state.tierID, at: moment)
                }
                return
            }
            let isNew = state.risk == nil
            let risk = state.risk ?? .init(fellAt: moment, dueAt: moment.adding(days: ladder.tiers[held].graceDays))
            state.risk = risk
            guard risk.dueAt <= moment else {
                if isNew { note(.atRisk, from: state.tierID, at: moment) }
                return
            }
            // What was held by subscription was no step that was earned.
            let isStep = ladder.tiers[held].plans == nil
            go(.downgraded, to: isStep ? (0..<held).last { ladder.tiers[$0].plans == nil || qualifies($0) } : top, at: moment)
        }
    }

    private mutating func go(_ kind: TierTimeline.Kind, to next: Int?, at moment: Timestamp) {
        let from = state.tierID
        index = next
        isStranded = false
        state = TierState(tierID: next.map { ladder.tiers[$0].id }, since: moment)
        note(kind, from: from, at: moment)
    }

    private mutating func note(_ kind: TierTimeline.Kind, from: String?, at moment: Timestamp) {
        var from = from
        // Several steps at one moment are one.
        if kind == .downgraded, let last = changes.last, last.kind == .downgraded, last.at == moment {
            from = last.from
            changes.removeLast()
        }
        let remaining = index.map { max(0, Int128(ladder.tiers[$0].threshold) - levels[ladder.gaugeOf[$0]]) } ?? 0
        changes.append(
            .init(kind: kind, at: moment, from: from, to: state.tierID, remaining: Exact.clamp(remaining), after: state))
    }
}
