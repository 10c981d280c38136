import SharedStore

extension LoyaltyMigrations {
    /// Segments.
    static func wholeSegments(_ dialect: SQLDialect) -> [String] {
        [
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
        ]
    }
}
