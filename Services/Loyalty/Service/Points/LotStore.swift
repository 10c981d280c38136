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
        lot_id, member_id, cause, order_id, rule_id, rule_version, points, remaining, state, earned_at, active_at, expires_at, reserved,
        idle_months, waits_for
        """

    /// Kept in the place of a moment that nothing known tells: later than all.
    static let endOfTime = Timestamp(milliseconds: 253_402_300_799_999)

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
            activeAt: row.time(10) == Self.endOfTime ? nil : row.time(10), expiresAt: row.timeOrNil(11),
            idleMonths: row.intOrNil(13).map(Int.init), wait: row.isNull(14) ? nil : LotWait(kept: row.json(14)))
        memberID = row.text(1)
        cause = row.text(2)
        orderID = row.textOrNil(3)
        ruleID = row.textOrNil(4)
        ruleVersion = row.intOrNil(5)
    }

    var json: JSON {
        [
            "id": .string(lot.id), "points": .int(lot.points), "remaining": .int(lot.remaining), "reserved": .int(lot.reserved),
            "state": .string(lot.state.rawValue),
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
            INSERT INTO lots (lot_id, member_id, cause, order_id, rule_id, rule_version, points, remaining, state, earned_at, active_at, expires_at,
                reserved, idle_months, waits_for)
            VALUES (\(lot.id), \(record.memberID), \(record.cause), \(record.orderID), \(record.ruleID), \(record.ruleVersion), \(lot.points),
                \(lot.remaining), \(lot.state.rawValue), \(lot.earnedAt), \(lot.activeAt ?? LotRecord.endOfTime), \(lot.expiresAt),
                \(lot.reserved), \(lot.idleMonths.map(Int64.init)), \(lot.wait?.json))
            """)
    }

    static func find(_ id: String, _ db: SQLConnection) throws -> LotRecord? {
        try db.first("SELECT \(raw: LotRecord.columns) FROM lots WHERE lot_id = \(id)", LotRecord.init)
    }

    /// A member's lots that still hold points.
    static func open(_ memberID: String, _ db: SQLConnection) throws -> [LotRecord] {
        try db.all("SELECT \(raw: LotRecord.columns) FROM lots WHERE member_id = \(memberID) AND remaining > 0", LotRecord.init)
    }

    /// A member's lots that go by inactivity and hold points, be it for a redemption.
    static func idle(_ memberID: String, _ db: SQLConnection) throws -> [LotRecord] {
        try db.all(
            """
            SELECT \(raw: LotRecord.columns) FROM lots
            WHERE member_id = \(memberID) AND idle_months IS NOT NULL AND (remaining > 0 OR reserved > 0)
            """, LotRecord.init)
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

    /// All of a member's lots, the empty ones included.
    static func all(_ memberID: String, _ db: SQLConnection) throws -> [LotRecord] {
        try db.all("SELECT \(raw: LotRecord.columns) FROM lots WHERE member_id = \(memberID) ORDER BY earned_at, lot_id", LotRecord.init)
    }

    /// Lots of an order whose activation its delivery can still move.
    static func waiting(orderID: String, _ db: SQLConnection) throws -> [LotRecord] {
        try db.all(
            "SELECT \(raw: LotRecord.columns) FROM lots WHERE order_id = \(orderID) AND waits_for IS NOT NULL ORDER BY lot_id", LotRecord.init)
    }

    /// Writes what changes in a lot's life.
    static func update(_ lot: Lot, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE lots SET remaining = \(lot.remaining), reserved = \(lot.reserved), state = \(lot.state.rawValue),
                active_at = \(lot.activeAt ?? LotRecord.endOfTime), expires_at = \(lot.expiresAt), waits_for = \(lot.wait?.json)
            WHERE lot_id = \(lot.id)
            """)
    }

    /// Takes points out of what is left of a lot; `reserving` holds them there.
    static func take(_ points: Int64, from lotID: String, reserving: Int64 = 0, _ db: SQLConnection) throws {
        try db.execute("UPDATE lots SET remaining = remaining - \(points), reserved = reserved + \(reserving) WHERE lot_id = \(lotID)")
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
