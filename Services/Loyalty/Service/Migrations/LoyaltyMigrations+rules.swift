import SharedStore

extension LoyaltyMigrations {
    /// Rules, occasions, subscriptions.
    static func wholeRules(_ dialect: SQLDialect) -> [String] {
        []
    }
}
