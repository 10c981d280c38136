import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// An order as it is known here.
struct KnownOrder: Sendable, Equatable {
    let id: String
    /// The guest's id where no event named a customer; nil where none named anybody.
    var customerID: String?
    var standing = OrderStanding()
    var facts = OrderFacts()

    /// Takes over what an event says. Shipments and refunds say nothing of the order itself.
    mutating func hear(_ event: CloudEvent) {
        let stated = event.data["placed_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        standing = standing.hearing(event.type, at: event.time, placedAt: stated)
        guard ["order.placed", "order.paid", "order.updated", "order.cancelled"].contains(event.type) else { return }
        facts.hear(OrderData(FieldReader(event.data.object ?? JSONObject(), issues: FieldIssues(), strict: false)), at: event.time)
    }
}

enum KnownOrderStore {
    static func find(_ id: String, _ db: SQLConnection) throws -> KnownOrder? {
        try db.first("SELECT customer_id, placed_at, paid_at, cancelled_at, facts FROM known_orders WHERE order_id = \(id)") { row in
            KnownOrder(
                id: id, customerID: row.textOrNil(0),
                standing: OrderStanding(placedAt: row.timeOrNil(1), paidAt: row.timeOrNil(2), cancelledAt: row.timeOrNil(3)),
                facts: OrderFacts(json: row.json(4)))
        }
    }

    static func put(_ order: KnownOrder, _ db: SQLConnection) throws {
        let standing = order.standing
        try db.execute(
            """
            INSERT INTO known_orders (order_id, customer_id, placed_at, paid_at, cancelled_at, facts)
            VALUES (\(order.id), \(order.customerID), \(standing.placedAt), \(standing.paidAt), \(standing.cancelledAt), \(order.facts.json))
            ON CONFLICT (order_id) DO UPDATE SET
                customer_id = excluded.customer_id, placed_at = excluded.placed_at, paid_at = excluded.paid_at,
                cancelled_at = excluded.cancelled_at, facts = excluded.facts
            """)
    }

    /// False when this refund id counted for the order already.
    static func insert(_ refund: RefundData, _ db: SQLConnection) throws -> Bool {
        try db.execute(
            """
            INSERT INTO known_refunds (order_id, refund_id, amount, items)
            VALUES (\(refund.orderID), \(refund.refundID), \(refund.amount), \(JSON.array(refund.items.map(\.json))))
            ON CONFLICT (order_id, refund_id) DO NOTHING
            """) > 0
    }

    static func refunds(of orderID: String, _ db: SQLConnection) throws -> [RefundData] {
        let issues = FieldIssues()
        return try db.all("SELECT refund_id, amount, items FROM known_refunds WHERE order_id = \(orderID) ORDER BY refund_id") { row in
            RefundData(
                orderID: orderID, refundID: row.text(0), amount: row.intOrNil(1),
                items: (row.json(2).array ?? []).compactMap { $0.object.map { RefundItem(FieldReader($0, issues: issues, strict: false)) } }
            )
        }
    }
}
