public import Shared
public import SharedStore

/// The shop's settings in this service's own store: written by the gateway's `settings.changed`, read where they are needed.
public enum SettingsKeeper {
    private static let name = "store settings"

    /// As last heard; empty settings where nothing was heard yet.
    public static func current(_ db: SQLConnection) throws -> StoreSettings {
        try db.first("SELECT content FROM meta WHERE name = \(name)") { StoreSettings(json: $0.json(0)) } ?? StoreSettings()
    }

    public static func keep(_ settings: StoreSettings, _ change: Change) throws {
        try change.db.execute(
            "INSERT INTO meta (name, content) VALUES (\(name), \(settings.json)) ON CONFLICT (name) DO UPDATE SET content = excluded.content")
    }

    /// What every service does about `settings.changed`, which only the gateway says.
    static func hear(_ event: CloudEvent, _ change: Change) throws {
        guard event.source == "vefa/\(ServiceName.gateway.rawValue)" else { return }
        try keep(StoreSettings(json: event.data), change)
    }
}
