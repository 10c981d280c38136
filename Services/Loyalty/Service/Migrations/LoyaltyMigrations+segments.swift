import SharedStore

extension LoyaltyMigrations {
    /// Segments, and what they ask of that nobody else keeps.
    static func wholeSegments(_ dialect: SQLDialect) -> [String] {
        [
            // `state` is computing or ready. While it is computing, everybody up to `compute_after` has been asked: `done` of `total` customers.
            // `cause` is why: definition or rfm.
            """
            CREATE TABLE segments (
                segment_id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                rule TEXT NOT NULL,
                version BIGINT NOT NULL,
                state TEXT NOT NULL,
                cause TEXT NOT NULL,
                compute_after TEXT,
                done BIGINT NOT NULL,
                total BIGINT NOT NULL,
                computed_at BIGINT,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL
            )
            """,
            // Who is inside, and since when.
            """
            CREATE TABLE segment_members (
                segment_id TEXT NOT NULL,
                customer_id TEXT NOT NULL,
                entered_at BIGINT NOT NULL,
                PRIMARY KEY (segment_id, customer_id)
            )\(dialect.clusteredByKey)
            """,
            "CREATE INDEX segment_members_customer ON segment_members (customer_id, segment_id)",
            // That something happened to a customer, for counting. `digest` tells events of one moment apart.
            """
            CREATE TABLE customer_events (
                customer_id TEXT NOT NULL,
                type TEXT NOT NULL,
                at BIGINT NOT NULL,
                digest BIGINT NOT NULL,
                PRIMARY KEY (customer_id, type, at, digest)
            )\(dialect.clusteredByKey)
            """,
            // The latest answer to each question of a survey.
            """
            CREATE TABLE customer_answers (
                customer_id TEXT NOT NULL,
                survey_id TEXT NOT NULL,
                question_id TEXT NOT NULL,
                answer TEXT NOT NULL,
                at BIGINT NOT NULL,
                PRIMARY KEY (customer_id, survey_id, question_id)
            )\(dialect.clusteredByKey)
            """,
            // One row: the quintiles' present thresholds.
            "CREATE TABLE rfm_state (state_id BIGINT PRIMARY KEY, thresholds TEXT NOT NULL, computed_at BIGINT NOT NULL)",
            // A customer's orders in figures, all of them in one range and out of the index alone.
            "DROP INDEX orders_customer",
            "CREATE INDEX orders_customer ON orders (customer_id, placed_at, cancelled_at, currency, amount, refunded)",
        ]
    }
}
