import SharedStore

/// The schema of loyalty-svc, step by step.
enum LoyaltyMigrations {
    static let all: [Migration] = [
        Migration(1, "customers, orders, points") { dialect in customers(dialect) + orders(dialect) + programme + points(dialect) },
        Migration(2, "coupons and grants") { dialect in coupons(dialect) + grants(dialect) },
        Migration(3, "definitions and members' turns") { dialect in definitions(dialect) },
        Migration(4, "points, whole") { dialect in wholePoints(dialect) },
        Migration(5, "rewards") { dialect in wholeRewards(dialect) },
        Migration(6, "rules, whole") { dialect in wholeRules(dialect) },
        Migration(7, "tiers and offers") { dialect in wholeTiers(dialect) },
        Migration(8, "segments") { dialect in wholeSegments(dialect) },
    ]

    /// `said_at` and `said_times` tell when each field was last said, so that late events do not overwrite newer ones (FieldTimes).
    private static func customers(_ dialect: SQLDialect) -> [String] {
        [
            // `person_id` is the customer whom the figures count: for a guest the registered customer of the same e-mail, where there is one.
            """
            CREATE TABLE customers (
                customer_id TEXT PRIMARY KEY,
                person_id TEXT NOT NULL,
                guest INTEGER NOT NULL,
                email TEXT,
                email_key TEXT,
                phone TEXT,
                first_name TEXT,
                last_name TEXT,
                name_key TEXT,
                last_name_key TEXT,
                locale TEXT,
                timezone TEXT,
                country TEXT,
                region TEXT,
                city TEXT,
                birthday TEXT,
                accepts_marketing INTEGER,
                tags TEXT,
                traits TEXT,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL,
                deleted_at BIGINT,
                said_at BIGINT NOT NULL,
                said_times TEXT
            )
            """,
            "CREATE INDEX customers_email ON customers (email_key)",
            "CREATE INDEX customers_name ON customers (name_key)",
            "CREATE INDEX customers_last_name ON customers (last_name_key)",
            // That two customers are one, as somebody said.
            """
            CREATE TABLE customer_merges (
                from_id TEXT NOT NULL,
                into_id TEXT NOT NULL,
                at BIGINT NOT NULL,
                PRIMARY KEY (from_id, into_id)
            )
            """,
            // The counters are the sums of the member's ledger entries; `entries` counts those and `chain` is the last one's hash.
            """
            CREATE TABLE members (
                customer_id TEXT PRIMARY KEY,
                member_id TEXT NOT NULL,
                enrolled_at BIGINT NOT NULL,
                active BIGINT NOT NULL,
                pending BIGINT NOT NULL,
                debt BIGINT NOT NULL,
                lifetime_earned BIGINT NOT NULL,
                lifetime_spent BIGINT NOT NULL,
                entries BIGINT NOT NULL,
                chain \(dialect.bytesType) NOT NULL
            )\(dialect.clusteredByKey)
            """,
            "CREATE UNIQUE INDEX members_id ON members (member_id)",
        ]
    }

    private static func orders(_ dialect: SQLDialect) -> [String] {
        [
            // Amounts as the store said them (NULL: it did not); `amount` is the total that counts, `refunded` what went back of it.
            // `paid_config` is the configuration in force when the order was first paid: its rules are the ones that count for it.
            """
            CREATE TABLE orders (
                order_id TEXT PRIMARY KEY,
                customer_id TEXT,
                person_id TEXT,
                email_key TEXT,
                guest INTEGER NOT NULL,
                cart_id TEXT,
                currency TEXT,
                subtotal BIGINT,
                discount_total BIGINT,
                tax_total BIGINT,
                tax_included INTEGER,
                shipping_total BIGINT,
                total BIGINT,
                coupon_codes TEXT,
                referral_code TEXT,
                channel TEXT,
                country TEXT,
                city TEXT,
                items TEXT,
                said_placed_at BIGINT,
                first_event_at BIGINT NOT NULL,
                placed_at BIGINT NOT NULL,
                paid_at BIGINT,
                cancelled_at BIGINT,
                amount BIGINT NOT NULL,
                refunded BIGINT NOT NULL,
                refund_count BIGINT NOT NULL,
                paid_config BIGINT,
                said_at BIGINT NOT NULL,
                said_times TEXT
            )
            """,
            "CREATE INDEX orders_customer ON orders (customer_id, placed_at)",
            // Everything the retention figures read, in the order they read it.
            """
            CREATE INDEX orders_person ON orders (currency, person_id, placed_at, amount, refunded, guest) WHERE cancelled_at IS NULL
            """,
            """
            CREATE TABLE order_refunds (
                order_id TEXT NOT NULL,
                refund_id TEXT NOT NULL,
                amount BIGINT,
                items TEXT NOT NULL,
                at BIGINT NOT NULL,
                PRIMARY KEY (order_id, refund_id)
            )\(dialect.clusteredByKey)
            """,
            // What was said of an order's way to the customer, the order known or not.
            """
            CREATE TABLE order_shipments (
                order_id TEXT NOT NULL,
                type TEXT NOT NULL,
                at BIGINT NOT NULL,
                PRIMARY KEY (order_id, type)
            )\(dialect.clusteredByKey)
            """,
        ]
    }

