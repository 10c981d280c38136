import ReferralDomain
import Shared
import SharedStore

enum ReferralStore {
    private static let columns: SQL = """
        id, programme_id, code, advocate_id, friend_id, friend_key, friend_email, claim_key, state, reason, restored, terms, order_id,
            friend_reward, advocate_reward, hold_until, created_at, qualified_at, approved_at, updated_at
        """

    static func find(_ id: String, _ db: SQLConnection) throws -> Referral? {
        try db.first("SELECT \(columns) FROM referrals WHERE id = \(id)", read) ?? nil
    }

    static func hasAny(_ db: SQLConnection) throws -> Bool { try db.exists("SELECT 1 FROM referrals LIMIT 1") }

    /// Newest first; one row more than the page's limit.
    static func rows(_ page: PageRequest, state: ReferralState?, advocate: String?, _ db: SQLConnection) throws -> [Referral] {
        var query: SQL = "SELECT \(columns) FROM referrals WHERE 1 = 1"
        if let state { query.append(" AND state = \(state.rawValue)") }
        if let advocate { query.append(" AND advocate_id = \(advocate)") }
        if let time = page.after?.first?.int, let id = page.after?.last?.string {
            query.append(" AND (created_at < \(time) OR (created_at = \(time) AND id < \(id)))")
        }
        query.append(" ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)")
        return try db.all(query, read).compactMap { $0 }
    }

    /// Those that an order may touch: bound to it, waiting for a coupon that it carries, or of its buyer and still open.
    static func concerned(by orderID: String, codes: [ReferralCode], buyer ids: [String], _ db: SQLConnection) throws -> [Referral] {
        var found = try db.all("SELECT \(columns) FROM referrals WHERE order_id = \(orderID) ORDER BY created_at, id", read).compactMap {
            $0
        }
        var more: [Referral] = []
        if !codes.isEmpty {
            more += try db.all(
                "SELECT \(columns) FROM referrals WHERE friend_coupon IN \(list: codes.prefix(100).map(\.text)) AND state = 'pending' ORDER BY id",
                read
            ).compactMap { $0 }
        }
        more += try of(friend: ids, db).filter { $0.state == .pending || $0.state == .qualified }
        for referral in more where !found.contains(where: { $0.id == referral.id }) { found.append(referral) }
        return found
    }

    /// What makes one of these, or somebody with their mailboxes, a referred person.
    static func of(friend ids: [String], keys more: [String] = [], _ db: SQLConnection) throws -> [Referral] {
        let keys = try KnownPersons.keys(of: ids, db) + ids.map(PersonHash.customer) + more
        var found: [Referral] = []
        if !ids.isEmpty {
            found += try db.all(
                "SELECT \(columns) FROM referrals WHERE friend_id IN \(list: ids) AND claim_key IS NOT NULL ORDER BY created_at, id", read
            ).compactMap { $0 }
        }
        guard !keys.isEmpty else { return found }
        let byKey = try db.all(
            "SELECT \(columns) FROM referrals WHERE friend_key IN \(list: keys) AND claim_key IS NOT NULL ORDER BY created_at, id", read
        ).compactMap { $0 }
        for referral in byKey where !found.contains(where: { $0.id == referral.id }) { found.append(referral) }
        return found
    }

    /// As advocate or friend, newest first.
    static func around(_ customerID: String, limit: Int, _ db: SQLConnection) throws -> [Referral] {
        try db.all(
            """
            SELECT \(columns) FROM referrals WHERE advocate_id = \(customerID) OR friend_id = \(customerID)
            ORDER BY created_at DESC, id DESC LIMIT \(limit)
            """, read
        ).compactMap { $0 }
    }

    /// An advocate's referrals whose hold ended before a moment and that nobody has weighed since, in the order in which they ended.
    static func held(by advocate: String, programme: String, before time: Timestamp, _ db: SQLConnection) throws -> [Referral] {
        try db.all(
            """
            SELECT \(columns) FROM referrals
            WHERE advocate_id = \(advocate) AND programme_id = \(programme) AND state = 'qualified' AND hold_until < \(time)
            ORDER BY hold_until, id LIMIT 1000
            """, read
        ).compactMap { $0 }
    }

    /// How many referrals of an advocate stand approved since a moment.
    static func approved(_ advocate: String, programme: String, since start: Timestamp, _ db: SQLConnection) throws -> Int64 {
        try db.first(
            """
            SELECT COUNT(*) FROM referrals
            WHERE advocate_id = \(advocate) AND programme_id = \(programme) AND state = 'approved' AND approved_at >= \(start)
            """
        ) { $0.int(0) } ?? 0
    }

