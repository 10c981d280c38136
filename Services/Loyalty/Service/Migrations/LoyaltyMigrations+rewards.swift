import SharedStore

extension LoyaltyMigrations {
    /// Rewards and redemptions.
    static func wholeRewards(_ dialect: SQLDialect) -> [String] {
        []
    }
}
