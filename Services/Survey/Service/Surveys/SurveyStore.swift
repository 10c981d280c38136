import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

enum SurveyStore {
    private static let select: SQL = """
        SELECT s.id, s.state, s.draft, s.version, v.definition, s.created_at, s.updated_at, s.published_at
        FROM surveys s LEFT JOIN survey_versions v ON v.survey_id = s.id AND v.version = s.version
        """

    static func find(_ id: String, _ db: SQLConnection) throws -> SurveyRecord? {
        try db.first(select + " WHERE s.id = \(id)", read)
    }

    static func require(_ id: String, _ db: SQLConnection) throws -> SurveyRecord {
        guard let survey = try find(id, db) else { throw Problem.notFound("survey \"\(id)\"") }
        return survey
    }

    /// Newest first; one row more than asked for.
    static func list(state: SurveyState?, _ page: PageRequest, _ db: SQLConnection) throws -> [SurveyRecord] {
        var sql = select + " WHERE 1 = 1"
        if let state { sql.append(" AND s.state = \(state.rawValue)") }
        if let time = page.after?.first?.int, let id = page.after?.last?.string {
            sql.append(" AND (s.created_at < \(time) OR (s.created_at = \(time) AND s.id < \(id)))")
        }
        return try db.all(sql + " ORDER BY s.created_at DESC, s.id DESC LIMIT \(page.limit + 1)", read)
    }

    /// Every survey that is published, the longest published first.
    static func published(_ db: SQLConnection) throws -> [SurveyRecord] {
        try db.all(select + " WHERE s.state = \(SurveyState.published.rawValue) ORDER BY s.created_at, s.id", read)
    }

    static func insert(_ id: String, _ definition: SurveyDefinition, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO surveys (id, state, draft, version, created_at, updated_at, published_at)
            VALUES (\(id), \(SurveyState.draft.rawValue), \(definition.json), 0, \(change.now), \(change.now), NULL)
            """)
    }

    static func setDraft(_ id: String, _ definition: SurveyDefinition, _ change: Change) throws {
        try change.db.execute("UPDATE surveys SET draft = \(definition.json), updated_at = \(change.now) WHERE id = \(id)")
    }

    static func setState(_ id: String, _ state: SurveyState, _ change: Change) throws {
        try change.db.execute("UPDATE surveys SET state = \(state.rawValue), updated_at = \(change.now) WHERE id = \(id)")
    }

    /// Makes the draft the next version, in use from now on.
    static func publish(_ survey: SurveyRecord, _ change: Change) throws {
        let version = survey.version + 1
        try change.db.execute(
            """
            INSERT INTO survey_versions (survey_id, version, definition, published_at)
            VALUES (\(survey.id), \(version), \(survey.draft), \(change.now))
            """)
        try change.db.execute(
            """
            UPDATE surveys SET state = \(SurveyState.published.rawValue), version = \(version), updated_at = \(change.now), published_at = \(change.now)
            WHERE id = \(survey.id)
            """)
    }

    static func version(_ id: String, _ version: Int64, _ db: SQLConnection) throws -> SurveyDefinition? {
        try db.first("SELECT definition FROM survey_versions WHERE survey_id = \(id) AND version = \(version)") { $0.json(0) }
            .flatMap(SurveyDefinition.init(json:))
    }

    /// All versions, the newest first.
    static func versions(_ id: String, _ db: SQLConnection) throws -> [SurveyDefinition] {
        try db.all("SELECT definition FROM survey_versions WHERE survey_id = \(id) ORDER BY version DESC") { $0.json(0) }
            .compactMap(SurveyDefinition.init(json:))
    }

    /// With everything that was answered.
    static func remove(_ id: String, _ change: Change) throws {
        for table in ["survey_versions", "responses", "survey_persons", "figure_slots", "bucket_slots", "invitations"] {
            try change.db.execute("DELETE FROM \(raw: table) WHERE survey_id = \(id)")
        }
        try change.db.execute("DELETE FROM surveys WHERE id = \(id)")
    }

    private static func read(_ row: SQLRow) -> SurveyRecord {
        SurveyRecord(
            id: row.text(0), state: SurveyState(rawValue: row.text(1)) ?? .paused, draft: row.json(2), version: row.int(3),
            published: row.json(4),
            createdAt: row.time(5), updatedAt: row.time(6), publishedAt: row.timeOrNil(7))
    }
}
