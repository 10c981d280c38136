import LoyaltyDomain
import Shared
import SharedStore

/// Accruals in the store: what each rule has given for each cause.
enum AccrualStore {
    private static let columns = """
        cause, rule_id, rule_version, credited, reversed, forgiven, ceiling, postings, multiplier, cap_period, budget_period, earned_at
        """

    static func all(cause: String, _ db: SQLConnection) throws -> [Accrual] {
        try db.all("SELECT \(raw: columns) FROM accruals WHERE cause = \(cause) ORDER BY rule_id", accrual)
    }

    /// Of every cause that begins so.
    static func all(causesFrom prefix: String, _ db: SQLConnection) throws -> [Accrual] {
        try db.all(
            """
            SELECT \(raw: columns) FROM accruals WHERE cause >= \(prefix) AND cause < \(prefix + "\u{10FFFF}") ORDER BY cause, rule_id
            """, accrual)
    }

    private static func accrual(_ row: SQLRow) -> Accrual {
        Accrual(
            cause: row.text(0), ruleID: row.text(1), ruleVersion: row.int(2), credited: row.int(3), reversed: row.int(4),
            forgiven: row.int(5), ceiling: row.intOrNil(6), postings: row.int(7), multiplier: row.int(8), capPeriod: row.textOrNil(9),
            budgetPeriod: row.textOrNil(10), earnedAt: row.timeOrNil(11))
    }

    /// `isLimited` has it found by how often its rule paid the member.
    static func insert(_ accrual: Accrual, memberID: String, isLimited: Bool, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO accruals (cause, rule_id, rule_version, member_id, credited, reversed, forgiven, ceiling, cap_period, postings, multiplier,
                budget_period, earned_at, limited)
            VALUES (\(accrual.cause), \(accrual.ruleID), \(accrual.ruleVersion), \(memberID), \(accrual.credited), \(accrual.reversed),
                \(accrual.forgiven), \(accrual.ceiling), \(accrual.capPeriod), \(accrual.postings), \(accrual.multiplier), \(accrual.budgetPeriod),
                \(accrual.earnedAt), \(isLimited))
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

    /// How often a rule with limits paid a member from one moment up to another, what was taken back whole not counted. At most `most` are counted.
    static func times(
        rule: String, memberID: String, from: Timestamp?, until: Timestamp?, most: Int64, _ db: SQLConnection
    ) throws -> Int64 {
        try db.first(
            """
            SELECT COUNT(*) FROM (
                SELECT 1 FROM accruals
                WHERE member_id = \(memberID) AND rule_id = \(rule) AND limited = 1 AND credited > reversed
                    AND earned_at >= \(from ?? Timestamp(milliseconds: .min)) AND earned_at < \(until ?? Timestamp(milliseconds: .max))
                LIMIT \(most)
            ) found
            """
        ) { $0.int(0) } ?? 0
    }
}

/// What a rule's budget has given in each of its periods. One row a rule and period, for rules that have a budget: writes that draw on the same one
/// wait for each other, and so it is exact.
enum RuleBudgets {
    static func room(_ budget: MemberCap, rule: String, period: String, _ db: SQLConnection) throws -> Int64 {
        let used = try db.first("SELECT used FROM rule_budgets WHERE rule_id = \(rule) AND period = \(period)") { $0.int(0) }
        return max(0, budget.points - (used ?? 0))
    }

    /// Adds what was given, or takes back what came back.
    static func add(_ points: Int64, rule: String, period: String, _ db: SQLConnection) throws {
        guard points != 0 else { return }
        try db.execute(
            """
            INSERT INTO rule_budgets (rule_id, period, used) VALUES (\(rule), \(period), \(points))
            ON CONFLICT (rule_id, period) DO UPDATE SET used = rule_budgets.used + excluded.used
            """)
    }
}
