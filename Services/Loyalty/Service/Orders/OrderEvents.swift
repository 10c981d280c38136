import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// What the store says of an order becomes the order's row and, by settling, its points. Every step looks at what is known afterwards, never at what
/// came first: events may come in any order and more than once.
struct OrderEvents: Sendable {
    let catalogues: CatalogueCache

    private var aftermath: Aftermath { Aftermath(catalogues: catalogues) }

    func apply(_ event: CloudEvent, _ change: Change) throws {
        guard let stage = Self.stage(event.type) else { return }
        let data = try Self.read(event)
        let db = change.db
        let known = try OrderStore.find(data.orderID, db)
        if known == nil, stage == .cancelled, data.total == nil || data.currency == nil {
            throw EventParked(waitingFor: Self.key(data.orderID), code: "unknown_order", detail: "the order it cancels is not known yet")
        }
        var record = known ?? OrderRecord(new: data.orderID, at: event.time)
        record.order.apply(data, stage: stage, at: event.time)
        if let items = data.items, record.order.items == items { record.itemsText = event.data["items"]?.text }
        var buyer = try buyer(of: event, data, &record, change)
        var catalogue = try catalogues.current(db)
        if catalogue.programme.currency == nil, let currency = record.order.currency {
            try catalogues.setCurrency(currency, change)
            // The order that brings the currency counts in it already.
            catalogue = try catalogues.current(db)
        }
        if record.order.paidAt != nil, record.paidConfig == nil { record.paidConfig = catalogue.config }

        let refunds = record.refundCount == 0 ? [] : try OrderStore.refunds(of: record.order.id, db)
        let standing = OrderStanding(record.order, refunds: refunds)
        record.refunded = standing.refunded
        if known == nil {
            try OrderStore.insert(record, db)
            try change.release(Self.key(record.order.id))
        } else {
            try OrderStore.update(record, db)
        }
        if stage == .cancelled || record.order.couponCodes != nil {
            try Redemptions(change: change, catalogues: catalogues, catalogue: catalogue)
                .settle(record, before: known?.order, isCancelling: stage == .cancelled, buyer: buyer)
        }
        if stage == .cancelled || event.data["offers"] != nil || (known?.order.customerID == nil && known != nil) {
            try OfferUses(change: change, catalogue: catalogue)
                .settle(event, record, before: known?.order, isCancelling: stage == .cancelled, buyer: buyer)
        }
        if stage == .cancelled || record.order.couponCodes != nil || record.refundCount > 0 {
            try SpentPoints(catalogues: catalogues).settle(record, standing, change)
            // A reward's coupon, and what comes back of its points, change the account.
            buyer = try buyer.flatMap { try CustomerStore.find($0.customer.id, db) }
        }
        guard let buyer else { return }
        let happened = Self.triggers(event.type, isNew: known == nil)
        var settlement = OrderSettlement(
            change: change, catalogues: catalogues, catalogue: catalogue, record: record, standing: standing, buyer: buyer, event: event)
        try settlement.run(happened: happened, isNew: known == nil, reason: stage == .cancelled ? "cancelled" : "updated")
        try aftermath.follow(buyer.customer.id, [.profile, .orders, .points], event: event, change)
    }

    /// A refund counts once by its id. One that comes before its order waits for it.
    func refund(_ event: CloudEvent, _ change: Change) throws {
        let issues = FieldIssues()
        let refund = RefundData(FieldReader(event.data.object ?? JSONObject(), at: .root / "data", issues: issues, strict: false))
        try Self.refuse(issues)
        let db = change.db
        guard var record = try OrderStore.find(refund.orderID, db) else {
            throw EventParked(waitingFor: Self.key(refund.orderID), code: "unknown_order", detail: "the order it refunds is not known yet")
        }
        guard try OrderStore.insert(refund, at: event.time, db) else { return }
        let refunds = try OrderStore.refunds(of: refund.orderID, db)
        let standing = OrderStanding(record.order, refunds: refunds)
        record.refunded = standing.refunded
        record.refundCount = Int64(refunds.count)
        try db.execute(
            "UPDATE orders SET refunded = \(record.refunded), refund_count = \(record.refundCount) WHERE order_id = \(record.order.id)")
        try SpentPoints(catalogues: catalogues).settle(record, standing, change)
        guard let customerID = record.order.customerID, let buyer = try CustomerStore.find(customerID, db) else { return }
        var settlement = OrderSettlement(
            change: change, catalogues: catalogues, catalogue: try catalogues.current(db), record: record, standing: standing, buyer: buyer,
            event: event)
        settlement.refundID = refund.refundID
        try settlement.run(happened: [], isNew: false, reason: "refunded")
        try aftermath.follow(customerID, [.orders, .points], event: event, change)
    }

