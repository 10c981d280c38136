import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// What merchants define, in the store, every version kept: a version is in force for the configurations from `live_from` up to, not including,
/// `live_until`.
enum DefinitionStore {
    /// The definitions of a configuration, the present one where none is named, oldest first.
    static func live<Item: Definition>(_ type: Item.Type, at config: Int64?, _ db: SQLConnection) throws -> [Item] {
        guard let config else {
            return try db.all(
                """
                SELECT definition_id, version, definition FROM definitions WHERE kind = \(Item.kind) AND live_until IS NULL ORDER BY definition_id
                """, item
            ).compactMap { $0 }
        }
        return try db.all(
            """
            SELECT definition_id, version, definition FROM definitions
            WHERE kind = \(Item.kind) AND live_from <= \(config) AND (live_until IS NULL OR live_until > \(config)) ORDER BY definition_id
            """, item
        ).compactMap { $0 }
    }

    static func find<Item: Definition>(_ type: Item.Type, _ id: String, version: Int64, _ db: SQLConnection) throws -> Item? {
        try db.first(
            """
            SELECT definition_id, version, definition FROM definitions
            WHERE kind = \(Item.kind) AND definition_id = \(id) AND version = \(version)
            """, item
        ) ?? nil
    }

    private static func item<Item: Definition>(_ row: SQLRow) -> Item? {
        Item(FieldReader(body: row.json(2), issues: FieldIssues(), strict: false), id: row.text(0), version: row.int(1))
    }

    static func insert(_ item: some Definition, liveFrom: Int64, createdAt: Timestamp, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO definitions (kind, definition_id, version, definition, live_from, live_until, created_at, updated_at)
            VALUES (\(type(of: item).kind), \(item.id), \(item.version), \(JSON.object(item.json)), \(liveFrom), NULL, \(createdAt), \(change.now))
            """)
    }

    /// Ends the present version with the configuration before `config`.
    static func end(_ kind: String, _ id: String, from config: Int64, _ db: SQLConnection) throws {
        try db.execute(
            "UPDATE definitions SET live_until = \(config) WHERE kind = \(kind) AND definition_id = \(id) AND live_until IS NULL")
    }

    // MARK: - As the API answers them

    struct Row: Sendable {
        let id: String
        let version: Int64
        let createdAt: Timestamp
        let json: JSON
    }

    static func row(_ kind: String, _ id: String, _ db: SQLConnection) throws -> Row? {
        try db.first(
            """
            SELECT definition_id, version, definition, created_at, updated_at FROM definitions
            WHERE kind = \(kind) AND definition_id = \(id) AND live_until IS NULL
            """, row)
    }

    /// By age; one row more than the page's limit.
    static func rows(_ kind: String, _ page: PageRequest, _ db: SQLConnection) throws -> [Row] {
        try db.all(
            """
            SELECT definition_id, version, definition, created_at, updated_at FROM definitions
            WHERE kind = \(kind) AND live_until IS NULL AND definition_id > \(page.after?.first?.string ?? "")
            ORDER BY definition_id LIMIT \(page.limit + 1)
            """, row)
    }

    private static func row(_ row: SQLRow) -> Row {
        var object = row.json(2).object ?? JSONObject()
        object["created_at"] = .from(row.time(3))
        object["updated_at"] = .from(row.time(4))
        return Row(id: row.text(0), version: row.int(1), createdAt: row.time(3), json: .object(object))
    }
}
