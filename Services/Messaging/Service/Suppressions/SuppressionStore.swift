import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// An address that is not written to, whatever anybody agreed to.
struct Suppression: Sendable {
    var id: String
    var address: String
    var reason: String
    var detail: String?
    var messageID: String?
    var createdAt: Timestamp
    var updatedAt: Timestamp

    /// What a hard bounce is filed under.
    static let hardBounce = "hard_bounce"
    static let manual = "manual"

    var json: JSON {
        [
            "id": .string(id), "address": .string(address), "reason": .string(reason), "detail": .from(detail),
            "message_id": .from(messageID),
            "created_at": .from(createdAt), "updated_at": .from(updatedAt),
        ]
    }
}

enum SuppressionStore {
    private static let columns = "id, address, reason, detail, message_id, created_at, updated_at"

    static func isSuppressed(_ address: String?, _ db: SQLConnection) throws -> Bool {
        guard let key = EmailKey.make(address) else { return false }
        return try db.exists("SELECT 1 FROM suppressions WHERE address_key = \(key)")
    }

    /// By id or by address.
    static func find(_ name: String, _ db: SQLConnection) throws -> Suppression? {
        try db.first("SELECT \(raw: columns) FROM suppressions WHERE id = \(name) OR address_key = \(EmailKey.make(name) ?? name)", read)
    }

    /// False when the address was there already; its first reason stays.
    @discardableResult
    static func add(_ suppression: Suppression, _ change: Change) throws -> Bool {
        guard let key = EmailKey.make(suppression.address) else { return false }
        return try change.db.execute(
            """
            INSERT INTO suppressions (id, address, address_key, reason, detail, message_id, created_at, updated_at)
            VALUES (\(suppression.id), \(suppression.address), \(key), \(suppression.reason), \(suppression.detail), \(suppression.messageID),
                \(suppression.createdAt), \(suppression.updatedAt))
            ON CONFLICT (address_key) DO NOTHING
            """) > 0
    }

    static func update(_ suppression: Suppression, _ change: Change) throws {
        try change.db.execute(
            """
            UPDATE suppressions SET reason = \(suppression.reason), detail = \(suppression.detail), updated_at = \(change.now) WHERE id = \(suppression.id)
            """)
    }

    /// Newest first; one row more than asked for.
    static func list(_ page: PageRequest, _ db: SQLConnection) throws -> [Suppression] {
        var query: SQL = "SELECT \(raw: columns) FROM suppressions"
        if let time = page.after?.first?.int, let id = page.after?.last?.string {
            query.append(" WHERE (created_at < \(time) OR (created_at = \(time) AND id < \(id)))")
        }
        query.append(" ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)")
        return try db.all(query, read)
    }

    private static func read(_ row: SQLRow) -> Suppression {
        Suppression(
            id: row.text(0), address: row.text(1), reason: row.text(2), detail: row.textOrNil(3), messageID: row.textOrNil(4),
            createdAt: row.time(5),
            updatedAt: row.time(6))
    }
}
