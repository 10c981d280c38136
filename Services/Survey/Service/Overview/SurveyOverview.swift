import Shared
import SharedStore
import SurveyDomain

/// A customer's surveys and reviews, for the 360.
enum SurveyOverview {
    static let limit = 20

    static func parts(of customerID: String, _ db: SQLConnection) throws -> JSONObject {
        let surveys = try ResponseStore.list(customer: customerID, limit: limit, db).compactMap { response -> JSON? in
            guard let survey = try SurveyStore.version(response.surveyID, response.version, db) else { return nil }
            return [
                "survey_id": .string(response.surveyID), "name": .string(survey.name), "response_id": .string(response.id),
                "completed_at": .from(response.completedAt), "answers": response.answers.json(in: survey), "reward": response.reward,
            ]
        }
        return JSONObject([.init(name: "surveys", value: .array(surveys)), .init(name: "reviews", value: [])])
    }
}
