import Shared
import SharedStore

/// The API keys on disk.
enum APIKeyStore {
    private static let columns = "id, kind, name, shown, scopes, allowed_origins, created_at, revoked_at"

    static func insert(_ key: APIKey, hash: String, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO api_keys (id, kind, name, hash, shown, scopes, allowed_origins, created_at, revoked_at)
            VALUES (\(key.id), \(key.kind.rawValue), \(key.name), \(hash), \(key.shown), \(JSON.from(key.scopes)),
                \(JSON.from(key.allowedOrigins)), \(key.createdAt), \(key.revokedAt))
            """)
    }

    static func update(_ key: APIKey, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE api_keys SET name = \(key.name), scopes = \(JSON.from(key.scopes)), allowed_origins = \(JSON.from(key.allowedOrigins)),
                revoked_at = \(key.revokedAt)
            WHERE id = \(key.id)
            """)
    }

    static func find(_ id: String, _ db: SQLConnection) throws -> APIKey? {
        try db.first("SELECT \(raw: columns) FROM api_keys WHERE id = \(id)", read)
    }

    static func exists(hash: String, _ db: SQLConnection) throws -> Bool {
        try db.exists("SELECT 1 FROM api_keys WHERE hash = \(hash)")
    }

    /// Newest first.
    static func page(_ request: PageRequest, _ db: SQLConnection) throws -> Page {
        let after = request.after?.first?.string
        let rows =
            if let after {
                try db.all(
                    "SELECT \(raw: columns) FROM api_keys WHERE id < \(after) ORDER BY id DESC LIMIT \(request.limit + 1)", read)
            } else {
                try db.all("SELECT \(raw: columns) FROM api_keys ORDER BY id DESC LIMIT \(request.limit + 1)", read)
            }
        return Page(rows, request, key: { [.string($0.id)] }, json: \.json)
    }

    /// Every key that still works, with its hash.
    static func live(_ db: SQLConnection) throws -> [(hash: String, key: APIKey)] {
        try db.all("SELECT \(raw: columns), hash FROM api_keys WHERE revoked_at IS NULL") { row in
            (row.text(8), read(row))
        }
    }

    private static func read(_ row: SQLRow) -> APIKey {
        APIKey(
            id: row.text(0), kind: APIKey.Kind(rawValue: row.text(1)) ?? .publishable, name: row.text(2), shown: row.text(3),
            scopes: strings(row.json(4)), allowedOrigins: strings(row.json(5)), createdAt: row.time(6), revokedAt: row.timeOrNil(7))
    }

    private static func strings(_ json: JSON) -> [String] { json.array?.compactMap(\.string) ?? [] }
}
