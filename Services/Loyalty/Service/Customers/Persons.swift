import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Who an event is about: finds them, or makes them known. A customer first seen in any event is a customer, and a member, from then on.
enum Persons {
    /// The customer of this id or, where none is named, of this e-mail: the registered customer it belongs to, else the guest it makes. Nil where
    /// the event is about nobody. What the event says of them fills gaps only: it is about something else.
    static func find(id: String?, data: CustomerData?, at time: Timestamp, _ change: Change) throws -> CustomerRecord? {
        let db = change.db
        if let id {
            if let record = try CustomerStore.find(id, db) { return try filled(record, data, at: time, change) }
            return try made(Customer(id: id, isGuest: Guest.isGuest(id), createdAt: time), data, change)
        }
        guard let key = EmailKey.make(data?.email), let guestID = Guest.id(email: key) else { return nil }
        if let record = try CustomerStore.registered(emailKey: key, db) { return try filled(record, data, at: time, change) }
        if let record = try CustomerStore.find(guestID, db) { return try filled(record, data, at: time, change) }
        return try made(Customer(id: guestID, isGuest: true, createdAt: time), data, change)
    }

    private static func made(_ customer: Customer, _ data: CustomerData?, _ change: Change) throws -> CustomerRecord {
        var customer = customer
        if let data { _ = customer.fill(from: data) }
        let record = CustomerRecord(new: customer, personID: customer.id, now: change.now)
        try CustomerStore.insert(record, change.db)
        if !customer.isGuest { try CustomerStore.relinkGuest(of: customer.emailKey, change.db) }
        return record
    }

    private static func filled(
        _ record: CustomerRecord, _ data: CustomerData?, at time: Timestamp, _ change: Change
    ) throws -> CustomerRecord {
        var record = record
        let emailKey = record.customer.emailKey
        let isNew = data.map { record.customer.fill(from: $0) } ?? false
        let isEarlier = time < record.customer.createdAt
        guard isNew || isEarlier else { return record }
        if isEarlier { try seenEarlier(&record, at: time, change.db) }
        if isNew { record.updatedAt = change.now }
        try CustomerStore.update(record, change.db)
        if emailKey == nil, !record.customer.isGuest { try CustomerStore.relinkGuest(of: record.customer.emailKey, change.db) }
        return record
    }

    /// Events arrive in any order: a customer is known since the earliest of them.
    private static func seenEarlier(_ record: inout CustomerRecord, at time: Timestamp, _ db: SQLConnection) throws {
        record.customer.createdAt = time
        record.account.enrolledAt = time
        try db.execute("UPDATE members SET enrolled_at = \(time) WHERE customer_id = \(record.customer.id)")
    }

    /// Takes over what is said of the customer themselves: overwrites what it says and nothing else. `cleared` fields are emptied. Who is said
    /// to have an address is who ordered under it as a guest (``CustomerMerging/claimGuest(for:)``).
    static func described(
        _ id: String, _ data: CustomerData, cleared: [String] = [], at time: Timestamp, _ change: Change
    ) throws -> (record: CustomerRecord, isNew: Bool) {
        let db = change.db
        guard var record = try CustomerStore.find(id, db) else {
            var customer = Customer(id: id, isGuest: Guest.isGuest(id), createdAt: time, times: FieldTimes(base: time))
            customer.apply(data, at: time)
            let record = CustomerRecord(new: customer, personID: id, now: change.now)
            try CustomerStore.insert(record, db)
            return (try claimed(record, change), true)
        }
        let before = record.customer.emailKey
        let wasDeleted = record.customer.deletedAt != nil
        record.customer.apply(data, at: time)
        record.customer.clear(cleared, at: time)
        record.updatedAt = change.now
        if time < record.customer.createdAt { try seenEarlier(&record, at: time, db) }
        try CustomerStore.update(record, db)
        if wasDeleted, record.customer.deletedAt == nil { try SegmentKeeper.returned(id, change) }
        guard !record.customer.isGuest else { return (record, false) }
        if before != record.customer.emailKey { try CustomerStore.relinkGuest(of: before, db) }
        return (data.email != nil || data.verifiedEmail != nil ? try claimed(record, change) : record, false)
    }

    private static func claimed(_ record: CustomerRecord, _ change: Change) throws -> CustomerRecord {
        guard !record.customer.isGuest else { return record }
        if let united = try CustomerMerging(change).claimGuest(for: record) { return united }
        try CustomerStore.relinkGuest(of: record.customer.emailKey, change.db)
        return record
    }

    /// Marks a customer as deleted; false where there is none, or one who was merged into another: that one stays. Later news of them bring
    /// them back.
    static func deleted(_ id: String, at time: Timestamp, _ change: Change) throws -> Bool {
        guard var record = try CustomerStore.findAsKept(id, change.db), record.customer.deletedAt == nil else { return false }
        record.customer.deletedAt = time
        record.updatedAt = change.now
        try CustomerStore.update(record, change.db)
        try SegmentMembership.leaveAll(id, change)
        return true
    }
}
