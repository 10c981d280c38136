import LoyaltyDomain
import Shared
import SharedStore

/// Accruals in the store: what each rule has given for each cause.
enum AccrualStore {
    static func all(cause: String, _ db: SQLConnection) throws -> [Accrual] {
        try db.all(
            """
            SELECT cause, rule_id, rule_version, credited, reversed, forgiven, ceiling, postings FROM accruals
            WHERE cause = \(cause) ORDER BY rule_id
            """
        ) { row in
            Accrual(
                cause: row.text(0), ruleID: row.text(1), ruleVersion: row.int(2), credited: row.int(3), reversed: row.int(4),
                forgiven: row.int(5),
                ceiling: row.intOrNil(6), postings: row.int(7))
        }
    }

    static func insert(_ accrual: Accrual, memberID: String, capPeriod: String?, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO accruals (cause, rule_id, rule_version, member_id, credited, reversed, forgiven, ceiling, cap_period, postings)
            VALUES (\(accrual.cause), \(accrual.ruleID), \(accrual.ruleVersion), \(memberID), \(accrual.credited), \(accrual.reversed),
                \(accrual.forgiven), \(accrual.ceiling), \(capPeriod), \(accrual.postings))
            """)
    }

    static func update(_ accrual: Accrual, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE accruals SET credited = \(accrual.credited), reversed = \(accrual.reversed), forgiven = \(accrual.forgiven),
                postings = \(accrual.postings)
            WHERE cause = \(accrual.cause) AND rule_id = \(accrual.ruleID)
            """)
    }

    /// What a cap leaves of a period: the cap less what the rule has given the member in it and not taken back.
    static func room(_ cap: MemberCap, rule: String, memberID: String, period: String, _ db: SQLConnection) throws -> Int64 {
        let given = try db.first(
            """
            SELECT CAST(COALESCE(SUM(credited - reversed - forgiven), 0) AS BIGINT) FROM accruals
            WHERE member_id = \(memberID) AND rule_id = \(rule) AND cap_period = \(period)
            """
        ) { $0.int(0) }
        return max(0, cap.points - (given ?? 0))
    }
}
