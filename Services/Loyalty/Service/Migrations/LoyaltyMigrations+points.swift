import SharedStore

extension LoyaltyMigrations {
    /// Ledger heads, lots, merges.
    static func wholePoints(_ dialect: SQLDialect) -> [String] {
        []
    }
}