    /// How many there are of an advocate that count, and how many of them are approved.
    static func counts(advocate: String, programme: String, _ db: SQLConnection) throws -> (claimed: Int64, approved: Int64) {
        try db.first(
            """
            SELECT COUNT(*), CAST(SUM(CASE WHEN state = 'approved' THEN 1 ELSE 0 END) AS BIGINT) FROM referrals
            WHERE advocate_id = \(advocate) AND programme_id = \(programme) AND claim_key IS NOT NULL
            """
        ) { ($0.int(0), $0.intOrNil(1) ?? 0) } ?? (0, 0)
    }

    /// False when the friend, or this very referral, is there already.
    static func insert(_ referral: Referral, _ db: SQLConnection) throws -> Bool {
        try db.execute(
            """
            INSERT INTO referrals (id, programme_id, code, advocate_id, friend_id, friend_key, friend_email, claim_key, state, reason, restored,
                terms, order_id, friend_coupon, friend_reward, advocate_reward, hold_until, created_at, qualified_at, approved_at, updated_at)
            VALUES (\(referral.id), \(referral.programmeID), \(referral.code), \(referral.advocateID), \(referral.friendID), \(referral.friendKey),
                \(referral.friendEmail), \(referral.isClaim ? referral.friendKey : nil), \(referral.state.rawValue), \(referral.reason),
                \(referral.isRestored), \(JSON.object(referral.terms.json)), \(referral.orderID), \(coupon(referral)),
                \(referral.friendReward.json), \(referral.advocateReward.json), \(referral.holdUntil), \(referral.createdAt),
                \(referral.qualifiedAt), \(referral.approvedAt), \(referral.updatedAt))
            ON CONFLICT DO NOTHING
            """) > 0
    }

    static func update(_ referral: Referral, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE referrals SET friend_id = \(referral.friendID), state = \(referral.state.rawValue), reason = \(referral.reason),
                restored = \(referral.isRestored), order_id = \(referral.orderID), friend_coupon = \(coupon(referral)),
                friend_reward = \(referral.friendReward.json), advocate_reward = \(referral.advocateReward.json),
                hold_until = \(referral.holdUntil), qualified_at = \(referral.qualifiedAt), approved_at = \(referral.approvedAt),
                updated_at = \(referral.updatedAt)
            WHERE id = \(referral.id)
            """)
    }

    private static func coupon(_ referral: Referral) -> String? {
        referral.friendReward.couponCode.flatMap { ReferralCode($0)?.text ?? $0 }
    }

    static func note(_ step: ReferralStep, of id: String, _ db: SQLConnection) throws {
        let last = try db.first("SELECT MAX(seq) FROM referral_history WHERE referral_id = \(id)") { $0.intOrNil(0) } ?? nil
        try db.execute(
            """
            INSERT INTO referral_history (referral_id, seq, from_state, to_state, actor, reason, at)
            VALUES (\(id), \((last ?? 0) + 1), \(step.from?.rawValue), \(step.to.rawValue), \(step.actor.rawValue), \(step.reason), \(step.at))
            """)
    }

    static func history(of id: String, _ db: SQLConnection) throws -> [ReferralStep] {
        try db.all("SELECT from_state, to_state, actor, reason, at FROM referral_history WHERE referral_id = \(id) ORDER BY seq") { row in
            ReferralStep(
                from: row.textOrNil(0).flatMap(ReferralState.init), to: ReferralState(rawValue: row.text(1)) ?? .pending,
                actor: ReferralActor(rawValue: row.text(2)) ?? .system, reason: row.text(3), at: row.time(4))
        }
    }

    // MARK: - Persons

    static func merge(_ from: String, into: String, _ db: SQLConnection) throws {
        try db.execute("UPDATE referrals SET advocate_id = \(into) WHERE advocate_id = \(from)")
        try db.execute("UPDATE referrals SET friend_id = \(into) WHERE friend_id = \(from)")
    }

    /// Removes a customer's address where it stood in clear.
    static func forgetEmail(of id: String, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE referrals SET friend_email = NULL WHERE friend_id = \(id)
                OR friend_key IN (SELECT person_key FROM known_addresses WHERE customer_id = \(id))
            """)
    }

    private static func read(_ row: SQLRow) -> Referral? {
        let reader = FieldReader(body: row.json(11), issues: FieldIssues(), strict: false)
        guard let state = ReferralState(rawValue: row.text(8)), let terms = ReferralTerms(reader) else { return nil }
        return Referral(
            id: row.text(0), programmeID: row.text(1), code: row.text(2), advocateID: row.text(3), friendID: row.textOrNil(4),
            friendKey: row.textOrNil(5), friendEmail: row.textOrNil(6), isClaim: !row.isNull(7), state: state, reason: row.text(9),
            isRestored: row.bool(10), terms: terms, orderID: row.textOrNil(12), friendReward: RewardRecord(json: row.json(13)),
            advocateReward: RewardRecord(json: row.json(14)), holdUntil: row.timeOrNil(15), createdAt: row.time(16),
            qualifiedAt: row.timeOrNil(17), approvedAt: row.timeOrNil(18), updatedAt: row.time(19))
    }
}