    private static let programme: [String] = [
        // One row. `config` counts every change of programme or rules; `token` names the configuration for caches: unlike a number it cannot be reused
        // by another transaction after a rollback.
        """
        CREATE TABLE loyalty_state (
            state_id BIGINT PRIMARY KEY,
            config BIGINT NOT NULL,
            token TEXT NOT NULL,
            programme_version BIGINT NOT NULL,
            currency TEXT
        )
        """,
        """
        CREATE TABLE programme_versions (
            version BIGINT PRIMARY KEY,
            definition TEXT NOT NULL,
            created_at BIGINT NOT NULL
        )
        """,
        // A version is in force for the configurations from `live_from` up to, not including, `live_until`; NULL: the present one.
        """
        CREATE TABLE earning_rule_versions (
            rule_id TEXT NOT NULL,
            version BIGINT NOT NULL,
            definition TEXT NOT NULL,
            live_from BIGINT NOT NULL,
            live_until BIGINT,
            created_at BIGINT NOT NULL,
            updated_at BIGINT NOT NULL,
            PRIMARY KEY (rule_id, version)
        )
        """,
    ]

    private static func points(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE accruals (
                cause TEXT NOT NULL,
                rule_id TEXT NOT NULL,
                rule_version BIGINT NOT NULL,
                member_id TEXT NOT NULL,
                credited BIGINT NOT NULL,
                reversed BIGINT NOT NULL,
                forgiven BIGINT NOT NULL,
                ceiling BIGINT,
                cap_period TEXT,
                postings BIGINT NOT NULL,
                PRIMARY KEY (cause, rule_id)
            )\(dialect.clusteredByKey)
            """,
            "CREATE INDEX accruals_capped ON accruals (member_id, rule_id, cap_period) WHERE cap_period IS NOT NULL",
            """
            CREATE TABLE lots (
                lot_id TEXT PRIMARY KEY,
                member_id TEXT NOT NULL,
                cause TEXT NOT NULL,
                order_id TEXT,
                rule_id TEXT,
                rule_version BIGINT,
                points BIGINT NOT NULL,
                remaining BIGINT NOT NULL,
                state TEXT NOT NULL,
                earned_at BIGINT NOT NULL,
                active_at BIGINT NOT NULL,
                expires_at BIGINT
            )\(dialect.clusteredByKey)
            """,
            "CREATE INDEX lots_member ON lots (member_id, earned_at, lot_id)",
            // One row is one transfer between two accounts. Append-only: a correction is another row. `lots` is `lot:points,…`.
            """
            CREATE TABLE ledger_entries (
                member_id TEXT NOT NULL,
                sequence BIGINT NOT NULL,
                entry_id TEXT NOT NULL,
                kind TEXT NOT NULL,
                from_account TEXT NOT NULL,
                to_account TEXT NOT NULL,
                points BIGINT NOT NULL,
                lots TEXT NOT NULL,
                cause TEXT NOT NULL,
                at BIGINT NOT NULL,
                hash \(dialect.bytesType) NOT NULL,
                order_id TEXT,
                rule_id TEXT,
                rule_version BIGINT,
                note TEXT,
                PRIMARY KEY (member_id, sequence)
            )\(dialect.clusteredByKey)
            """,
            "CREATE UNIQUE INDEX ledger_entries_cause ON ledger_entries (cause)",
            "CREATE INDEX ledger_entries_time ON ledger_entries (member_id, at, sequence)",
        ]
    }
}
