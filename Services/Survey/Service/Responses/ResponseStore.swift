import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

enum ResponseStore {
    private static let select: SQL = """
        SELECT id, survey_id, version, person, customer_id, visitor_id, invitation_id, answers, completed_at, grant_key, reward, created_at,
            updated_at FROM responses
        """

    static func find(_ id: String, _ db: SQLConnection) throws -> ResponseRecord? {
        try db.first(select + " WHERE id = \(id)", read)
    }

    static func find(survey: String, person: String, _ db: SQLConnection) throws -> ResponseRecord? {
        try db.first(select + " WHERE survey_id = \(survey) AND person = \(person)", read)
    }

    static func find(grant key: String, _ db: SQLConnection) throws -> ResponseRecord? {
        try db.first(select + " WHERE grant_key = \(key)", read)
    }

    /// Newest first; one row more than asked for.
    static func list(survey: String, completed: Bool?, _ page: PageRequest, _ db: SQLConnection) throws -> [ResponseRecord] {
        var sql = select + " WHERE survey_id = \(survey)"
        if let completed { sql.append(completed ? " AND completed_at IS NOT NULL" : " AND completed_at IS NULL") }
        if let time = page.after?.first?.int, let id = page.after?.last?.string {
            sql.append(" AND (created_at < \(time) OR (created_at = \(time) AND id < \(id)))")
        }
        return try db.all(sql + " ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)", read)
    }

    static func list(customer: String, limit: Int, _ db: SQLConnection) throws -> [ResponseRecord] {
        try db.all(select + " WHERE customer_id = \(customer) ORDER BY created_at DESC, id DESC LIMIT \(limit)", read)
    }

    /// False where this person has a response to this survey.
    static func insert(_ response: ResponseRecord, _ db: SQLConnection) throws -> Bool {
        try db.execute(
            """
            INSERT INTO responses
                (id, survey_id, version, person, customer_id, visitor_id, invitation_id, answers, completed_at, grant_key, reward, created_at, updated_at)
            VALUES (\(response.id), \(response.surveyID), \(response.version), \(response.personKey), \(response.person.customerID),
                \(response.person.visitorID), \(response.invitationID), \(response.answers.stored), \(response.completedAt), \(response.grantKey),
                \(response.reward), \(response.createdAt), \(response.updatedAt))
            ON CONFLICT (survey_id, person) DO NOTHING
            """) > 0
    }

    static func update(_ response: ResponseRecord, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE responses SET answers = \(response.answers.stored), completed_at = \(response.completedAt), grant_key = \(response.grantKey),
                reward = \(response.reward), updated_at = \(response.updatedAt)
            WHERE id = \(response.id)
            """)
    }

    private static func read(_ row: SQLRow) -> ResponseRecord {
        ResponseRecord(
            id: row.text(0), surveyID: row.text(1), version: row.int(2), personKey: row.text(3),
            person: Person(customerID: row.textOrNil(4), visitorID: row.textOrNil(5)), invitationID: row.textOrNil(6),
            answers: Answers(stored: row.json(7)), completedAt: row.timeOrNil(8), grantKey: row.textOrNil(9), reward: row.json(10),
            createdAt: row.time(11), updatedAt: row.time(12))
    }
}
