import SharedStore

extension LoyaltyMigrations {
    static func coupons(_ dialect: SQLDialect) -> [String] {
        [
            // `kind` is shared, unique or granted. What was granted for one reason is one batch, whose coupons have terms of their own. `codes` counts
            // the batch's coupons.
            """
            CREATE TABLE coupon_batches (
                batch_id TEXT PRIMARY KEY,
                kind TEXT NOT NULL,
                grant_reason TEXT,
                code TEXT,
                pattern TEXT,
                codes BIGINT NOT NULL,
                terms TEXT,
                cancelled_at BIGINT,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL
            )
            """,
            "CREATE UNIQUE INDEX coupon_batches_grants ON coupon_batches (grant_reason)",
            // `redemptions` counts the orders it is used for now. `customer_id` and `email_key` say whose it is, where it is somebody's.
            """
            CREATE TABLE coupons (
                code TEXT PRIMARY KEY,
                batch_id TEXT NOT NULL,
                terms TEXT,
                customer_id TEXT,
                email_key TEXT,
                grant_key TEXT,
                redemptions BIGINT NOT NULL,
                cancelled_at BIGINT,
                created_at BIGINT NOT NULL
            )\(dialect.clusteredByKey)
            """,
            "CREATE INDEX coupons_batch ON coupons (batch_id, code)",
            "CREATE INDEX coupons_customer ON coupons (customer_id) WHERE customer_id IS NOT NULL",
            "CREATE INDEX coupons_email ON coupons (email_key) WHERE email_key IS NOT NULL",
            // One use of a code by one order. A use that was returned keeps its row (`released_at`). `outside_terms` holds the reasons for which the
            // terms would have refused what the store gave all the same. `exclusive`: it goes together with no other coupon.
            """
            CREATE TABLE coupon_redemptions (
                code TEXT NOT NULL,
                order_id TEXT NOT NULL,
                redemption_id TEXT NOT NULL,
                batch_id TEXT NOT NULL,
                customer_id TEXT,
                email_key TEXT,
                source TEXT NOT NULL,
                discount BIGINT NOT NULL,
                currency TEXT,
                free_shipping INTEGER NOT NULL,
                items TEXT NOT NULL,
                exclusive INTEGER NOT NULL,
                outside_terms TEXT,
                redeemed_at BIGINT NOT NULL,
                released_at BIGINT,
                PRIMARY KEY (code, order_id)
            )\(dialect.clusteredByKey)
            """,
            "CREATE INDEX coupon_redemptions_order ON coupon_redemptions (order_id)",
            // `released_at` as a column too: counting a batch's uses then reads the index and no row.
            "CREATE INDEX coupon_redemptions_batch ON coupon_redemptions (batch_id, released_at) WHERE released_at IS NULL",
            "CREATE INDEX coupon_redemptions_customer ON coupon_redemptions (customer_id, batch_id) WHERE customer_id IS NOT NULL",
            "CREATE INDEX coupon_redemptions_email ON coupon_redemptions (email_key, batch_id) WHERE email_key IS NOT NULL",
        ]
    }

    static func grants(_ dialect: SQLDialect) -> [String] {
        [
            // What was given, once for its key. `outcome` is what the asking service hears, now and whenever it asks again.
            """
            CREATE TABLE grants (
                grant_key TEXT PRIMARY KEY,
                state TEXT NOT NULL,
                outcome TEXT NOT NULL,
                customer_id TEXT,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL
            )
            """
        ]
    }
}
