import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// A coupon as kept, with its batch's rules or, for a granted one, its own.
struct CouponRecord: Sendable {
    let code: String
    let batchID: String
    let rules: CouponRules
    let holderEmailKey: String?
    let grantKey: String?
    /// Orders it is used for now, where its rules have them counted; else ``CouponStore/counted(_:_:)`` tells.
    var redemptions: Int64
    var cancelledAt: Timestamp?
    let createdAt: Timestamp

    static let columns = """
        c.code, c.batch_id, COALESCE(c.terms, b.terms), c.email_key, c.grant_key, c.redemptions, COALESCE(c.cancelled_at, b.cancelled_at),
        c.created_at
        """
    static let source = "coupons c JOIN coupon_batches b ON b.batch_id = c.batch_id"

    /// Nil where the rules cannot be read, which only a later program's could be.
    init?(_ row: SQLRow) {
        guard let rules = CouponRules(kept: row.json(2)) else { return nil }
        code = row.text(0)
        batchID = row.text(1)
        self.rules = rules
        holderEmailKey = row.textOrNil(3)
        grantKey = row.textOrNil(4)
        redemptions = row.int(5)
        cancelledAt = row.timeOrNil(6)
        createdAt = row.time(7)
    }

    func state(now: Timestamp) -> CouponState {
        CouponState(rules, redemptions: redemptions, isCancelled: cancelledAt != nil, now: now)
    }

    /// As the API answers it to a server.
    func json(now: Timestamp) -> JSON {
        var object = JSONObject([
            .init(name: "code", value: .string(code)), .init(name: "batch_id", value: .string(batchID)),
            .init(name: "state", value: .string(state(now: now).rawValue)),
        ])
        object.members += rules.members
        object["email"] = .from(holderEmailKey)
        object["grant_key"] = .from(grantKey)
        object["redemptions"] = .int(redemptions)
        object["created_at"] = .from(createdAt)
        object["cancelled_at"] = .from(cancelledAt)
        return .object(object)
    }
}

/// Coupons in the store.
enum CouponStore {
    static func find(_ code: CouponCode?, _ db: SQLConnection) throws -> CouponRecord? {
        guard let code else { return nil }
        return try db.first(
            "SELECT \(raw: CouponRecord.columns) FROM \(raw: CouponRecord.source) WHERE c.code = \(code.text)", CouponRecord.init) ?? nil
    }

    /// The same, to be used or changed. Where its uses are counted the row is held until the transaction ends: whoever comes second finds out here,
    /// and not after all its work. The rest is the isolation's to see to.
    static func claim(_ code: CouponCode?, _ db: SQLConnection) throws -> CouponRecord? {
        guard let coupon = try find(code, db) else { return nil }
        if coupon.rules.isCounted, !db.dialect.forUpdate.isEmpty {
            _ = try db.first("SELECT 1 FROM coupons WHERE code = \(coupon.code) \(raw: db.dialect.forUpdate)") { $0.int(0) }
        }
        return coupon
    }

    /// The coupon with its uses counted, for whoever looks at them.
    static func counted(_ coupon: CouponRecord, _ db: SQLConnection) throws -> CouponRecord {
        guard !coupon.rules.isCounted else { return coupon }
        var counted = coupon
        counted.redemptions =
            try db.first("SELECT COUNT(*) FROM coupon_redemptions WHERE code = \(coupon.code) AND released_at IS NULL") { $0.int(0) } ?? 0
        return counted
    }

    /// A batch's coupons by code; one row more than the page's limit.
    static func page(_ batchID: String, _ page: PageRequest, _ db: SQLConnection) throws -> [CouponRecord] {
        var after = ""
        if let keys = page.after {
            guard keys.count == 1, let code = keys[0].string else {
                throw Problem.invalid("?cursor", "invalid_cursor", "take it from next_cursor as it came")
            }
            after = code
        }
        return try db.all(
            """
            SELECT \(raw: CouponRecord.columns) FROM \(raw: CouponRecord.source)
            WHERE c.batch_id = \(batchID) AND c.code > \(after) ORDER BY c.code LIMIT \(page.limit + 1)
            """, CouponRecord.init
        ).compactMap { $0 }.map { try counted($0, db) }
    }

    static func codes(_ batchID: String, limit: Int, _ db: SQLConnection) throws -> [String] {
        try db.all("SELECT code FROM coupons WHERE batch_id = \(batchID) ORDER BY code LIMIT \(limit)") { $0.text(0) }
    }

    // MARK: - Making

    private static let rowsAtOnce = 256

