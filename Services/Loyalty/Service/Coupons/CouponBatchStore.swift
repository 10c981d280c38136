import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// A batch of coupons as kept.
struct CouponBatchRecord: Sendable {
    enum Kind: String, Sendable { case shared, unique, granted }

    let id: String
    let kind: Kind
    /// What the coupons were granted for; nil for batches that a merchant made.
    var reason: String?
    var code: String?
    var pattern: String?
    var codes: Int64
    /// Nil for what was granted: each such coupon has its own.
    var rules: CouponRules?
    var cancelledAt: Timestamp?
    let createdAt: Timestamp
    var updatedAt: Timestamp
    /// Orders that its coupons are used for now.
    var redemptions: Int64 = 0

    static let columns = """
        b.batch_id, b.kind, b.grant_reason, b.code, b.pattern,
        CASE WHEN b.kind = 'granted' THEN (SELECT COUNT(*) FROM coupons c WHERE c.batch_id = b.batch_id) ELSE b.codes END, b.terms, b.cancelled_at, b.created_at, b.updated_at,
        (SELECT COUNT(*) FROM coupon_redemptions r WHERE r.batch_id = b.batch_id AND r.released_at IS NULL)
        """

    init(_ row: SQLRow) {
        id = row.text(0)
        kind = Kind(rawValue: row.text(1)) ?? .shared
        reason = row.textOrNil(2)
        code = row.textOrNil(3)
        pattern = row.textOrNil(4)
        codes = row.int(5)
        rules = row.isNull(6) ? nil : CouponRules(kept: row.json(6))
        cancelledAt = row.timeOrNil(7)
        createdAt = row.time(8)
        updatedAt = row.time(9)
        redemptions = row.int(10)
    }

    init(
        id: String, kind: Kind, reason: String? = nil, code: String? = nil, pattern: String? = nil, codes: Int64, rules: CouponRules?,
        now: Timestamp
    ) {
        self.id = id
        self.kind = kind
        self.reason = reason
        self.code = code
        self.pattern = pattern
        self.codes = codes
        self.rules = rules
        createdAt = now
        updatedAt = now
    }

    /// As the API answers it; `first` are the first of its codes, where they are wanted.
    func json(now: Timestamp, first: [String]? = nil) -> JSON {
        // A batch is never used up: its coupons are.
        let state = rules.map { CouponState($0, redemptions: 0, isCancelled: cancelledAt != nil, now: now) } ?? .active
        var object = JSONObject([
            .init(name: "id", value: .string(id)), .init(name: "kind", value: .string(kind.rawValue)),
            .init(name: "state", value: .string(state.rawValue)), .init(name: "code", value: .from(code)),
            .init(name: "pattern", value: .from(pattern)), .init(name: "count", value: .int(codes)),
            .init(name: "redemptions", value: .int(redemptions)),
        ])
        if let rules { object.members += rules.members } else { object["name"] = .from(reason) }
        object["created_at"] = .from(createdAt)
        object["updated_at"] = .from(updatedAt)
        object["cancelled_at"] = .from(cancelledAt)
        if let first { object["codes"] = .from(first) }
        return .object(object)
    }
}

extension CouponRules {
    /// Rules as they were kept.
    init?(kept json: JSON) { self.init(FieldReader(body: json, issues: FieldIssues(), strict: false)) }

    var kept: JSON { .object(JSONObject(members)) }

    /// Whether a coupon's uses are kept count of beside the uses themselves. Without a limit nothing hangs on the number, and a counter would be a row
    /// that every use of a shared code writes, one after another.
    var isCounted: Bool { maxRedemptions != nil }
}

/// Batches in the store.
enum CouponBatchStore {
    static func find(_ id: String, _ db: SQLConnection) throws -> CouponBatchRecord? {
        try db.first("SELECT \(raw: CouponBatchRecord.columns) FROM coupon_batches b WHERE b.batch_id = \(id)", CouponBatchRecord.init)
    }

    /// Newest first, those that were cancelled or the others; one row more than the page's limit.
    static func rows(_ page: PageRequest, cancelled: Bool, _ db: SQLConnection) throws -> [CouponBatchRecord] {
        var after: SQL = ""
        if let keys = page.after {
            guard keys.count == 1, let id = keys[0].string else {
                throw Problem.invalid("?cursor", "invalid_cursor", "take it from next_cursor as it came")
            }
            after = "AND b.batch_id < \(id)"
        }
        let which: SQL = cancelled ? "b.cancelled_at IS NOT NULL" : "b.cancelled_at IS NULL"
        return try db.all(
            """
            SELECT \(raw: CouponBatchRecord.columns) FROM coupon_batches b WHERE \(which) \(after)
            ORDER BY b.batch_id DESC LIMIT \(page.limit + 1)
            """,
            CouponBatchRecord.init)
    }

    static func insert(_ batch: CouponBatchRecord, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO coupon_batches (batch_id, kind, grant_reason, code, pattern, codes, terms, cancelled_at, created_at, updated_at)
            VALUES (\(batch.id), \(batch.kind.rawValue), \(batch.reason), \(batch.code), \(batch.pattern), \(batch.codes), \(batch.rules?.kept),
                NULL, \(batch.createdAt), \(batch.updatedAt))
            """)
    }

    /// Puts other terms. Where they are the first with a limit, its codes are counted from now on, beginning with the uses there are.
    static func update(_ id: String, from present: CouponRules, to rules: CouponRules, _ change: Change) throws {
        try change.db.execute("UPDATE coupon_batches SET terms = \(rules.kept), updated_at = \(change.now) WHERE batch_id = \(id)")
        if rules.isCounted, !present.isCounted { try CouponStore.recount(batchID: id, change.db) }
    }

    static func cancel(_ id: String, _ change: Change) throws {
        try change.db.execute(
            "UPDATE coupon_batches SET cancelled_at = \(change.now), updated_at = \(change.now) WHERE batch_id = \(id)")
    }

    /// The batch of everything granted for a reason; made where there is none. Its coupons are counted when somebody asks: a counter would be one row
    /// that every grant writes, one after another.
    static func granted(for reason: String, _ change: Change) throws -> String {
        let known = try change.db.first("SELECT batch_id FROM coupon_batches WHERE grant_reason = \(reason)") { $0.text(0) }
        if let known { return known }
        let batch = CouponBatchRecord(
            id: TypeID.make("batch", at: change.now), kind: .granted, reason: reason, codes: 0, rules: nil, now: change.now)
        try insert(batch, change.db)
        return batch.id
    }
}
