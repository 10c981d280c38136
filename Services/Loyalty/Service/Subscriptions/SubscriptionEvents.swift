import LoyaltyDomain
import Shared
import SharedRuntime

/// What the store says of its subscriptions. Points for them come by earning rules with these triggers, like for any other event.
enum SubscriptionEvents {
    /// Keeps what the event says. An event without `subscription_id`, or about nobody, is only an event.
    static func apply(_ event: CloudEvent, _ catalogues: CatalogueCache, _ change: Change) throws {
        guard let stage = stage(event.type),
            let data = SubscriptionData(FieldReader(event.data.object ?? JSONObject(), issues: FieldIssues(), strict: false))
        else { return }
        let person = event.data["customer"]?.object.map { CustomerData(FieldReader($0, issues: FieldIssues(), strict: false)) }
        guard let customer = try Persons.find(id: event.customerID, data: person, at: event.time, change) else { return }
        var record =
            try SubscriptionStore.find(data.id, change.db)
            ?? SubscriptionRecord(Subscription(data.id, customerID: customer.customer.id, at: event.time), now: change.now)
        record.subscription.apply(data, stage, at: event.time)
        record.updatedAt = change.now
        try SubscriptionStore.put(record, change.db)
        try SubscriptionTurn(catalogues: catalogues).schedule(record, change)
        // A subscription keeps its customer, whoever a later event names.
        try Aftermath(catalogues: catalogues).follow(record.subscription.customerID, [.profile, .standing, .events], change)
    }

    private static func stage(_ type: String) -> Subscription.Stage? {
        switch type {
        case "subscription.started": .started
        case "subscription.renewed": .renewed
        case "subscription.cancelled": .cancelled
        default: nil
        }
    }
}

/// What time does to a subscription: notices ahead of its renewal, and its end where no renewal came. One timer a subscription.
struct SubscriptionTurn: Sendable {
    static let timer = "subscription.turn"

    let catalogues: CatalogueCache

    func schedule(_ record: SubscriptionRecord, _ change: Change) throws {
        let days = try catalogues.current(change.db).programme.renewalNoticeDays
        if let next = record.subscription.dues(after: record.turnedAt, noticeDays: days).first {
            try change.schedule(Self.timer, key: record.subscription.id, at: next.at)
        } else {
            try change.unschedule(Self.timer, key: record.subscription.id)
        }
    }

    func run(_ timer: DueTimer, _ change: Change) throws {
        guard var record = try SubscriptionStore.find(timer.key, change.db) else { return }
        let days = try catalogues.current(change.db).programme.renewalNoticeDays
        var hasLapsed = false
        for (at, due) in record.subscription.dues(after: record.turnedAt, noticeDays: days) where at <= change.now {
            switch due {
            case .notice(let days):
                try say("subscription.renewal_due", record, ["days": .int(days)], at: at, change)
            case .lapse:
                record.subscription.lapse(at: at)
                hasLapsed = true
                try say("subscription.lapsed", record, ["lapsed_at": .from(at)], at: at, change)
            }
        }
        record.turnedAt = change.now
        try SubscriptionStore.put(record, change.db)
        try schedule(record, change)
        if hasLapsed { try Aftermath(catalogues: catalogues).follow(record.subscription.customerID, [.standing, .events], change) }
    }

    private func say(_ type: String, _ record: SubscriptionRecord, _ more: [String: JSON], at time: Timestamp, _ change: Change) throws {
        let it = record.subscription
        var data = JSONObject([
            .init(name: "customer_id", value: .string(it.customerID)), .init(name: "subscription_id", value: .string(it.id)),
            .init(name: "plan", value: .from(it.plan)), .init(name: "amount", value: .from(it.amount)),
            .init(name: "currency", value: .from(it.currency?.code)), .init(name: "next_renewal_at", value: .from(it.nextRenewalAt)),
        ])
        for (name, value) in more { data[name] = value }
        try change.emit(type, subject: it.customerID, data: .object(data), at: time)
    }
}
