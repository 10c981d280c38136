import SharedStore

extension LoyaltyMigrations {
    /// Tiers, offers.
    static func wholeTiers(_ dialect: SQLDialect) -> [String] {
        []
    }
}
