public import SharedStore

extension StoreCopyRules {
    /// How the tables that every service has are copied.
    public static let house = StoreCopyRules(
        // Who holds what just now says nothing of the store.
        leftOut: ["leases", "replicas"],
        ownColumns: ["outbox": ["arrived"]],
        // What a sequencer has not come to yet is numbered as it would do it.
        numbered: [.init(table: "outbox", column: "position", order: ["arrived", "id", "source"])],
        holder: { db in
            guard db.dialect.isShared else { return nil }
            return try db.first("SELECT replica FROM replicas WHERE seen_until > \(raw: db.dialect.sharedNow) LIMIT 1") { row in
                "the source is in use: \(row.text(0)) runs on it (or ended less than ten seconds ago)"
            }
        })
}

extension ServiceDefinition {
    /// Everything that makes this service's schema; the house's own tables come first.
    public var storeMigrations: Store.Migrations { [("house", RuntimeMigrations.all), (name.rawValue, migrations)] }
}
