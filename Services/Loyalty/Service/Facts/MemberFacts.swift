import LoyaltyDomain
import Shared
import SharedStore

/// What conditions may ask of a member beside the order, cart or event at hand. Each document is gathered only when a condition names it, and once.
struct MemberFacts {
    let member: CustomerRecord
    let catalogue: Catalogue
    let now: Timestamp
    let db: SQLConnection
    /// What is there already: `order`, `cart`, `event`.
    var documents: [String: JSON]
    /// The order at hand where it is not to count among the member's own: what a cart is asked before it is an order.
    var exceptOrderID: String?
    /// An order that is not there yet and is to count: what an earning rule would see once it is.
    var coming: Order?

    init(_ member: CustomerRecord, _ catalogue: Catalogue, now: Timestamp, _ db: SQLConnection, documents: [String: JSON] = [:]) {
        self.member = member
        self.catalogue = catalogue
        self.now = now
        self.db = db
        self.documents = documents
    }

    /// The facts that conditions over these roots see.
    mutating func facts(for roots: Set<String>) throws -> ConditionFacts {
        for root in roots where documents[root] == nil {
            if let document = try gather(root) { documents[root] = document }
        }
        return ConditionFacts(documents, now: now)
    }

    private func gather(_ root: String) throws -> JSON? {
        switch root {
        case "customer": customer
        case "points": points
        case "tier": try tier()
        case "orders": try orders()
        case "time": TimeFacts.json(now, catalogue.zone)
        case "segments": .from(try SegmentMembership.ids(of: member.customer.id, db))
        default: nil
        }
    }

    /// The profile, and what is Vefa's own of it: the same that segments may ask about.
    private var customer: JSON {
        var object = member.customer.data.json.object ?? JSONObject()
        object["id"] = .string(member.customer.id)
        object["guest"] = .bool(member.customer.isGuest)
        object["created_at"] = .from(member.customer.createdAt)
        return .object(object)
    }

    private var points: JSON {
        let counters = member.account.counters
        return [
            "balance": .int(counters.balance), "pending": .int(counters.pending), "lifetime_earned": .int(counters.lifetimeEarned),
            "lifetime_spent": .int(counters.lifetimeSpent),
        ]
    }

    /// The tier held at the moment, what happened at that very moment counted.
    private func tier() throws -> JSON? {
        try TierKeeper(catalogue: catalogue).held(by: member.account, at: now, db).map { ["id": .string($0.id), "name": .string($0.name)] }
    }

    /// Counted orders: not cancelled. `total` is less refunds, in the programme's currency; `average` is `total / count`, rounded down.
    private func orders() throws -> JSON? {
        let figures = try figures()
        return [
            "count": .int(figures.count), "total": .int(figures.total), "average": .from(figures.average),
            "first_at": .from(figures.firstAt), "last_at": .from(figures.lastAt),
        ]
    }

    private func figures() throws -> OrderFigures {
        let currency = catalogue.programme.currency?.code
        var figures =
            try db.first(
                """
                SELECT COUNT(*), MIN(placed_at), MAX(placed_at), \(OrderFigures.sums(currency))
                FROM orders WHERE customer_id = \(member.customer.id) AND cancelled_at IS NULL AND order_id <> \(exceptOrderID ?? "")
                """
            ) { row in
                OrderFigures(count: row.int(0), total: OrderFigures.total(row, 3), firstAt: row.timeOrNil(1), lastAt: row.timeOrNil(2))
            } ?? OrderFigures()
        guard let coming else { return figures }
        figures.count += 1
        // The first order's currency becomes the programme's.
        if coming.currency == catalogue.programme.currency ?? coming.currency { figures.total = Exact.sum(figures.total, coming.amounts.total) }
        figures.firstAt = min(figures.firstAt ?? coming.placedAt, coming.placedAt)
        figures.lastAt = max(figures.lastAt ?? coming.placedAt, coming.placedAt)
        return figures
    }
}

extension OrderFigures {
    /// Two columns that together are what came in, less what went back: a store's SUM has 64 bits, and amounts may have 53.
    static func sums(_ currency: String?) -> SQL {
        """
        CAST(COALESCE(SUM(CASE WHEN currency = \(currency) THEN (amount - refunded) / 4294967296 ELSE 0 END), 0) AS BIGINT),
        CAST(COALESCE(SUM(CASE WHEN currency = \(currency) THEN (amount - refunded) % 4294967296 ELSE 0 END), 0) AS BIGINT)
        """
    }

    /// Reads ``sums(_:)`` from `column` on. What is past 64 bits counts as the most there is.
    static func total(_ row: SQLRow, _ column: Int) -> Int64 {
        Int64(clamping: Int128(row.int(column)) * 4_294_967_296 + Int128(row.int(column + 1)))
    }
}
