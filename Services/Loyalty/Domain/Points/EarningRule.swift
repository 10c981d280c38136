import Shared

/// What makes members earn points: when something happens (`trigger`), if it meets the conditions, so many points, up to a cap.
public struct EarningRule: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable { case active, paused }

    public static let paid = "order.paid"

    public let id: String
    /// Counts the rule's changes from 1. What was earned names the version it was earned by.
    public let version: Int64
    public var name: String
    /// An event type. `order.paid` counts once per order, other events of an order once per order too, everything else once per event.
    public var trigger: String
    public var award: PointsAward
    public var basis: Basis
    public var conditions: Condition?
    public var cap: MemberCap?
    /// Inclusive, on the order's placing or the event's time.
    public var startsAt: Timestamp?
    /// Exclusive.
    public var endsAt: Timestamp?
    public var state: State

    public init(
        id: String, version: Int64, name: String, trigger: String, award: PointsAward, basis: Basis = .net, conditions: Condition? = nil,
        cap: MemberCap? = nil, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil, state: State = .active
    ) {
        self.id = id
        self.version = version
        self.name = name
        self.trigger = trigger
        self.award = award
        self.basis = basis
        self.conditions = conditions
        self.cap = cap
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.state = state
    }

    /// Whether it counts for something that happened at this time.
    public func isInForce(at time: Timestamp) -> Bool {
        state == .active && (startsAt.map { time >= $0 } ?? true) && (endsAt.map { time < $0 } ?? true)
    }

    /// The points an order is worth to this rule as it stands, before any cap: the award on what is left of the basis, rounded down once.
    /// 0 for a cancelled order, and for an unpaid one where the rule waits for the payment.
    public func kept(_ standing: OrderStanding) -> Int64 {
        guard !standing.isCancelled, standing.isPaid || trigger != Self.paid else { return 0 }
        let remaining = standing.remaining(basis)
        if case .fixed(let points) = award {
            let stillCounts = remaining > 0 || (standing.full(basis) == 0 && !standing.isFullyRefunded)
            return stillCounts ? points : 0
        }
        return award.points(for: remaining, currency: standing.currency)
    }
}

extension EarningRule {
    /// Reads a rule as the API takes it. What is wrong is noted, and answers nil.
    public init?(_ reader: FieldReader, id: String, version: Int64) {
        let name = reader.requiredString("name", max: 255)
        let trigger = reader.requiredString("trigger", max: CloudEvent.maximumTextLength)
        let award = reader.require("points", reader.reader("points")).flatMap { PointsAward($0) }
        let basis = reader.choice("basis", Basis.self) ?? .net
        let conditions = reader.raw("conditions").flatMap {
            Condition.read($0, at: reader.pointer / "conditions", fields: .earning, issues: reader.issues)
        }
        let cap = reader.reader("caps").flatMap { MemberCap($0) }
        let startsAt = reader.timestamp("starts_at")
        let endsAt = reader.timestamp("ends_at")
        let state = reader.choice("state", State.self) ?? .active
        reader.ignore("id", "version", "created_at", "updated_at")
        reader.refuseUnknown()
        if let startsAt, let endsAt, endsAt <= startsAt { reader.fail("ends_at", "out_of_range", "must be after starts_at") }
        if case .perAmount = award, let trigger, trigger != Self.paid {
            reader.fail("points", "conflict", "per_amount needs an order that is paid: use the trigger order.paid, or fixed points")
        }
        guard reader.issues.isEmpty, let name, let trigger, let award else { return nil }
        self.init(
            id: id, version: version, name: name, trigger: trigger, award: award, basis: basis, conditions: conditions, cap: cap,
            startsAt: startsAt,
            endsAt: endsAt, state: state)
    }

    public var json: JSONObject {
        JSONObject([
            .init(name: "id", value: .string(id)),
            .init(name: "name", value: .string(name)),
            .init(name: "trigger", value: .string(trigger)),
            .init(name: "points", value: award.json),
            .init(name: "basis", value: .string(basis.rawValue)),
            .init(name: "conditions", value: conditions?.json ?? .null),
            .init(name: "caps", value: cap?.json ?? .null),
            .init(name: "starts_at", value: .from(startsAt)),
            .init(name: "ends_at", value: .from(endsAt)),
            .init(name: "state", value: .string(state.rawValue)),
            .init(name: "version", value: .int(version)),
        ])
    }
}
