import SharedStore

extension LoyaltyMigrations {
    /// What merchants define is one table, whatever it is; members get what the whole programme keeps of them.
    static func definitions(_ dialect: SQLDialect) -> [String] {
        [
            // A version is in force for the configurations from `live_from` up to, not including, `live_until`; NULL: the present one.
            """
            CREATE TABLE definitions (
                kind TEXT NOT NULL,
                definition_id TEXT NOT NULL,
                version BIGINT NOT NULL,
                definition TEXT NOT NULL,
                live_from BIGINT NOT NULL,
                live_until BIGINT,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL,
                PRIMARY KEY (kind, definition_id, version)
            )
            """,
            """
            INSERT INTO definitions (kind, definition_id, version, definition, live_from, live_until, created_at, updated_at)
            SELECT 'earning_rule', rule_id, version, definition, live_from, live_until, created_at, updated_at FROM earning_rule_versions
            """,
            "DROP TABLE earning_rule_versions",
            "ALTER TABLE members ADD COLUMN reserved BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE members ADD COLUMN tier_id TEXT",
            // When the member's timer is due; NULL without one.
            "ALTER TABLE members ADD COLUMN turn_at BIGINT",
            "ALTER TABLE lots ADD COLUMN reserved BIGINT NOT NULL DEFAULT 0",
            // A lot's timers become its member's.
            """
            UPDATE members SET turn_at = (
                SELECT MIN(t.due_at) FROM lots l JOIN timers t ON t.timer_key = l.lot_id AND t.kind IN ('lot.activate', 'lot.expire')
                WHERE l.member_id = members.member_id
            )
            """,
            "DELETE FROM timers WHERE kind IN ('lot.activate', 'lot.expire')",
            """
            INSERT INTO timers (kind, timer_key, due_at, payload, attempt)
            SELECT 'member.turn', member_id, turn_at, 'null', 0 FROM members WHERE turn_at IS NOT NULL
            """,
        ]
    }
}
