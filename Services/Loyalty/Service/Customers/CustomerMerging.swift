import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Makes one customer out of two: what was the one's is the other's, and whoever names the one means the other from then on.
struct CustomerMerging {
    let change: Change
    /// Called once the lots have moved: whoever keeps lots of the one by their ids has them by the new ones from here.
    var moved: (MergePlan) throws -> Void = { _ in }
    // A cache of its own: merging is rare, and asked for from where none is at hand.
    private let catalogues = CatalogueCache()

    private var db: SQLConnection { change.db }

    init(_ change: Change) { self.change = change }

    /// Two customers are one, as somebody said at `time`. Said again, in a circle, or of somebody merged before it means whom those are by now;
    /// nil where they are one already. Who was never heard of is made.
    @discardableResult
    func merge(_ fromID: String, into intoID: String, at time: Timestamp) throws -> CustomerRecord? {
        try db.execute(
            "INSERT INTO customer_merges (from_id, into_id, at) VALUES (\(fromID), \(intoID), \(time)) ON CONFLICT (from_id, into_id) DO NOTHING"
        )
        guard let from = try Persons.find(id: fromID, data: nil, at: time, change),
            let into = try Persons.find(id: intoID, data: nil, at: time, change),
            from.customer.id != into.customer.id
        else { return nil }
        return try from.customer.isGuest && !into.customer.isGuest ? sign(up: from, as: into) : unite(from, into)
    }

    /// The guest of this customer's e-mail is the customer: once the store has no doubt that the address is theirs, and to the first who has it.
    /// Answers the customer as they are then; nil where there is no guest to claim.
    func claimGuest(for record: CustomerRecord) throws -> CustomerRecord? {
        let customer = record.customer
        guard !customer.isGuest, customer.deletedAt == nil, customer.verifiedEmail != false, let key = customer.emailKey,
            let guestID = Guest.id(email: key), let guest = try CustomerStore.findAsKept(guestID, db), guest.mergedInto == nil,
            guest.customer.deletedAt == nil, try CustomerStore.registered(emailKey: key, db)?.customer.id == customer.id
        else { return nil }
        return try sign(up: guest, as: record)
    }

    /// A guest is a registered customer from now on: orders that earn nothing before somebody signs up earn.
    private func sign(up guest: CustomerRecord, as record: CustomerRecord) throws -> CustomerRecord? {
        let orders = try OrderStore.orderIDs(of: guest.customer.id, db)
        guard let united = try unite(guest, record) else { return nil }
        try GuestBackfill(change: change, catalogues: catalogues).run(orders, for: united)
        return try CustomerStore.find(record.customer.id, db)
    }

    private func unite(_ from: CustomerRecord, _ into: CustomerRecord) throws -> CustomerRecord? {
        let (from, into) = (try upToDate(from), try upToDate(into))
        var points = PointsMerge(MergePlan(from: from, into: into), change)
        try points.run()
        try RewardMerging.move(points.plan, change)
        try moved(points.plan)
        try moveRows(from, into)
        try mark(from, into)
        try fill(into, from: from)
        try Aftermath(catalogues: catalogues).follow(into.customer.id, [.profile, .orders, .points, .tier, .events, .standing], change)
        return try CustomerStore.find(into.customer.id, db)
    }

    /// What time should have done to them by now is done first, each by itself.
    private func upToDate(_ record: CustomerRecord) throws -> CustomerRecord {
        guard let turnAt = record.account.turnAt, turnAt <= change.now else { return record }
        try MemberTurn(catalogues: catalogues).run(record, change)
        return try CustomerStore.findAsKept(record.customer.id, db) ?? record
    }

