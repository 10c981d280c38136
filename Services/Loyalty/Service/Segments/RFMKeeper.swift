import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Keeps the quintiles' thresholds: computed once a day while a segment asks for scores, and whenever somebody asks for it.
struct RFMKeeper: Sendable {
    static let timer = "rfm.compute"
    static let key = "rfm"
    private static let page = 20_000

    let catalogues: CatalogueCache

    /// The thresholds over everybody just now; nil where nobody has ordered. Three numbers a customer are held for as long as it takes.
    static func compute(_ catalogues: CatalogueCache, _ house: House) async throws -> RFMThresholds? {
        var after = ""
        var lastAt: [Int64] = []
        var counts: [Int64] = []
        var totals: [Int64] = []
        while true {
            try Task.checkCancellation()
            let from = after
            let found = try await house.read { db in
                let currency = try catalogues.current(db).programme.currency?.code
                return try db.all(
                    """
                    SELECT o.customer_id, COUNT(*), MAX(o.placed_at), \(OrderFigures.sums(currency))
                    FROM orders o JOIN customers c ON c.customer_id = o.customer_id
                    WHERE o.customer_id > \(from) AND o.cancelled_at IS NULL AND c.deleted_at IS NULL
                    GROUP BY o.customer_id ORDER BY o.customer_id LIMIT \(page)
                    """
                ) { (id: $0.text(0), count: $0.int(1), lastAt: $0.int(2), total: OrderFigures.total($0, 3)) }
            }
            guard let last = found.last else { break }
            after = last.id
            lastAt += found.map(\.lastAt)
            counts += found.map(\.count)
            totals += found.map(\.total)
        }
        return RFMThresholds(lastAt: lastAt, counts: counts, totals: totals, at: house.now)
    }

    func run(_ timer: DueTimer, _ house: House) async throws {
        let thresholds = try await Self.compute(catalogues, house)
        try await house.write { change in
            guard try change.holds(timer) else { return }
            let catalogue = try catalogues.current(change.db)
            if let thresholds {
                try change.db.execute(
                    """
                    INSERT INTO rfm_state (state_id, thresholds, computed_at) VALUES (1, \(thresholds.kept), \(thresholds.computedAt))
                    ON CONFLICT (state_id) DO UPDATE SET thresholds = excluded.thresholds, computed_at = excluded.computed_at
                    """)
            } else {
                try change.db.execute("DELETE FROM rfm_state WHERE state_id = 1")
            }
            let segments = catalogue.segments.segments.filter(\.rule.needs.scores)
            // Whoever keeps the programme in memory keeps the thresholds with it.
            try SegmentStore.touch(change)
            // Scheduled anew while it runs, which the end of this run respects.
            if try Self.isNeeded(catalogue, change.db) { try change.schedule(Self.timer, key: Self.key, at: Self.midnight(after: change.now, catalogue.zone)) }
            for segment in segments { try SegmentStore.begin(segment.id, cause: "rfm", change) }
        }
    }

    /// Whether a segment, an offer or a coupon asks for scores.
    private static func isNeeded(_ catalogue: Catalogue, _ db: SQLConnection) throws -> Bool {
        if catalogue.segments.segments.contains(where: \.rule.needs.scores) { return true }
        if catalogue.offers.contains(where: { $0.conditions?.roots.contains("rfm") ?? false }) { return true }
        return try db.exists("SELECT 1 FROM coupon_batches WHERE terms LIKE '%\"rfm.%' AND cancelled_at IS NULL")
    }

    /// Sees to it that there are thresholds for a segment that asks for scores, and that they are renewed. True where there are some.
    static func ensure(_ catalogue: Catalogue, _ change: Change) throws -> Bool {
        let has = try change.db.exists("SELECT 1 FROM rfm_state WHERE state_id = 1")
        let isScheduled = try change.isScheduled(timer, key: key)
        if !has || !isScheduled { try change.schedule(timer, key: key, at: change.now) }
        return has
    }

    private static func midnight(after now: Timestamp, _ zone: ZoneRules) -> Timestamp {
        zone.endOfDay(zone.local(now).date).adding(milliseconds: 1)
    }
}
