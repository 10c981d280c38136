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
        case "tier": tier
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

    private var tier: JSON? {
        catalogue.tier(member.account.tierID).map { ["id": .string($0.id), "name": .string($0.name)] }
    }

    /// Counted orders: not cancelled. `total` is less refunds, in the programme's currency; `average` is `total / count`, rounded down.
    private func orders() throws -> JSON? {
        let currency = catalogue.programme.currency?.code
        return try db.first(
            """
            SELECT COUNT(*), MIN(placed_at), MAX(placed_at), \(OrderFigures.sums(currency))
            FROM orders WHERE customer_id = \(member.customer.id) AND cancelled_at IS NULL
            """
        ) { row in
            let figures = OrderFigures(
                count: row.int(0), total: OrderFigures.total(row, 3), firstAt: row.timeOrNil(1), lastAt: row.timeOrNil(2))
            return [
                "count": .int(figures.count), "total": .int(figures.total), "average": .from(figures.average),
                "first_at": .from(figures.firstAt), "last_at": .from(figures.lastAt),
            ]
        }
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