    private func moveRows(_ from: CustomerRecord, _ into: CustomerRecord) throws {
        let (fromID, intoID) = (from.customer.id, into.customer.id)
        let (fromMember, intoMember) = (from.account.memberID, into.account.memberID)
        // Whatever accrued has left lots: they lead to it.
        try db.execute(
            """
            UPDATE accruals SET member_id = \(intoMember)
            WHERE cause IN (SELECT cause FROM lots WHERE member_id = \(fromMember)) AND member_id = \(fromMember)
            """)
        try db.execute("UPDATE orders SET customer_id = \(intoID), person_id = \(into.personID) WHERE customer_id = \(fromID)")
        try db.execute("UPDATE coupons SET customer_id = \(intoID) WHERE customer_id = \(fromID)")
        try db.execute("UPDATE coupon_redemptions SET customer_id = \(intoID) WHERE customer_id = \(fromID)")
        try db.execute("UPDATE subscriptions SET customer_id = \(intoID) WHERE customer_id = \(fromID)")
        try db.execute("UPDATE offer_uses SET customer_id = \(intoID) WHERE customer_id = \(fromID)")
        try db.execute("UPDATE traces SET member_id = \(intoMember) WHERE member_id = \(fromMember)")
        try EventLog.move(from: fromID, into: intoID, db)
        try SegmentMembership.leaveAll(fromID, change)
    }

    /// Nobody finds the one by anything but the id any more, which leads to the other.
    private func mark(_ from: CustomerRecord, _ into: CustomerRecord) throws {
        let intoID = into.customer.id
        try db.execute(
            """
            UPDATE customers SET merged_into = \(intoID), person_id = \(into.personID), deleted_at = COALESCE(deleted_at, \(change.now)),
                updated_at = \(change.now)
            WHERE customer_id = \(from.customer.id)
            """)
        try db.execute("UPDATE customers SET merged_into = \(intoID) WHERE merged_into = \(from.customer.id)")
        try db.execute("UPDATE members SET tier_id = NULL WHERE customer_id = \(from.customer.id)")
    }

    /// What the one says fills the other's gaps, and nothing else; a customer since the earlier of the two.
    private func fill(_ into: CustomerRecord, from: CustomerRecord) throws {
        var record = into
        var said = from.customer.data
        // An address comes with what is known of it.
        if record.customer.email == nil { record.customer.fillVerification(said.verifiedEmail) }
        said.verifiedEmail = nil
        _ = record.customer.fill(from: said)
        record.customer.createdAt = min(record.customer.createdAt, from.customer.createdAt)
        record.updatedAt = change.now
        try CustomerStore.update(record, db)
        let enrolledAt = min(into.account.enrolledAt, from.account.enrolledAt)
        if enrolledAt < into.account.enrolledAt {
            try db.execute("UPDATE members SET enrolled_at = \(enrolledAt) WHERE customer_id = \(into.customer.id)")
        }
    }
}

/// Orders that earned nothing while their buyer was a guest earn once they are somebody's: as of their own dates.
struct GuestBackfill {
    let change: Change
    let catalogues: CatalogueCache

    func run(_ orderIDs: [String], for buyer: CustomerRecord) throws {
        let catalogue = try catalogues.current(change.db)
        guard catalogue.programme.guestOrders == .onSignUp else { return }
        for orderID in orderIDs {
            guard let record = try OrderStore.find(orderID, change.db), let buyer = try CustomerStore.find(buyer.customer.id, change.db)
            else {
                continue
            }
            try settle(record, buyer, catalogue)
        }
    }

    /// All that is known to have happened to the order happens for its buyer, in the order of time.
    private func settle(_ record: OrderRecord, _ buyer: CustomerRecord, _ catalogue: Catalogue) throws {
        let order = record.order
        let refunds = record.refundCount == 0 ? [] : try OrderStore.refunds(of: order.id, change.db)
        let standing = OrderStanding(order, refunds: refunds)
        var happened: [(type: String, at: Timestamp)] = [("order.placed", order.placedAt)]
        if let paidAt = order.paidAt { happened.append((EarningRule.paid, paidAt)) }
        happened += try change.db.all("SELECT type, at FROM order_shipments WHERE order_id = \(order.id) ORDER BY at, type") {
            (type: $0.text(0), at: $0.time(1))
        }
        for (type, at) in happened {
            guard let buyer = try CustomerStore.find(buyer.customer.id, change.db) else { return }
            let event = CloudEvent(
                id: "claim:\(order.id):\(type)", source: "vefa/loyalty", type: type, time: at, subject: buyer.customer.id,
                data: ["order_id": .string(order.id)])
            var settlement = OrderSettlement(
                change: change, catalogues: catalogues, catalogue: catalogue, record: record, standing: standing, buyer: buyer, event: event
            )
            try settlement.run(happened: [type], isNew: false, reason: "claimed")
        }
        try Aftermath(catalogues: catalogues).follow(buyer.customer.id, [.orders, .points], change)
    }
}
