import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

/// How far each person has come, and the figures that are kept up with it.
enum FigureStore {
    static func standing(_ survey: String, _ person: String, _ db: SQLConnection) throws -> PersonStanding? {
        try db.first(
            """
            SELECT seen_at, last_seen_at, started_at, completed_at, closed_at FROM survey_persons
            WHERE survey_id = \(survey) AND person = \(person)
            """, read)
    }

    /// When any of these persons last saw any survey.
    static func lastSeen(_ persons: [String], _ db: SQLConnection) throws -> Timestamp? {
        try db.first("SELECT MAX(last_seen_at) FROM survey_persons WHERE person IN \(list: persons)") { $0.timeOrNil(0) } ?? nil
    }

    /// Notes what a person did. False where it was known already.
    @discardableResult
    static func move(_ survey: String, _ person: String, _ deed: PersonStanding.Deed, _ change: Change) throws -> Bool {
        let before = try standing(survey, person, change.db) ?? PersonStanding()
        let after = before.after(deed, at: change.now)
        if after == before { return false }
        try put(survey, person, after, change.db)
        let difference = after.figures - before.figures
        guard difference != SurveyFigures() else { return false }
        try add(difference, survey, change.db)
        return true
    }

    private static func put(_ survey: String, _ person: String, _ standing: PersonStanding, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO survey_persons (survey_id, person, seen_at, last_seen_at, started_at, completed_at, closed_at)
            VALUES (\(survey), \(person), \(standing.seenAt), \(standing.lastSeenAt), \(standing.startedAt), \(standing.completedAt),
                \(standing.closedAt))
            ON CONFLICT (survey_id, person) DO UPDATE SET
                seen_at = excluded.seen_at, last_seen_at = excluded.last_seen_at, started_at = excluded.started_at,
                completed_at = excluded.completed_at, closed_at = excluded.closed_at
            """)
    }

    /// One of the rows that a survey's counters are spread over (`SQLDialect.counterSlots`); what counts is their sum.
    private static func slot(_ db: SQLConnection) -> Int64 { Int64.random(in: 0..<db.dialect.counterSlots) }

    private static func add(_ difference: SurveyFigures, _ survey: String, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO figure_slots (survey_id, slot, seen, started, completed, closed)
            VALUES (\(survey), \(slot(db)), \(difference.seen), \(difference.started), \(difference.completed), \(difference.closed))
            ON CONFLICT (survey_id, slot) DO UPDATE SET
                seen = figure_slots.seen + excluded.seen, started = figure_slots.started + excluded.started,
                completed = figure_slots.completed + excluded.completed, closed = figure_slots.closed + excluded.closed
            """)
    }

    static func figures(_ survey: String, _ db: SQLConnection) throws -> SurveyFigures {
        try db.first(
            """
            SELECT CAST(COALESCE(SUM(seen), 0) AS BIGINT), CAST(COALESCE(SUM(started), 0) AS BIGINT),
                CAST(COALESCE(SUM(completed), 0) AS BIGINT), CAST(COALESCE(SUM(closed), 0) AS BIGINT)
            FROM figure_slots WHERE survey_id = \(survey)
            """
        ) { row in
            SurveyFigures(seen: row.int(0), started: row.int(1), completed: row.int(2), closed: row.int(3))
        } ?? SurveyFigures()
    }

    // MARK: - Answers

    static func count(_ amounts: [AnswerTally.Bucket: Int64], _ survey: String, _ db: SQLConnection) throws {
        let slot = slot(db)
        // In one order: two that add to the same rows must not wait for each other.
        for (bucket, amount) in amounts.sorted(by: { ($0.key.questionID, $0.key.name) < ($1.key.questionID, $1.key.name) }) {
            try db.execute(
                """
                INSERT INTO bucket_slots (survey_id, question_id, bucket, slot, amount)
                VALUES (\(survey), \(bucket.questionID), \(bucket.name), \(slot), \(amount))
                ON CONFLICT (survey_id, question_id, bucket, slot) DO UPDATE SET amount = bucket_slots.amount + excluded.amount
                """)
        }
    }

    /// By question, then by bucket.
    static func buckets(_ survey: String, _ db: SQLConnection) throws -> [String: [String: Int64]] {
        var buckets: [String: [String: Int64]] = [:]
        try db.each(
            """
            SELECT question_id, bucket, CAST(SUM(amount) AS BIGINT) FROM bucket_slots WHERE survey_id = \(survey) GROUP BY question_id, bucket
            """
        ) { row in
            buckets[row.text(0), default: [:]][row.text(1)] = row.int(2)
        }
        return buckets
    }

    // MARK: - Persons who turn out to be one

    /// What was `from`'s is `into`'s, and they count once; but where both have answered a survey, two were counted there, and stay two.
    static func merge(_ from: String, into: String, _ db: SQLConnection) throws {
        try db.execute(
            """
            UPDATE survey_persons SET person = \(into)
            WHERE person = \(from) AND NOT EXISTS (
                SELECT 1 FROM survey_persons other WHERE other.person = \(into) AND other.survey_id = survey_persons.survey_id)
            """)
        for survey in try db.all("SELECT survey_id FROM survey_persons WHERE person = \(from) ORDER BY survey_id", { $0.text(0) }) {
            guard let old = try standing(survey, from, db), let new = try standing(survey, into, db),
                old.startedAt == nil || new.startedAt == nil
            else { continue }
            let one = old.joined(with: new)
            try put(survey, into, one, db)
            try db.execute("DELETE FROM survey_persons WHERE survey_id = \(survey) AND person = \(from)")
            try add(one.figures - old.figures - new.figures, survey, db)
        }
    }

    private static func read(_ row: SQLRow) -> PersonStanding {
        var standing = PersonStanding()
        standing.seenAt = row.timeOrNil(0)
        standing.lastSeenAt = row.timeOrNil(1)
        standing.startedAt = row.timeOrNil(2)
        standing.completedAt = row.timeOrNil(3)
        standing.closedAt = row.timeOrNil(4)
        return standing
    }
}
