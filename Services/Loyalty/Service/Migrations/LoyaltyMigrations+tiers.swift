import SharedStore

extension LoyaltyMigrations {
    /// Tiers, offers.
    static func wholeTiers(_ dialect: SQLDialect) -> [String] {
        tierStates + subscriptions + presets + offers(dialect)
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

    private static let tierStates: [String] = [
        // One row: counts the changes of what decides who holds which tier.
        """
        CREATE TABLE tier_ladder (
            state_id BIGINT PRIMARY KEY,
            revision BIGINT NOT NULL,
            changed_at BIGINT NOT NULL
        )
        """,
        "INSERT INTO tier_ladder (state_id, revision, changed_at) VALUES (1, 0, 0)",
        "ALTER TABLE members ADD COLUMN tier_since BIGINT",
        // At risk: since when, and until when the tier is kept.
        "ALTER TABLE members ADD COLUMN tier_fell_at BIGINT",
        "ALTER TABLE members ADD COLUMN tier_due_at BIGINT",
        // Not after the next moment at which time alone changes the tier; NULL for never.
        "ALTER TABLE members ADD COLUMN tier_next_at BIGINT",
        // When what stands here was last written, and by which revision of the ladder (0: never judged).
        "ALTER TABLE members ADD COLUMN tier_seen_at BIGINT",
        "ALTER TABLE members ADD COLUMN tier_revision BIGINT NOT NULL DEFAULT 0",
        // The ledger's entries that were looked at: where there are no more, events that bring no order change nothing.
        "ALTER TABLE members ADD COLUMN tier_entries BIGINT NOT NULL DEFAULT 0",
        // Where judging goes on from since the tiers were last changed; NULL: from the beginning.
        "ALTER TABLE members ADD COLUMN tier_anchor TEXT",
    ]

    private static let subscriptions: [String] = [
        // `said_at` and `said_times` tell when each field was last said (FieldTimes), `turned_at` up to when notices were given.
        """
        CREATE TABLE subscriptions (
            subscription_id TEXT PRIMARY KEY,
            customer_id TEXT NOT NULL,
            plan TEXT,
            amount BIGINT,
            currency TEXT,
            next_renewal_at BIGINT,
            started_at BIGINT NOT NULL,
            active_at BIGINT,
            cancelled_at BIGINT,
            lapsed_at BIGINT,
            renewals BIGINT NOT NULL,
            turned_at BIGINT NOT NULL,
            said_at BIGINT NOT NULL,
            said_times TEXT,
            updated_at BIGINT NOT NULL
        )
        """,
        "CREATE INDEX subscriptions_customer ON subscriptions (customer_id, started_at, subscription_id)",
    ]

    private static let presets: [String] = [
        """
        CREATE TABLE presets (
            preset_id TEXT PRIMARY KEY,
            locale TEXT NOT NULL,
            loaded_at BIGINT NOT NULL
        )
        """,
        // What a preset made, and (`paused`, with the version that made it so) what it put aside.
        """
        CREATE TABLE preset_items (
            preset_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            definition_id TEXT NOT NULL,
            role TEXT NOT NULL,
            version BIGINT NOT NULL,
            PRIMARY KEY (preset_id, kind, definition_id)
        )
        """,
    ]
}
