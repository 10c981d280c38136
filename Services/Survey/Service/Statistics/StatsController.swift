import Hummingbird
import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

/// `GET /v1/surveys/{id}/stats`.
struct StatsController {
    let house: House

    func add(to router: Router<VefaContext>) {
        router.get("/v1/surveys/:id/stats", use: show)
    }

    @Sendable func show(_ request: Request, context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        return Reply(.ok, try await house.read { db in try Self.stats(try SurveyStore.require(id, db), db) })
    }

    /// Of all versions: a question that only an earlier one had is counted too.
    static func stats(_ survey: SurveyRecord, _ db: SQLConnection) throws -> JSON {
        let figures = try FigureStore.figures(survey.id, db)
        let buckets = try FigureStore.buckets(survey.id, db)
        var questions = JSONObject()
        let versions = try SurveyStore.versions(survey.id, db)
        for version in versions.isEmpty ? [survey.definition].compactMap({ $0 }) : versions {
            for question in version.questions where question.isAnswerable && questions[question.id] == nil {
                questions[question.id] = question.figures(buckets[question.id] ?? [:])
            }
        }
        return [
            "survey_id": .string(survey.id), "seen": .int(figures.seen), "started": .int(figures.started),
            "completed": .int(figures.completed),
            "closed": .int(figures.closed), "questions": .object(questions),
        ]
    }
}
