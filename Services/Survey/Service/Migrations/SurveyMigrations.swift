import SharedStore

/// The schema of survey-svc. Steps are only ever added.
enum SurveyMigrations {
    static let all = [orders]

    private static let orders = Migration(1, "customers and deliveries") { _ in
        [
            """
            CREATE TABLE known_customers (
                customer_id TEXT NOT NULL PRIMARY KEY, email_key TEXT, first_seen_at BIGINT NOT NULL, orders BIGINT NOT NULL
            )
            """,
            // One row an order; delivered_at is what review requests are reckoned from.
            """
            CREATE TABLE deliveries (
                order_id TEXT NOT NULL PRIMARY KEY, customer_id TEXT, placed_at BIGINT, delivered_at BIGINT, cancelled_at BIGINT
            )
            """,
            "CREATE INDEX deliveries_by_customer ON deliveries (customer_id, delivered_at)",
        ]
    }
}