    /// Adds codes to a batch, passing over those that there are already. Answers how many it added.
    static func insert(_ codes: [CouponCode], batchID: String, customerID: String?, _ change: Change) throws -> Int {
        var inserted = 0
        var rest = codes[...]
        var size = rowsAtOnce
        while !rest.isEmpty {
            // Powers of two: few different statements, so that they stay prepared.
            while size > rest.count { size /= 2 }
            var sql: SQL = "INSERT INTO coupons (code, batch_id, customer_id, redemptions, created_at) VALUES "
            for (index, code) in rest.prefix(size).enumerated() {
                if index > 0 { sql.append(", ") }
                sql.append("(\(code.text), \(batchID), \(customerID), 0, \(change.now))")
            }
            sql.append(" ON CONFLICT (code) DO NOTHING")
            inserted += try change.db.execute(sql)
            rest = rest.dropFirst(size)
        }
        return inserted
    }

    /// Adds `count` codes by chance; false where the pattern has not enough free ones left.
    static func draw(_ count: Int, _ pattern: CouponPattern, batchID: String, customerID: String?, _ change: Change) throws -> Bool {
        var generator = SystemRandomNumberGenerator()
        var missing = count
        var attempts = 0
        while missing > 0 {
            attempts += 1
            guard attempts <= 20 else { return false }
            var codes: Set<CouponCode> = []
            codes.reserveCapacity(missing)
            // The pattern has several times as many, so most draws are new.
            for _ in 0..<missing { if let code = pattern.code(using: &generator) { codes.insert(code) } }
            missing -= try insert(Array(codes), batchID: batchID, customerID: customerID, change)
        }
        return true
    }

    /// A coupon granted to somebody, under a fresh code; nil where none was found.
    static func grant(_ rules: CouponRules, batchID: String, emailKey: String?, key: String, _ change: Change) throws -> CouponRecord? {
        guard let pattern = CouponPattern.run(after: nil) else { return nil }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            guard let code = pattern.code(using: &generator) else { return nil }
            let rows = try change.db.execute(
                """
                INSERT INTO coupons (code, batch_id, terms, customer_id, email_key, grant_key, redemptions, created_at)
                VALUES (\(code.text), \(batchID), \(rules.kept), \(rules.customerID), \(emailKey), \(key), 0, \(change.now))
                ON CONFLICT (code) DO NOTHING
                """)
            if rows > 0 { return try find(code, change.db) }
        }
        return nil
    }

    // MARK: - Changing

    static func cancel(_ code: String, _ change: Change) throws {
        try change.db.execute("UPDATE coupons SET cancelled_at = \(change.now) WHERE code = \(code) AND cancelled_at IS NULL")
    }

    static func count(_ uses: Int64, of coupon: CouponRecord, _ db: SQLConnection) throws {
        guard coupon.rules.isCounted else { return }
        try db.execute("UPDATE coupons SET redemptions = redemptions + \(uses) WHERE code = \(coupon.code)")
    }

    /// Counts a batch's uses anew.
    static func recount(batchID: String, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE coupons SET redemptions =
                (SELECT COUNT(*) FROM coupon_redemptions r WHERE r.code = coupons.code AND r.released_at IS NULL)
            WHERE batch_id = \(batchID)
            """)
    }

    // MARK: - Somebody's

    static func held(by person: CouponPerson, limit: Int, _ db: SQLConnection) throws -> [CouponRecord] {
        try db.all(
            """
            SELECT \(raw: CouponRecord.columns) FROM \(raw: CouponRecord.source)
            WHERE c.customer_id IN \(list: person.customerIDs) OR c.email_key IN \(list: person.emailKeys)
            ORDER BY c.created_at DESC, c.code LIMIT \(limit)
            """, CouponRecord.init
        ).compactMap { $0 }.map { try counted($0, db) }
    }

    /// Coupons that somebody has used.
    static func used(by person: CouponPerson, limit: Int, _ db: SQLConnection) throws -> [CouponRecord] {
        try db.all(
            """
            SELECT \(raw: CouponRecord.columns) FROM \(raw: CouponRecord.source)
            WHERE c.code IN (
                SELECT code FROM coupon_redemptions
                WHERE released_at IS NULL AND (customer_id IN \(list: person.customerIDs) OR email_key IN \(list: person.emailKeys))
                ORDER BY redeemed_at DESC LIMIT \(limit)
            ) ORDER BY c.created_at DESC, c.code
            """, CouponRecord.init
        ).compactMap { $0 }.map { try counted($0, db) }
    }
}
