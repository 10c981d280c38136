public import Shared

/// What one event says of a subscription.
public struct SubscriptionData: Sendable, Equatable {
    public let id: String
    public var plan: String?
    public var amount: Int64?
    public var currency: Currency?
    public var nextRenewalAt: Timestamp?

    public init(id: String, plan: String? = nil, amount: Int64? = nil, currency: Currency? = nil, nextRenewalAt: Timestamp? = nil) {
        self.id = id
        self.plan = plan
        self.amount = amount
        self.currency = currency
        self.nextRenewalAt = nextRenewalAt
    }

    /// Nil without an id: such an event is about no subscription that could be told from others.
    public init?(_ reader: FieldReader) {
        guard let id = reader.string("subscription_id", max: CloudEvent.maximumTextLength, allowEmpty: false) else { return nil }
        self.init(
            id: id, plan: reader.string("plan", max: 255, allowEmpty: false), amount: reader.amount("amount"),
            currency: reader.currency("currency"), nextRenewalAt: reader.timestamp("next_renewal_at"))
    }
}

/// A customer's subscription, gathered from every event about it. Events come in any order: a field keeps the value of the latest event that said it,
/// and the latest of starting, renewing and cancelling decides whether it runs.
public struct Subscription: Sendable, Equatable {
    public enum Stage: Sendable { case started, renewed, cancelled }
    public enum State: String, Sendable, CaseIterable { case active, cancelled, lapsed }

    /// Days after a renewal was due and did not come until the subscription counts as lapsed.
    public static let graceDays: Int64 = 3

    public let id: String
    public let customerID: String
    public private(set) var plan: String?
    public private(set) var amount: Int64?
    public private(set) var currency: Currency?
    public private(set) var nextRenewalAt: Timestamp?
    /// The earliest event about it.
    public private(set) var startedAt: Timestamp
    /// The latest start or renewal.
    public private(set) var activeAt: Timestamp?
    /// The latest cancellation, whether or not it was taken up again.
    public private(set) var cancelledAt: Timestamp?
    public private(set) var lapsedAt: Timestamp?
    public private(set) var renewals: Int64
    public private(set) var times: FieldTimes

    public init(_ id: String, customerID: String, at time: Timestamp) {
        self.init(
            id: id, customerID: customerID, said: SubscriptionData(id: id), startedAt: time, activeAt: nil, cancelledAt: nil, lapsedAt: nil,
            renewals: 0, times: FieldTimes(base: time))
    }

    /// As it was kept.
    public init(
        id: String, customerID: String, said: SubscriptionData, startedAt: Timestamp, activeAt: Timestamp?, cancelledAt: Timestamp?,
        lapsedAt: Timestamp?, renewals: Int64, times: FieldTimes
    ) {
        self.id = id
        self.customerID = customerID
        plan = said.plan
        amount = said.amount
        currency = said.currency
        nextRenewalAt = said.nextRenewalAt
        self.startedAt = startedAt
        self.activeAt = activeAt
        self.cancelledAt = cancelledAt
        self.lapsedAt = lapsedAt
        self.renewals = renewals
        self.times = times
    }

    public mutating func apply(_ data: SubscriptionData, _ stage: Stage, at time: Timestamp) {
        times.take("plan", data.plan, at: time, into: &plan)
        times.take("amount", data.amount, at: time, into: &amount)
        times.take("currency", data.currency, at: time, into: &currency)
        times.take("next_renewal_at", data.nextRenewalAt, at: time, into: &nextRenewalAt)
        times.finish(at: time)
        startedAt = min(startedAt, time)
        switch stage {
        case .started: activeAt = max(activeAt ?? time, time)
        case .renewed:
            activeAt = max(activeAt ?? time, time)
            renewals += 1
        case .cancelled: cancelledAt = max(cancelledAt ?? time, time)
        }
        // A date that has moved on was kept.
        if let lapsedAt, lapsesAt.map({ $0 > lapsedAt }) ?? true { self.lapsedAt = nil }
    }

    public mutating func lapse(at time: Timestamp) { lapsedAt = time }

    public var state: State {
        if let cancelledAt, activeAt.map({ cancelledAt >= $0 }) ?? true { return .cancelled }
        return lapsedAt == nil ? .active : .lapsed
    }

    /// When it ended, if it did.
    public var endedAt: Timestamp? {
        switch state {
        case .active: nil
        case .cancelled: cancelledAt
        case .lapsed: lapsedAt
        }
    }

    public var lapsesAt: Timestamp? { nextRenewalAt?.adding(days: Self.graceDays) }

    /// What time does to it after `time`: a notice so many days ahead of the renewal, or the end.
    public enum Due: Sendable, Equatable {
        case notice(days: Int64)
        case lapse
    }

    /// What is due and when, the earliest first, as far as it lies after `time`. Nothing where it does not run.
    public func dues(after time: Timestamp, noticeDays: [Int64]) -> [(at: Timestamp, due: Due)] {
        guard state == .active, let nextRenewalAt, let lapsesAt else { return [] }
        // Nobody is told of a renewal that was that near already when the date became known.
        let known = max(time, times.time(of: "next_renewal_at"))
        var dues: [(at: Timestamp, due: Due)] = noticeDays.map { (nextRenewalAt.adding(days: -$0), .notice(days: $0)) }.filter {
            $0.at > known
        }
        // An end is never passed over: it stands until it is done.
        dues.append((lapsesAt, .lapse))
        return dues.sorted { $0.at < $1.at }
    }
}
