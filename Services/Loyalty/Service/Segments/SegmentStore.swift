import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Segments as kept.
struct SegmentRecord: Sendable {
    let id: String
    var name: String
    var rule: JSON
    var version: Int64
    var isComputing: Bool
    /// Why it is or was last computed.
    var cause: String
    /// While it is computing: everybody up to here has been asked.
    var computeAfter: String?
    var done: Int64
    var total: Int64
    var computedAt: Timestamp?
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var members: Int64 = 0

    static let columns =
        "segment_id, name, rule, version, state, cause, compute_after, done, total, computed_at, created_at, updated_at"

    init(_ row: SQLRow) {
        id = row.text(0)
        name = row.text(1)
        rule = row.json(2)
        version = row.int(3)
        isComputing = row.text(4) == "computing"
        cause = row.text(5)
        computeAfter = row.textOrNil(6)
        done = row.int(7)
        total = row.int(8)
        computedAt = row.timeOrNil(9)
        createdAt = row.time(10)
        updatedAt = row.time(11)
    }

    /// As the API answers it. Segments that ask for RFM scores say what these go by.
    func json(_ rfm: RFMThresholds?) -> JSON {
        let usesScores = SegmentStore.rule(rule)?.needs.scores ?? false
        return [
            "id": .string(id), "name": .string(name), "rule": rule, "version": .int(version), "state": isComputing ? "computing" : "ready",
            "progress": isComputing ? ["done": .int(done), "of": .int(total)] : .null, "members": .int(members),
            "computed_at": .from(computedAt), "rfm": usesScores ? rfm?.json ?? .null : .null, "created_at": .from(createdAt),
            "updated_at": .from(updatedAt),
        ]
    }
}

/// Segments in the store. They are no part of the programme's configurations, since nothing of the past is reckoned by them; but they are kept in
/// memory with it, so what changes them gives the configuration's token a new value.
enum SegmentStore {
    static func rule(_ json: JSON) -> SegmentRule? {
        SegmentRule.read(json, at: .root, issues: FieldIssues())
    }

    static func catalogue(_ db: SQLConnection) throws -> SegmentCatalogue {
        let segments = try db.all("SELECT segment_id, name, version, rule, state FROM segments ORDER BY segment_id") { row in
            rule(row.json(3)).map {
                SegmentDefinition(
                    id: row.text(0), name: row.text(1), version: row.int(2), rule: $0, isComputing: row.text(4) == "computing")
            }
        }.compactMap { $0 }
        guard !segments.isEmpty else { return .none }
        return SegmentCatalogue(segments, rfm: try thresholds(db))
    }

    static func thresholds(_ db: SQLConnection) throws -> RFMThresholds? {
        try db.first("SELECT thresholds FROM rfm_state WHERE state_id = 1") { RFMThresholds(kept: $0.json(0)) } ?? nil
    }

    /// Has every process read the segments again.
    static func touch(_ change: Change) throws {
        try change.db.execute("UPDATE loyalty_state SET token = \(TypeID.make("cfg", at: change.now)) WHERE state_id = 1")
    }

    static func find(_ id: String, _ db: SQLConnection) throws -> SegmentRecord? {
        var record = try db.first("SELECT \(raw: SegmentRecord.columns) FROM segments WHERE segment_id = \(id)", SegmentRecord.init)
        record?.members = try members(id, db)
        return record
    }

    /// By age; one row more than the page's limit.
    static func page(_ page: PageRequest, _ db: SQLConnection) throws -> [SegmentRecord] {
        var records = try db.all(
            """
            SELECT \(raw: SegmentRecord.columns) FROM segments WHERE segment_id > \(page.after?.first?.string ?? "")
            ORDER BY segment_id LIMIT \(page.limit + 1)
            """, SegmentRecord.init)
        for index in records.indices { records[index].members = try members(records[index].id, db) }
        return records
    }

    private static func members(_ id: String, _ db: SQLConnection) throws -> Int64 {
        try db.first("SELECT COUNT(*) FROM segment_members WHERE segment_id = \(id)") { $0.int(0) } ?? 0
    }

    static func count(_ db: SQLConnection) throws -> Int64 {
        try db.first("SELECT COUNT(*) FROM segments") { $0.int(0) } ?? 0
    }

    static func insert(_ id: String, name: String, rule: SegmentRule, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO segments (segment_id, name, rule, version, state, cause, compute_after, done, total, computed_at, created_at, updated_at)
            VALUES (\(id), \(name), \(rule.condition.json), 1, 'ready', 'definition', NULL, 0, 0, NULL, \(change.now), \(change.now))
            """)
        try begin(id, cause: "definition", change)
    }

    static func rename(_ id: String, _ name: String, _ change: Change) throws {
        try change.db.execute("UPDATE segments SET name = \(name), updated_at = \(change.now) WHERE segment_id = \(id)")
        try touch(change)
    }

    static func update(_ id: String, rule: SegmentRule, _ change: Change) throws {
        try change.db.execute(
            """
            UPDATE segments SET rule = \(rule.condition.json), version = version + 1, updated_at = \(change.now) WHERE segment_id = \(id)
            """)
        try begin(id, cause: "definition", change)
    }

    /// Has everybody asked anew, in the background.
    static func begin(_ id: String, cause: String, _ change: Change) throws {
        try change.db.execute(
            """
            UPDATE segments SET cause = CASE WHEN state = 'computing' AND cause = 'definition' THEN cause ELSE \(cause) END, state = 'computing',
                compute_after = NULL, done = 0, total = 0
            WHERE segment_id = \(id)
            """)
        try touch(change)
        try change.schedule(SegmentComputer.timer, key: id, at: change.now)
    }

    /// Totals are of the programme's currency: of another one everybody's are others.
    static func currencyChanged(_ catalogue: Catalogue, _ change: Change) throws {
        let concerned = catalogue.segments.segments.filter(\.rule.needs.orders)
        for segment in concerned { try begin(segment.id, cause: "definition", change) }
        if concerned.contains(where: \.rule.needs.scores) { try change.schedule(RFMKeeper.timer, key: RFMKeeper.key, at: change.now) }
    }

    /// Tiers have other names, or are no more: to be called when one was changed or ended.
    static func tiersChanged(_ catalogue: Catalogue, _ change: Change) throws {
        for segment in catalogue.segments.segments where segment.rule.needs.tier { try begin(segment.id, cause: "definition", change) }
    }

    static func delete(_ id: String, _ change: Change) throws {
        try change.db.execute("DELETE FROM segments WHERE segment_id = \(id)")
        try change.unschedule(SegmentComputer.timer, key: id)
        try change.schedule(SegmentMembership.clearing, key: id, at: change.now)
        try touch(change)
    }

    /// What names the segment, and would ask about nothing if it went.
    static func user(of id: String, _ catalogue: Catalogue, _ db: SQLConnection) throws -> String? {
        if let segment = catalogue.segments.segments.first(where: { $0.rule.needs.segments.contains(id) }) {
            return "the segment \(segment.id)"
        }
        // Ids are made here, of letters that mean themselves in a pattern but for the underline, which means any.
        let pattern = "%\"\(id)\"%"
        if let definition = try db.first(
            "SELECT definition_id FROM definitions WHERE live_until IS NULL AND definition LIKE \(pattern) LIMIT 1", { $0.text(0) })
        {
            return definition
        }
        return try db.first(
            """
            SELECT batch_id FROM coupon_batches WHERE kind <> 'granted' AND cancelled_at IS NULL AND terms LIKE \(pattern) LIMIT 1
            """
        ) { "the coupon batch \($0.text(0))" }
    }
}
