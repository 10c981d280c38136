import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Earning rules in the store, every version kept: what was earned names the version it was earned by.
enum EarningRuleStore {
    /// The rules of a configuration, the present one where none is named, oldest first.
    static func live(at config: Int64?, _ db: SQLConnection) throws -> [EarningRule] {
        guard let config else {
            return try db.all(
                "SELECT rule_id, version, definition FROM earning_rule_versions WHERE live_until IS NULL ORDER BY rule_id", rule
            ).compactMap { $0 }
        }
        return try db.all(
            """
            SELECT rule_id, version, definition FROM earning_rule_versions
            WHERE live_from <= \(config) AND (live_until IS NULL OR live_until > \(config)) ORDER BY rule_id
            """, rule
        ).compactMap { $0 }
    }

    static func find(_ id: String, version: Int64, _ db: SQLConnection) throws -> EarningRule? {
        try db.first("SELECT rule_id, version, definition FROM earning_rule_versions WHERE rule_id = \(id) AND version = \(version)", rule)
            ?? nil
    }

    private static func rule(_ row: SQLRow) -> EarningRule? {
        EarningRule(FieldReader(body: row.json(2), issues: FieldIssues(), strict: false), id: row.text(0), version: row.int(1))
    }

    static func insert(_ rule: EarningRule, liveFrom: Int64, createdAt: Timestamp, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO earning_rule_versions (rule_id, version, definition, live_from, live_until, created_at, updated_at)
            VALUES (\(rule.id), \(rule.version), \(JSON.object(rule.json)), \(liveFrom), NULL, \(createdAt), \(change.now))
            """)
    }

    /// Ends the present version of a rule with the configuration before `config`.
    static func end(_ id: String, from config: Int64, _ db: SQLConnection) throws {
        try db.execute("UPDATE earning_rule_versions SET live_until = \(config) WHERE rule_id = \(id) AND live_until IS NULL")
    }

    // MARK: - As the API answers them

    struct Row: Sendable {
        let id: String
        let version: Int64
        let createdAt: Timestamp
        let json: JSON
    }

    static func row(_ id: String, _ db: SQLConnection) throws -> Row? {
        try db.first(
            "SELECT rule_id, version, definition, created_at, updated_at FROM earning_rule_versions WHERE rule_id = \(id) AND live_until IS NULL",
            row)
    }

    /// By age; one row more than the page's limit.
    static func rows(_ page: PageRequest, _ db: SQLConnection) throws -> [Row] {
        try db.all(
            """
            SELECT rule_id, version, definition, created_at, updated_at FROM earning_rule_versions
            WHERE live_until IS NULL AND rule_id > \(page.after?.first?.string ?? "") ORDER BY rule_id LIMIT \(page.limit + 1)
            """, row)
    }

    private static func row(_ row: SQLRow) -> Row {
        var object = row.json(2).object ?? JSONObject()
        object["created_at"] = .from(row.time(3))
        object["updated_at"] = .from(row.time(4))
        return Row(id: row.text(0), version: row.int(1), createdAt: row.time(3), json: .object(object))
    }
}
