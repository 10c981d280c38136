import SharedStore

/// The schema of referral-svc. Steps are only ever added.
enum ReferralMigrations {
    static let all = [knownCustomers, referrals]

    private static let knownCustomers = Migration(1, "known customers") { _ in
        [
            """
            CREATE TABLE known_customers (
                customer_id TEXT NOT NULL PRIMARY KEY, email_key TEXT, first_seen_at BIGINT NOT NULL, first_order_at BIGINT, orders BIGINT NOT NULL
            )
            """,
            "CREATE INDEX known_customers_by_email ON known_customers (email_key)",
            // Each order counts once, whichever of its events comes first and however often.
            """
            CREATE TABLE known_orders (
                order_id TEXT NOT NULL PRIMARY KEY, customer_id TEXT, placed_at BIGINT, paid_at BIGINT, cancelled_at BIGINT
            )
            """,
            "CREATE INDEX known_orders_by_customer ON known_orders (customer_id, placed_at)",
        ]
    }

    private static let referrals = Migration(2, "programmes, advocates, referrals") { _ in
        [
            // Every mailbox that a customer was ever seen with, as a hash of its normalised address.
            "CREATE TABLE known_addresses (person_key TEXT NOT NULL, customer_id TEXT NOT NULL, PRIMARY KEY (person_key, customer_id))",
            "CREATE INDEX known_addresses_by_customer ON known_addresses (customer_id)",
            "ALTER TABLE known_orders ADD COLUMN facts TEXT",
            """
            CREATE TABLE known_refunds (
                order_id TEXT NOT NULL, refund_id TEXT NOT NULL, amount BIGINT, items TEXT NOT NULL, PRIMARY KEY (order_id, refund_id)
            )
            """,
            """
            CREATE TABLE programmes (
                id TEXT NOT NULL PRIMARY KEY, definition TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, deleted_at BIGINT
            )
            """,
            // An advocate's present code; every code they ever had stays theirs, since links to it are out in the world.
            """
            CREATE TABLE advocates (
                programme_id TEXT NOT NULL, customer_id TEXT NOT NULL, code TEXT NOT NULL, created_at BIGINT NOT NULL,
                PRIMARY KEY (programme_id, customer_id)
            )
            """,
            "CREATE INDEX advocates_by_customer ON advocates (customer_id)",
            """
            CREATE TABLE referral_codes (
                code TEXT NOT NULL PRIMARY KEY, programme_id TEXT NOT NULL, advocate_id TEXT NOT NULL, clicks BIGINT NOT NULL, created_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX referral_codes_by_advocate ON referral_codes (advocate_id, programme_id)",
            "CREATE TABLE clicks (code TEXT NOT NULL, visitor TEXT NOT NULL, clicked_at BIGINT NOT NULL, PRIMARY KEY (code, visitor))",
            "CREATE INDEX clicks_by_time ON clicks (clicked_at)",
            // claim_key: the friend, in referrals that make them a referred person; NULL in those that are only kept as refused.
            """
            CREATE TABLE referrals (
                id TEXT NOT NULL PRIMARY KEY, programme_id TEXT NOT NULL, code TEXT NOT NULL, advocate_id TEXT NOT NULL, friend_id TEXT,
                friend_key TEXT, friend_email TEXT, claim_key TEXT, state TEXT NOT NULL, reason TEXT NOT NULL, restored INTEGER NOT NULL,
                terms TEXT NOT NULL, order_id TEXT, friend_coupon TEXT, friend_reward TEXT NOT NULL, advocate_reward TEXT NOT NULL,
                hold_until BIGINT, created_at BIGINT NOT NULL, qualified_at BIGINT, approved_at BIGINT, updated_at BIGINT NOT NULL
            )
            """,
            "CREATE UNIQUE INDEX referrals_by_claim ON referrals (claim_key)",
            "CREATE INDEX referrals_by_time ON referrals (created_at, id)",
            "CREATE INDEX referrals_by_state ON referrals (state, created_at, id)",
            "CREATE INDEX referrals_by_advocate ON referrals (advocate_id, created_at, id)",
            "CREATE INDEX referrals_by_friend ON referrals (friend_id)",
            "CREATE INDEX referrals_by_friend_key ON referrals (friend_key)",
            "CREATE INDEX referrals_by_order ON referrals (order_id)",
            "CREATE INDEX referrals_by_coupon ON referrals (friend_coupon)",
            """
            CREATE TABLE referral_history (
                referral_id TEXT NOT NULL, seq BIGINT NOT NULL, from_state TEXT, to_state TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
                at BIGINT NOT NULL, PRIMARY KEY (referral_id, seq)
            )
            """,
        ]
    }
}
