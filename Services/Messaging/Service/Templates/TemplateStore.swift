import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// A template with its present content. Contents are versions: saving makes the next one.
struct Template: Sendable {
    var id: String
    var version: Int64
    var content: TemplateContent
    var createdAt: Timestamp
    var updatedAt: Timestamp

    var json: JSON {
        var object = JSONObject([.init(name: "id", value: .string(id)), .init(name: "version", value: .int(version))])
        for member in content.json.object?.members ?? [] { object[member.name] = member.value }
        object["created_at"] = .from(createdAt)
        object["updated_at"] = .from(updatedAt)
        return .object(object)
    }
}

enum TemplateStore {
    private static let select: SQL = """
        SELECT t.id, t.version, v.content, t.created_at, t.updated_at
        FROM templates t JOIN template_versions v ON v.template_id = t.id AND v.version = t.version
        """

    static func find(_ id: String, _ db: SQLConnection) throws -> Template? {
        try db.first(select + " WHERE t.id = \(id) AND t.deleted_at IS NULL", read) ?? nil
    }

    /// One version's words, deleted templates' included: a message may have been made of it.
    static func content(_ id: String, version: Int64, _ db: SQLConnection) throws -> TemplateContent? {
        try db.first("SELECT content FROM template_versions WHERE template_id = \(id) AND version = \(version)") {
            TemplateContent(json: $0.json(0))
        } ?? nil
    }

    /// By id; one row more than asked for.
    static func list(_ page: PageRequest, _ db: SQLConnection) throws -> [Template] {
        let after = page.after?.first?.string ?? ""
        return try db.all(select + " WHERE t.deleted_at IS NULL AND t.id > \(after) ORDER BY t.id LIMIT \(page.limit + 1)", read).compactMap
        { $0 }
    }

    /// False when the id is taken (by a deleted one too).
    @discardableResult
    static func insert(_ id: String, _ content: TemplateContent, _ change: Change) throws -> Bool {
        let rows = try change.db.execute(
            """
            INSERT INTO templates (id, version, created_at, updated_at) VALUES (\(id), 1, \(change.now), \(change.now))
            ON CONFLICT (id) DO NOTHING
            """)
        guard rows > 0 else { return false }
        try addVersion(id, 1, content, change)
        return true
    }

    /// Puts a template of Vefa's own there unless it is; a deleted one comes back, as it was made.
    static func ensure(_ template: BuiltInTemplate, _ change: Change) throws {
        guard try find(template.id, change.db) == nil, try !insert(template.id, template.content, change) else { return }
        let version = try change.db.first("SELECT version FROM templates WHERE id = \(template.id)") { $0.int(0) } ?? 0
        try addVersion(template.id, version + 1, template.content, change)
        try change.db.execute(
            "UPDATE templates SET version = \(version + 1), updated_at = \(change.now), deleted_at = NULL WHERE id = \(template.id)")
    }

    static func update(_ template: Template, _ content: TemplateContent, _ change: Change) throws -> Template {
        var updated = template
        updated.version += 1
        updated.content = content
        updated.updatedAt = change.now
        try addVersion(template.id, updated.version, content, change)
        try change.db.execute("UPDATE templates SET version = \(updated.version), updated_at = \(change.now) WHERE id = \(template.id)")
        return updated
    }

    private static func addVersion(_ id: String, _ version: Int64, _ content: TemplateContent, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO template_versions (template_id, version, content, created_at) VALUES (\(id), \(version), \(content.json), \(change.now))
            """)
    }

    private static func read(_ row: SQLRow) -> Template? {
        TemplateContent(json: row.json(2)).map {
            Template(id: row.text(0), version: row.int(1), content: $0, createdAt: row.time(3), updatedAt: row.time(4))
        }
    }
}
