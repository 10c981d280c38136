import LoyaltyDomain
import Shared
import SharedStore

/// A lot as kept, with where it came from.
struct LotRecord: Sendable {
    var lot: Lot
    let memberID: String
    /// The accrual's, or the adjustment's.
    let cause: String
    let orderID: String?
    let ruleID: String?
    let ruleVersion: Int64?

    static let columns = """
        lot_id, member_id, cause, order_id, rule_id, rule_version, points, remaining, state, earned_at, active_at, expires_at, reserved
        """

    init(lot: Lot, memberID: String, cause: String, orderID: String?, ruleID: String?, ruleVersion: Int64?) {
        self.lot = lot
        self.memberID = memberID
        self.cause = cause
        self.orderID = orderID
        self.ruleID = ruleID
        self.ruleVersion = ruleVersion
    }

    init(_ row: SQLRow) {
        lot = Lot(
            id: row.text(0), points: row.int(6), remaining: row.int(7), reserved: row.int(12),
            state: Lot.State(rawValue: row.text(8)) ?? .active, earnedAt: row.time(9),
            activeAt: row.time(10), expiresAt: row.timeOrNil(11))
        memberID = row.text(1)
        cause = row.text(2)
        orderID = row.textOrNil(3)
        ruleID = row.textOrNil(4)
        ruleVersion = row.intOrNil(5)
    }

    var json: JSON {
        [
            "id": .string(lot.id), "points": .int(lot.points), "remaining": .int(lot.remaining), "reserved": .int(lot.reserved), "state": .string(lot.state.rawValue),
            "earned_at": .from(lot.earnedAt), "active_at": .from(lot.activeAt), "expires_at": .from(lot.expiresAt),
            "order_id": .from(orderID),
            "rule": .from(ruleID), "rule_version": .from(ruleVersion),
        ]
    }
}

/// Lots in the store.
enum LotStore {
    static func insert(_ record: LotRecord, _ db: SQLConnection) throws {
        let lot = record.lot
        try db.execute(
            """
            INSERT INTO lots (lot_id, member_id, cause, order_id, rule_id, rule_version, points, remaining, state, earned_at, active_at, expires_at)
            VALUES (\(lot.id), \(record.memberID), \(record.cause), \(record.orderID), \(record.ruleID), \(record.ruleVersion), \(lot.points),
                \(lot.remaining), \(lot.state.rawValue), \(lot.earnedAt), \(lot.activeAt), \(lot.expiresAt))
            """)
    }

    static func find(_ id: String, _ db: SQLConnection) throws -> LotRecord? {
        try db.first("SELECT \(raw: LotRecord.columns) FROM lots WHERE lot_id = \(id)", LotRecord.init)
    }

    /// A member's lots that still hold points.
    static func open(_ memberID: String, _ db: SQLConnection) throws -> [LotRecord] {
        try db.all("SELECT \(raw: LotRecord.columns) FROM lots WHERE member_id = \(memberID) AND remaining > 0", LotRecord.init)
    }

    /// A member's lots, newest first; one row more than the page's limit.
    static func page(_ memberID: String, _ page: PageRequest, _ db: SQLConnection) throws -> [LotRecord] {
        var after: SQL = ""
        if let keys = page.after {
            guard keys.count == 2, let earnedAt = keys[0].int, let id = keys[1].string else {
                throw Problem.invalid("?cursor", "invalid_cursor", "take it from next_cursor as it came")
            }
            after = "AND (earned_at < \(earnedAt) OR (earned_at = \(earnedAt) AND lot_id < \(id)))"
        }
        return try db.all(
            """
            SELECT \(raw: LotRecord.columns) FROM lots WHERE member_id = \(memberID) \(after)
            ORDER BY earned_at DESC, lot_id DESC LIMIT \(page.limit + 1)
            """, LotRecord.init)
    }

    static func take(_ points: Int64, from lotID: String, _ db: SQLConnection) throws {
        try db.execute("UPDATE lots SET remaining = remaining - \(points) WHERE lot_id = \(lotID)")
    }

    static func activate(_ lotID: String, filled: Int64, _ db: SQLConnection) throws {
        try db.execute("UPDATE lots SET state = 'active', remaining = remaining - \(filled) WHERE lot_id = \(lotID)")
    }

    /// What will expire, soonest first, at most `limit` moments.
    static func expiring(_ memberID: String, limit: Int, _ db: SQLConnection) throws -> [(points: Int64, at: Timestamp)] {
        try db.all(
            """
            SELECT CAST(SUM(remaining) AS BIGINT), expires_at FROM lots
            WHERE member_id = \(memberID) AND remaining > 0 AND state = 'active' AND expires_at IS NOT NULL
            GROUP BY expires_at ORDER BY expires_at LIMIT \(limit)
            """
        ) { (points: $0.int(0), at: $0.time(1)) }
    }
}