    /// Fulfilled, shipped, delayed, delivered: a fact of the order, and a trigger for rules the first time it is said of a known order.
    func shipment(_ event: CloudEvent, _ change: Change) throws {
        let issues = FieldIssues()
        let data = ShipmentData(FieldReader(event.data.object ?? JSONObject(), at: .root / "data", issues: issues, strict: false))
        try Self.refuse(issues)
        let db = change.db
        let rows = try db.execute(
            "INSERT INTO order_shipments (order_id, type, at) VALUES (\(data.orderID), \(event.type), \(event.time)) ON CONFLICT (order_id, type) DO NOTHING"
        )
        let known = try OrderStore.find(data.orderID, db)
        guard let record = known, let customerID = record.order.customerID, let buyer = try CustomerStore.find(customerID, db) else {
            if let person = try Persons.find(id: event.customerID, data: data.customer, at: event.time, change) {
                try aftermath.follow(person.customer.id, [.profile, .events], event: event, change)
            }
            return
        }
        let catalogue = try catalogues.current(db)
        var changes: MemberChanges = [.events]
        if rows > 0, event.type == "order.delivered",
            try LotDeliveries.delivered(data.orderID, at: event.time, catalogue: catalogue, change)
        {
            changes.insert(.points)
        }
        guard rows > 0, catalogue.rulesByTrigger[event.type] != nil else {
            return try aftermath.follow(buyer.customer.id, changes, event: event, change)
        }
        guard let buyer = try CustomerStore.find(customerID, db) else { return }
        let refunds = record.refundCount == 0 ? [] : try OrderStore.refunds(of: record.order.id, db)
        var settlement = OrderSettlement(
            change: change, catalogues: catalogues, catalogue: catalogue, record: record,
            standing: OrderStanding(record.order, refunds: refunds),
            buyer: buyer, event: event)
        try settlement.run(happened: [event.type], isNew: false, reason: "updated")
        try aftermath.follow(buyer.customer.id, [.events, .points], event: event, change)
    }

    // MARK: - Whose order it is

    /// Finds or makes the buyer. An order keeps its customer; one that was a guest's becomes a registered customer's while nothing was earned on it.
    private func buyer(of event: CloudEvent, _ data: OrderData, _ record: inout OrderRecord, _ change: Change) throws -> CustomerRecord? {
        let namedID = event.customerID
        if record.order.emailKey == nil { record.order.emailKey = EmailKey.make(data.customer?.email) }
        let isOpen = record.order.customerID == nil || (record.order.isGuest && namedID != nil && record.paidConfig == nil)
        let buyer: CustomerRecord?
        if isOpen, namedID != nil || data.customer?.email != nil {
            buyer = try Persons.find(id: namedID, data: data.customer, at: event.time, change)
            if let namedID, !Guest.isGuest(namedID) { record.order.isGuest = false }
        } else if let id = record.order.customerID {
            // The order's own customer gains what this event says, unless it speaks of somebody else.
            let isSame =
                namedID.map { $0 == id } ?? (data.customer?.email == nil || EmailKey.make(data.customer?.email) == record.order.emailKey)
            buyer = try Persons.find(id: id, data: isSame ? data.customer : nil, at: event.time, change)
        } else {
            buyer = nil
        }
        if let buyer {
            record.order.customerID = buyer.customer.id
            record.personID = buyer.personID
        }
        return buyer
    }

    // MARK: - Reading

    private static func stage(_ type: String) -> Order.Stage? {
        switch type {
        case "order.placed": .placed
        case "order.paid": .paid
        case "order.updated": .updated
        case "order.cancelled": .cancelled
        default: nil
        }
    }

    /// What an event makes happen to an order: an order that first shows up paid or updated was placed too.
    private static func triggers(_ type: String, isNew: Bool) -> [String] {
        isNew && (type == "order.paid" || type == "order.updated") ? ["order.placed", type] : [type]
    }

    private static func read(_ event: CloudEvent) throws -> OrderData {
        let issues = FieldIssues()
        let data = OrderData(FieldReader(event.data.object ?? JSONObject(), at: .root / "data", issues: issues, strict: false))
        try refuse(issues)
        return data
    }

    private static func refuse(_ issues: FieldIssues) throws {
        guard let first = issues.issues.first else { return }
        throw EventRefusal("invalid", "\(first.pointer): \(first.detail)")
    }

    static func key(_ orderID: String) -> String { "order:\(orderID)" }
}
