import Shared

/// What makes members earn points: when something happens (`trigger`), if it meets the conditions, so many points, up to a cap.
public struct EarningRule: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable { case active, paused }

    /// What is added to the basis of an order.
    public enum Extra: String, Sendable, CaseIterable { case tax, shipping }

    public static let paid = "order.paid"
    public static let priorityRange: ClosedRange<Int64> = -1_000_000...1_000_000

    /// What a rule says. Rules are handed on by the dozen for every order: copying one is copying a reference.
    private struct Terms: Sendable, Equatable {
        let id: String
        let version: Int64
        var name: String
        var trigger: String
        var award: PointsAward
        var basis: Basis
        var conditions: Condition?
        var items: Condition?
        var include: Set<Extra> = []
        var isMultiplied: Bool
        var cap: MemberCap?
        var budget: MemberCap?
        var limits: RuleLimits?
        var group: String?
        var priority: Int64 = 0
        var expiry: ExpiryPolicy?
        var activation: Activation?
        var milestone: Milestone?
        var startsAt: Timestamp?
        var endsAt: Timestamp?
        var state: State
        var needs: Set<String>
        var fields: [String]
    }

    private final class Box: Sendable {
        let terms: Terms

        init(_ terms: Terms) { self.terms = terms }
    }

    private var box: Box

    private mutating func change(_ edit: (inout Terms) -> Void) {
        var terms = box.terms
        edit(&terms)
        box = Box(terms)
    }

    public static func == (a: EarningRule, b: EarningRule) -> Bool { a.box === b.box || a.box.terms == b.box.terms }

    public var id: String { box.terms.id }
    /// Counts the rule's changes from 1. What was earned names the version it was earned by.
    public var version: Int64 { box.terms.version }

    public var name: String {
        get { box.terms.name }
        set { change { $0.name = newValue } }
    }
    /// An event type. `order.paid` counts once per order, other events of an order once per order too, everything else once per event.
    public var trigger: String {
        get { box.terms.trigger }
        set { change { $0.trigger = newValue } }
    }
    public var award: PointsAward {
        get { box.terms.award }
        set { change { $0.award = newValue } }
    }
    public var basis: Basis {
        get { box.terms.basis }
        set { change { $0.basis = newValue } }
    }
    public var conditions: Condition? {
        get { box.terms.conditions }
        set {
            change {
                $0.conditions = newValue
                ($0.needs, $0.fields) = Self.asked(newValue)
            }
        }
    }
    /// Which of the order's lines count; nil for all.
    public var items: Condition? {
        get { box.terms.items }
        set { change { $0.items = newValue } }
    }
    public var include: Set<Extra> {
        get { box.terms.include }
        set { change { $0.include = newValue } }
    }
    /// Whether the member's tier multiplies what it gives.
    public var isMultiplied: Bool {
        get { box.terms.isMultiplied }
        set { change { $0.isMultiplied = newValue } }
    }
    /// The most for one member.
    public var cap: MemberCap? {
        get { box.terms.cap }
        set { change { $0.cap = newValue } }
    }
    /// The most for all members together.
    public var budget: MemberCap? {
        get { box.terms.budget }
        set { change { $0.budget = newValue } }
    }
    public var limits: RuleLimits? {
        get { box.terms.limits }
        set { change { $0.limits = newValue } }
    }
    /// Of the rules of one group and trigger only the first that matches counts.
    public var group: String? {
        get { box.terms.group }
        set { change { $0.group = newValue } }
    }
    /// Higher comes first.
    public var priority: Int64 {
        get { box.terms.priority }
        set { change { $0.priority = newValue } }
    }
    public var expiry: ExpiryPolicy? {
        get { box.terms.expiry }
        set { change { $0.expiry = newValue } }
    }
    public var activation: Activation? {
        get { box.terms.activation }
        set { change { $0.activation = newValue } }
    }
    public var milestone: Milestone? {
        get { box.terms.milestone }
        set { change { $0.milestone = newValue } }
    }
    /// Inclusive, on the order's placing or the event's time.
    public var startsAt: Timestamp? {
        get { box.terms.startsAt }
        set { change { $0.startsAt = newValue } }
    }
    /// Exclusive.
    public var endsAt: Timestamp? {
        get { box.terms.endsAt }
        set { change { $0.endsAt = newValue } }
    }
    public var state: State {
        get { box.terms.state }
        set { change { $0.state = newValue } }
    }

    /// The first names of the fields its conditions ask about.
    public var needs: Set<String> { box.terms.needs }
    /// The fields themselves.
    public var fields: [String] { box.terms.fields }

    public init(
        id: String, version: Int64, name: String, trigger: String, award: PointsAward, basis: Basis = .net, conditions: Condition? = nil,
        cap: MemberCap? = nil, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil, state: State = .active
    ) {
        let (needs, fields) = Self.asked(conditions)
        box = Box(
            Terms(
                id: id, version: version, name: name, trigger: trigger, award: award, basis: basis, conditions: conditions,
                isMultiplied: award.isProportional, cap: cap, startsAt: startsAt, endsAt: endsAt, state: state, needs: needs, fields: fields))
    }

    private static func asked(_ conditions: Condition?) -> (Set<String>, [String]) {
        (conditions?.roots ?? [], Set(conditions?.tests.map(\.field) ?? []).sorted())
    }

    /// Whether it counts for something that happened at this time.
    public func isInForce(at time: Timestamp) -> Bool {
        state == .active && (startsAt.map { time >= $0 } ?? true) && (endsAt.map { time < $0 } ?? true)
    }

    /// The multiplier that counts for it, out of a tier's; hundredths.
    public func effective(_ multiplier: Int64) -> Int64 { isMultiplied ? multiplier : PointsAward.single }

    /// The points an order is worth to this rule as it stands, before any cap: the award on what is left of the basis, rounded down once.
    /// 0 for a cancelled order, and for an unpaid one where the rule waits for the payment. `multiplier` is a tier's, in hundredths.
    public func kept(_ standing: OrderStanding, multiplier: Int64 = PointsAward.single) -> Int64 {
        guard !standing.isCancelled, standing.isPaid || trigger != Self.paid else { return 0 }
        let (full, remaining) = standing.basis(of: self)
        if case .fixed = award {
            let stillCounts = remaining > 0 || (full == 0 && !standing.isFullyRefunded)
            return stillCounts ? award.points(for: 0, currency: nil, multiplier: effective(multiplier)) : 0
        }
        return award.points(for: remaining, currency: standing.currency, multiplier: effective(multiplier))
    }

    /// The points that an event which is no order is worth: its own amount, where the rule reckons from one.
    public func worth(_ data: JSON, multiplier: Int64 = PointsAward.single) -> Int64 {
        switch award {
        case .fixed: return award.points(for: 0, currency: nil, multiplier: effective(multiplier))
        case .perItem: return 0
        case .perAmount:
            guard let amount = data["amount"]?.int, (0...FieldReader.maximumAmount).contains(amount) else { return 0 }
            return award.points(
                for: amount, currency: data["currency"]?.string.flatMap(Currency.init), multiplier: effective(multiplier))
        }
    }
}

extension [EarningRule] {
    /// The order in which rules are asked: higher priority first, then the older one.
    public var inTurn: [EarningRule] {
        guard contains(where: { $0.priority != 0 }) else { return self }
        return sorted { a, b in a.priority == b.priority ? a.id < b.id : a.priority > b.priority }
    }
}
