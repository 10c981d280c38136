import SharedStore

/// The schema of referral-svc. Steps are only ever added.
enum ReferralMigrations {
    static let all = [knownCustomers]

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
}
