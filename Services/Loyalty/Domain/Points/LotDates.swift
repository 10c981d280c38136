import Shared

/// When points of an accrual become active and expire.
public struct LotDates: Sendable, Equatable {
    public let earnedAt: Timestamp
    /// Nil while it hangs on something that has not happened.
    public let activeAt: Timestamp?
    /// Nil for never, and while it is not known when they become active.
    public let expiresAt: Timestamp?
    public let idleMonths: Int?
    /// What the activation hangs on, so that it can still move; nil where it cannot.
    public let wait: LotWait?
    /// How far ahead of the expiry the member is told.
    public let notices: ExpiryNotices

    /// An order's. It cannot have been placed later than now: a store's clock that runs ahead does not hold points back. `expiry` and `activation`
    /// are those of the rule or the tier, where they have their own; `deliveredAt` when the order was delivered, where that is known.
    public init(
        placedAt: Timestamp, now: Timestamp, programme: Programme, zone: ZoneRules, expiry: ExpiryPolicy? = nil,
        activation: Activation? = nil, deliveredAt: Timestamp? = nil
    ) {
        let policy = expiry ?? programme.expiry
        let activation = activation ?? programme.generalActivation
        earnedAt = min(placedAt, now)
        activeAt = activation.activeAt(placedAt: earnedAt, deliveredAt: deliveredAt, returnWindowDays: programme.returnWindowDays)
        expiresAt = activeAt.flatMap { policy.expiresAt(activeAt: $0, zone: zone) }
        idleMonths = policy.idleMonths
        notices = programme.notices
        let isMovable = activation.on != .placed && deliveredAt == nil
        wait = isMovable ? LotWait(activation, returnWindowDays: programme.returnWindowDays, expiry: policy) : nil
    }

    /// What has no order to wait for, a custom event say: so many days after it, `pending_days` where the programme waits for orders' ways.
    public init(
        happenedAt: Timestamp, now: Timestamp, programme: Programme, zone: ZoneRules, expiry: ExpiryPolicy? = nil,
        activation: Activation? = nil
    ) {
        let activation = activation ?? programme.generalActivation
        let days = activation.on == .placed ? activation.days : programme.pendingDays
        self.init(
            placedAt: happenedAt, now: now, programme: programme, zone: zone, expiry: expiry,
            activation: Activation(on: .placed, days: days))
    }

    /// For points given by hand: active at once.
    public init(at time: Timestamp, expiresAt: Timestamp?, idleMonths: Int? = nil, notices: ExpiryNotices = .usual) {
        earnedAt = time
        activeAt = time
        self.expiresAt = expiresAt
        self.idleMonths = idleMonths
        wait = nil
        self.notices = notices
    }

    /// For points given by hand: active at once, gone as the programme says.
    public init(at time: Timestamp, programme: Programme, zone: ZoneRules) {
        self.init(
            at: time, expiresAt: programme.expiry.expiresAt(activeAt: time, zone: zone), idleMonths: programme.expiry.idleMonths,
            notices: programme.notices)
    }

    public func isPending(at now: Timestamp) -> Bool { activeAt.map { $0 > now } ?? true }
    public func isExpired(at now: Timestamp) -> Bool { expiresAt.map { $0 <= now } ?? false }
}
