import Shared
import SharedStore

/// What was written of the settings, on disk: one row, or none before the first `PUT`.
struct WrittenSettings: Sendable, Equatable {
    /// How long a replaced secret is still accepted: shoppers hold tokens that were signed with it.
    static let rotationMilliseconds: Int64 = 86_400_000

    /// The fields that were written and not cleared since.
    var fields = JSONObject()
    var secret: String?
    var previousSecret: String?
    var previousUntil: Timestamp?
    /// Counts the changes.
    var version: Int64 = 0
    var updatedAt: Timestamp?

    /// Takes over what a `PUT` brought; null clears.
    mutating func write(_ written: JSONObject) {
        for member in written.members {
            // `nil` alone would read as a JSON null, which is a value.
            fields[member.name] = member.value == .null ? Optional<JSON>.none : member.value
        }
    }

    /// Puts another secret in place; the one before, which may be the environment's, stays valid for a day. Nil takes back what was set, at once.
    mutating func replaceSecret(with new: String?, environment: String?, now: Timestamp) {
        // Setting the same secret again must not make it its own predecessor and so cut short the real one's day.
        guard new != secret else { return }
        let before = new == nil ? nil : secret ?? environment
        previousSecret = before == new ? nil : before
        previousUntil = previousSecret == nil ? nil : now.adding(milliseconds: Self.rotationMilliseconds)
        secret = new
    }

    /// The settings as they are in effect: what was written, over what the environment says.
    func effective(over defaults: StoreSettings) -> StoreSettings {
        var object = defaults.json.object ?? JSONObject()
        for member in fields.members { object[member.name] = member.value }
        return StoreSettings(json: .object(object))
    }
}

enum SettingsStore {
    private static let name = "store"

    static func read(_ db: SQLConnection) throws -> WrittenSettings {
        let row = try db.first(
            "SELECT content, secret, previous_secret, previous_until, version, updated_at FROM settings WHERE name = \(name)"
        ) { row in
            WrittenSettings(
                fields: row.json(0).object ?? JSONObject(), secret: row.textOrNil(1), previousSecret: row.textOrNil(2),
                previousUntil: row.timeOrNil(3), version: row.int(4), updatedAt: row.time(5))
        }
        return row ?? WrittenSettings()
    }

    static func keep(_ written: WrittenSettings, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO settings (name, content, secret, previous_secret, previous_until, version, updated_at)
            VALUES (\(name), \(JSON.object(written.fields)), \(written.secret), \(written.previousSecret), \(written.previousUntil),
                \(written.version), \(written.updatedAt ?? .epoch))
            ON CONFLICT (name) DO UPDATE SET
                content = excluded.content, secret = excluded.secret, previous_secret = excluded.previous_secret,
                previous_until = excluded.previous_until, version = excluded.version, updated_at = excluded.updated_at
            """)
    }
}
