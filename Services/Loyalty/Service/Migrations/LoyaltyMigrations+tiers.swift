import SharedStore

extension LoyaltyMigrations {
    /// Tiers, offers.
    static func wholeTiers(_ dialect: SQLDialect) -> [String] {
        [] + offers(dialect)
    }

    /// Which orders have which offers. A use that was returned keeps its row (`released_at`); `used_at` is when the order was placed. `offer_counts`
    /// counts the uses of those offers that have a limit; `offer_orders` keeps when an order last said which offers it has.
    private static func offers(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE offer_uses (
                offer_id TEXT NOT NULL,
                order_id TEXT NOT NULL,
                use_id TEXT NOT NULL,
                version BIGINT NOT NULL,
                customer_id TEXT,
                email_key TEXT,
                source TEXT NOT NULL,
                discount BIGINT NOT NULL,
                currency TEXT,
                items TEXT NOT NULL,
                exclusive INTEGER NOT NULL,
                stack_group TEXT,
                outside_terms TEXT,
                used_at BIGINT NOT NULL,
                released_at BIGINT,
                PRIMARY KEY (offer_id, order_id)
            )\(dialect.clusteredByKey)
            """,
            "CREATE INDEX offer_uses_order ON offer_uses (order_id)",
            "CREATE INDEX offer_uses_standing ON offer_uses (offer_id, released_at) WHERE released_at IS NULL",
            "CREATE INDEX offer_uses_customer ON offer_uses (customer_id, offer_id, used_at) WHERE customer_id IS NOT NULL",
            "CREATE INDEX offer_uses_email ON offer_uses (email_key, offer_id, used_at) WHERE email_key IS NOT NULL",
            "CREATE TABLE offer_counts (offer_id TEXT PRIMARY KEY, uses BIGINT NOT NULL)\(dialect.clusteredByKey)",
            "CREATE TABLE offer_orders (order_id TEXT PRIMARY KEY, said_at BIGINT NOT NULL)\(dialect.clusteredByKey)",
            // The group of which an order has at most one.
            "ALTER TABLE coupon_redemptions ADD COLUMN stack_group TEXT",
        ]
    }
}
