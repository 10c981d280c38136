import SharedStore

extension LoyaltyMigrations {
    /// Rules, occasions, why.
    static func wholeRules(_ dialect: SQLDialect) -> [String] {
        [
            // The multiplier it was earned with in hundredths, the period of the budget it draws on, as of when it was earned; `limited` has it
            // counted by its rule's limits.
            "ALTER TABLE accruals ADD COLUMN multiplier BIGINT NOT NULL DEFAULT 100",
            "ALTER TABLE accruals ADD COLUMN budget_period TEXT",
            "ALTER TABLE accruals ADD COLUMN earned_at BIGINT",
            "ALTER TABLE accruals ADD COLUMN limited INTEGER NOT NULL DEFAULT 0",
            "CREATE INDEX accruals_limited ON accruals (member_id, rule_id, earned_at) WHERE limited = 1",
            // What a rule with a budget has given in a period, what came back taken off.
            """
            CREATE TABLE rule_budgets (
                rule_id TEXT NOT NULL,
                period TEXT NOT NULL,
                used BIGINT NOT NULL,
                PRIMARY KEY (rule_id, period)
            )\(dialect.clusteredByKey)
            """,
            // What the rules decided about a cause, when it was first settled and last (NULL: only once).
            """
            CREATE TABLE traces (
                member_id TEXT NOT NULL,
                cause TEXT NOT NULL,
                ref TEXT NOT NULL,
                event_id TEXT NOT NULL,
                first_at BIGINT NOT NULL,
                at BIGINT NOT NULL,
                first_trace TEXT NOT NULL,
                last_trace TEXT,
                PRIMARY KEY (member_id, cause)
            )\(dialect.clusteredByKey)
            """,
            // MM-DD of the birthday, and since when it is known to be that.
            "ALTER TABLE customers ADD COLUMN birthday_key TEXT",
            "ALTER TABLE customers ADD COLUMN birthday_set_at BIGINT",
            "UPDATE customers SET birthday_key = SUBSTR(birthday, 6, 5), birthday_set_at = created_at WHERE birthday IS NOT NULL",
            "CREATE INDEX customers_birthday ON customers (birthday_key, customer_id) WHERE birthday_key IS NOT NULL",
            "CREATE INDEX members_enrolled ON members (enrolled_at, customer_id)",
        ]
    }
}
