import Shared
import SharedRuntime
import SharedStore

/// Which presets are loaded, and what each of them made or put aside.
enum PresetStore {
    struct Loaded {
        let locale: String
        let loadedAt: Timestamp
    }

    enum Role: String { case made, paused }

    struct Item {
        let kind: String
        let id: String
        let role: Role
        /// The definition's, as the preset left it.
        let version: Int64
    }

    static func find(_ presetID: String, _ db: SQLConnection) throws -> Loaded? {
        try db.first("SELECT locale, loaded_at FROM presets WHERE preset_id = \(presetID)") {
            Loaded(locale: $0.text(0), loadedAt: $0.time(1))
        }
    }

    static func insert(_ presetID: String, locale: String, _ change: Change) throws {
        try change.db.execute("INSERT INTO presets (preset_id, locale, loaded_at) VALUES (\(presetID), \(locale), \(change.now))")
    }

    static func insert(_ item: Item, of presetID: String, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO preset_items (preset_id, kind, definition_id, role, version)
            VALUES (\(presetID), \(item.kind), \(item.id), \(item.role.rawValue), \(item.version))
            """)
    }

    /// The youngest first.
    static func items(of presetID: String, _ db: SQLConnection) throws -> [Item] {
        try db.all(
            "SELECT kind, definition_id, role, version FROM preset_items WHERE preset_id = \(presetID) ORDER BY definition_id DESC, kind"
        ) { Item(kind: $0.text(0), id: $0.text(1), role: Role(rawValue: $0.text(2)) ?? .made, version: $0.int(3)) }
    }

    static func remove(_ presetID: String, _ db: SQLConnection) throws {
        try db.execute("DELETE FROM preset_items WHERE preset_id = \(presetID)")
        try db.execute("DELETE FROM presets WHERE preset_id = \(presetID)")
    }
}
