import SharedStore

extension LoyaltyMigrations {
    /// Ledger heads, lots, merges.
    static func wholePoints(_ dialect: SQLDialect) -> [String] {
        [
            // After how many months without activity the lot goes (`expires_at` moves on with it), and what its activation hangs on: JSON, NULL once
            // nothing can move it any more. While nothing says when it becomes active, `active_at` is the end of time.
            "ALTER TABLE lots ADD COLUMN idle_months BIGINT",
            "ALTER TABLE lots ADD COLUMN waits_for TEXT",
            "CREATE INDEX lots_idle ON lots (member_id) WHERE idle_months IS NOT NULL",
            "CREATE INDEX lots_waiting ON lots (order_id) WHERE waits_for IS NOT NULL",
            // When the member last earned by a rule or redeemed, and up to when time has done to them what it does.
            "ALTER TABLE members ADD COLUMN last_active_at BIGINT",
            "ALTER TABLE members ADD COLUMN turned_at BIGINT",
            // A member's chain as it stood after so many entries, under a key that the store does not hold. A table of its own: whoever posts has
            // nothing to do with it.
            """
            CREATE TABLE ledger_seals (
                member_id TEXT PRIMARY KEY,
                entries BIGINT NOT NULL,
                chain \(dialect.bytesType) NOT NULL,
                mac \(dialect.bytesType) NOT NULL,
                sealed_at BIGINT NOT NULL
            )\(dialect.clusteredByKey)
            """,
            // Whom this customer's points, orders and all that is said of them belong to since they were merged; never a merged one itself.
            "ALTER TABLE customers ADD COLUMN merged_into TEXT",
            "CREATE INDEX customers_merged ON customers (merged_into) WHERE merged_into IS NOT NULL",
            "ALTER TABLE customers ADD COLUMN verified_email INTEGER",
        ]
    }
}
