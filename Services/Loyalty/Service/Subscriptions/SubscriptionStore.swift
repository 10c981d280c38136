import LoyaltyDomain
import Shared
import SharedStore

/// A subscription as kept.
struct SubscriptionRecord {
    var subscription: Subscription
    /// Up to when notices were given.
    var turnedAt: Timestamp
    var updatedAt: Timestamp

    static let columns = """
        subscription_id, customer_id, plan, amount, currency, next_renewal_at, started_at, active_at, cancelled_at, lapsed_at, renewals,
        turned_at, said_at, said_times, updated_at
        """

    init(_ subscription: Subscription, now: Timestamp) {
        self.subscription = subscription
        turnedAt = now
        updatedAt = now
    }

    init(_ row: SQLRow) {
        let said = SubscriptionData(
            id: row.text(0), plan: row.textOrNil(2), amount: row.intOrNil(3), currency: row.textOrNil(4).flatMap(Currency.init),
            nextRenewalAt: row.timeOrNil(5))
        subscription = Subscription(
            id: row.text(0), customerID: row.text(1), said: said, startedAt: row.time(6), activeAt: row.timeOrNil(7),
            cancelledAt: row.timeOrNil(8), lapsedAt: row.timeOrNil(9), renewals: row.int(10),
            times: FieldTimes(base: row.time(12), json: row.isNull(13) ? nil : row.json(13)))
        turnedAt = row.time(11)
        updatedAt = row.time(14)
    }

    var json: JSON {
        let it = subscription
        return [
            "subscription_id": .string(it.id), "customer_id": .string(it.customerID), "state": .string(it.state.rawValue),
            "plan": .from(it.plan), "amount": .from(it.amount), "currency": .from(it.currency?.code), "started_at": .from(it.startedAt),
            "next_renewal_at": .from(it.nextRenewalAt), "cancelled_at": .from(it.state == .cancelled ? it.cancelledAt : nil),
            "lapsed_at": .from(it.state == .lapsed ? it.lapsedAt : nil), "renewals": .int(it.renewals), "updated_at": .from(updatedAt),
        ]
    }
}

/// Subscriptions in the store, one row each by the store's own id.
enum SubscriptionStore {
    static func find(_ id: String, _ db: SQLConnection) throws -> SubscriptionRecord? {
        try db.first(
            "SELECT \(raw: SubscriptionRecord.columns) FROM subscriptions WHERE subscription_id = \(id)", SubscriptionRecord.init)
    }

    static func put(_ record: SubscriptionRecord, _ db: SQLConnection) throws {
        let it = record.subscription
        try db.execute(
            """
            INSERT INTO subscriptions (\(raw: SubscriptionRecord.columns))
            VALUES (\(it.id), \(it.customerID), \(it.plan), \(it.amount), \(it.currency?.code), \(it.nextRenewalAt), \(it.startedAt),
                \(it.activeAt), \(it.cancelledAt), \(it.lapsedAt), \(it.renewals), \(record.turnedAt), \(it.times.base), \(it.times.json),
                \(record.updatedAt))
            ON CONFLICT (subscription_id) DO UPDATE SET
                plan = excluded.plan, amount = excluded.amount, currency = excluded.currency, next_renewal_at = excluded.next_renewal_at,
                started_at = excluded.started_at, active_at = excluded.active_at, cancelled_at = excluded.cancelled_at,
                lapsed_at = excluded.lapsed_at, renewals = excluded.renewals, turned_at = excluded.turned_at, said_at = excluded.said_at,
                said_times = excluded.said_times, updated_at = excluded.updated_at
            """)
    }

    /// A customer's, oldest first; one row more than the page's limit.
    static func page(_ customerID: String, _ page: PageRequest, _ db: SQLConnection) throws -> [SubscriptionRecord] {
        var after: SQL = ""
        if let keys = page.after {
            guard keys.count == 2, let startedAt = keys[0].int, let id = keys[1].string else {
                throw Problem.invalid("?cursor", "invalid_cursor", "take it from next_cursor as it came")
            }
            after = "AND (started_at > \(startedAt) OR (started_at = \(startedAt) AND subscription_id > \(id)))"
        }
        return try db.all(
            """
            SELECT \(raw: SubscriptionRecord.columns) FROM subscriptions WHERE customer_id = \(customerID) \(after)
            ORDER BY started_at, subscription_id LIMIT \(page.limit + 1)
            """, SubscriptionRecord.init)
    }

    /// When each of a customer's subscriptions ran, for the tiers that are held by one.
    static func spans(of customerID: String, _ db: SQLConnection) throws -> [SubscriptionSpan] {
        try db.all(
            "SELECT \(raw: SubscriptionRecord.columns) FROM subscriptions WHERE customer_id = \(customerID)", SubscriptionRecord.init
        )
        .compactMap { record in
            let it = record.subscription
            guard let plan = it.plan, it.activeAt != nil else { return nil }
            return SubscriptionSpan(plan: plan, from: it.startedAt, until: it.endedAt)
        }
    }
}
