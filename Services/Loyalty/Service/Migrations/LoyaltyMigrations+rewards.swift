import SharedStore

extension LoyaltyMigrations {
    /// Rewards and redemptions, and members in store.
    static func wholeRewards(_ dialect: SQLDialect) -> [String] {
        redemptions(dialect) + members(dialect)
    }

    private static func redemptions(_ dialect: SQLDialect) -> [String] {
        [
            // Of rewards that are limited: how many there were, and how many are gone or held. A limit that was lifted and set again is another stock.
            """
            CREATE TABLE reward_stock (
                reward_id TEXT PRIMARY KEY,
                stock_id TEXT NOT NULL,
                stock BIGINT NOT NULL,
                taken BIGINT NOT NULL
            )
            """,
            // `reward` is the version it was had under, `lots` where the points came from (`lot:points,…`). `takes` counts how often they were held,
            // `returns` how often some came back: both number postings. `stock_id`: it has one of that stock.
            """
            CREATE TABLE redemptions (
                redemption_id TEXT PRIMARY KEY,
                member_id TEXT NOT NULL,
                customer_id TEXT NOT NULL,
                reward_id TEXT NOT NULL,
                reward_version BIGINT NOT NULL,
                reward TEXT NOT NULL,
                points BIGINT NOT NULL,
                lots TEXT NOT NULL,
                state TEXT NOT NULL,
                settled_by TEXT,
                coupon_code TEXT,
                order_id TEXT,
                order_total BIGINT,
                currency TEXT,
                channel TEXT,
                reason TEXT,
                stock_id TEXT,
                takes BIGINT NOT NULL,
                returned BIGINT NOT NULL,
                returns BIGINT NOT NULL,
                reserved_at BIGINT NOT NULL,
                expires_at BIGINT NOT NULL,
                settled_at BIGINT
            )\(dialect.clusteredByKey)
            """,
            "CREATE INDEX redemptions_member ON redemptions (member_id, redemption_id)",
            "CREATE INDEX redemptions_reward ON redemptions (member_id, reward_id, reserved_at)",
            "CREATE INDEX redemptions_order ON redemptions (order_id) WHERE order_id IS NOT NULL",
        ]
    }

    /// Telephone numbers that were there before: as near to PhoneNumber.key as SQL comes. Every later write of a customer has the real one.
    static let fillPhoneKeys: String = {
        let digits = [" ", "-", "(", ")", ".", "/", "+", "\u{A0}"].reduce("phone") { "REPLACE(\($0), '\($1)', '')" }
        return """
            UPDATE customers SET phone_key = CASE WHEN LENGTH(\(digits)) > 7 THEN SUBSTR(\(digits), LENGTH(\(digits)) - 6) ELSE \(digits) END
            WHERE phone IS NOT NULL AND LENGTH(\(digits)) BETWEEN 1 AND 32
            """
    }()

    private static func members(_ dialect: SQLDialect) -> [String] {
        [
            // What numbers that may be the same have in common (PhoneNumber.key).
            "ALTER TABLE customers ADD COLUMN phone_key TEXT",
            fillPhoneKeys,
            "CREATE INDEX customers_phone ON customers (phone_key) WHERE phone_key IS NOT NULL",
            // A member's card: one that counts, and those it took the place of.
            """
            CREATE TABLE member_cards (
                code TEXT PRIMARY KEY,
                customer_id TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                replaced_at BIGINT
            )\(dialect.clusteredByKey)
            """,
            "CREATE UNIQUE INDEX member_cards_customer ON member_cards (customer_id) WHERE replaced_at IS NULL",
            // Who was where: once for a member and an event's name, of which `event_key` is the digest.
            """
            CREATE TABLE check_ins (
                member_id TEXT NOT NULL,
                event_key TEXT NOT NULL,
                event TEXT NOT NULL,
                place TEXT,
                at BIGINT NOT NULL,
                points BIGINT NOT NULL,
                PRIMARY KEY (member_id, event_key)
            )\(dialect.clusteredByKey)
            """,
        ]
    }
}
