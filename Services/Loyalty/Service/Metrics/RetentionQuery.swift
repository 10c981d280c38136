import LoyaltyDomain
import Shared
import SharedStore

/// The retention figures out of the orders, in one pass over an index that holds all they need, person by person.
enum RetentionQuery {
    /// Sums of amounts are taken in two halves, since a store's SUM has 64 bits and amounts may have 53.
    private static let half: Int64 = 1 << 32

    /// `segment` narrows it to the orders of a segment's present members, those that they placed as guests included.
    static func run(
        from: Timestamp?, to: Timestamp?, currency: Currency, segment: String? = nil, _ db: SQLConnection
    ) throws -> RetentionFigures {
        let earliest = from ?? Timestamp(milliseconds: .min)
        let latest = to ?? Timestamp(milliseconds: .max)
        let members: SQL =
            segment.map { "AND person_id IN (SELECT customer_id FROM segment_members WHERE segment_id = \($0))" } ?? ""
        let row = try db.first(
            """
            WITH persons AS (
                SELECT person_id, COUNT(*) AS orders, SUM(guest) AS guests, MIN(placed_at) AS first_at, MAX(placed_at) AS last_at,
                    SUM(amount / \(raw: "\(half)")) AS gross_high, SUM(amount % \(raw: "\(half)")) AS gross_low,
                    SUM(refunded / \(raw: "\(half)")) AS refund_high, SUM(refunded % \(raw: "\(half)")) AS refund_low
                FROM orders
                WHERE cancelled_at IS NULL AND currency = \(currency.code) AND placed_at >= \(earliest) AND placed_at < \(latest) \(members)
                GROUP BY person_id
            )
            SELECT
                CAST(COALESCE(SUM(orders), 0) AS BIGINT), CAST(COALESCE(SUM(guests), 0) AS BIGINT), COUNT(person_id),
                COUNT(CASE WHEN person_id IS NOT NULL AND orders > 1 THEN 1 END),
                CAST(COALESCE(SUM(gross_high), 0) AS BIGINT), CAST(COALESCE(SUM(gross_low), 0) AS BIGINT),
                CAST(COALESCE(SUM(refund_high), 0) AS BIGINT), CAST(COALESCE(SUM(refund_low), 0) AS BIGINT),
                CAST(COALESCE(SUM(CASE WHEN person_id IS NOT NULL THEN last_at - first_at ELSE 0 END), 0) AS BIGINT),
                CAST(COALESCE(SUM(CASE WHEN person_id IS NOT NULL THEN orders - 1 ELSE 0 END), 0) AS BIGINT)
            FROM persons
            """
        ) { row in
            var figures = RetentionFigures()
            figures.orders = row.int(0)
            figures.guestOrders = row.int(1)
            figures.customers = row.int(2)
            figures.repeatCustomers = row.int(3)
            figures.gross = Int128(row.int(4)) * Int128(half) + Int128(row.int(5))
            figures.refunded = Int128(row.int(6)) * Int128(half) + Int128(row.int(7))
            figures.gapMilliseconds = row.int(8)
            figures.gaps = row.int(9)
            return figures
        }
        return row ?? RetentionFigures()
    }
}
