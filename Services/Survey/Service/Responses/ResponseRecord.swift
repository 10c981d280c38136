import Shared
import SurveyDomain

/// One person's answers to one survey, by the version they were asked.
struct ResponseRecord: Sendable {
    var id: String
    var surveyID: String
    var version: Int64
    /// ``Person/key``.
    var personKey: String
    var person: Person
    var invitationID: String?
    var answers: Answers
    var completedAt: Timestamp?
    /// The key of the reward that was ordered.
    var grantKey: String?
    /// What was ordered and what became of it; null where nothing was.
    var reward: JSON
    var createdAt: Timestamp
    var updatedAt: Timestamp

    static let prefix = "rsp"

    /// What whoever answers is told.
    func summary(in survey: SurveyDefinition) -> JSONObject {
        let next = completedAt == nil ? SurveyEngine(survey).next(answers) : nil
        return JSONObject([
            .init(name: "id", value: .string(id)), .init(name: "survey_id", value: .string(surveyID)),
            .init(name: "version", value: .int(version)),
            .init(name: "customer_id", value: .from(person.customerID)), .init(name: "visitor_id", value: .from(person.visitorID)),
            .init(name: "completed", value: .bool(completedAt != nil)), .init(name: "completed_at", value: .from(completedAt)),
            .init(name: "next", value: .from(next?.id)), .init(name: "reward", value: reward),
            .init(name: "created_at", value: .from(createdAt)), .init(name: "updated_at", value: .from(updatedAt)),
        ])
    }

    /// What the merchant sees: with the answers.
    func json(in survey: SurveyDefinition) -> JSON {
        var object = summary(in: survey)
        object["answers"] = answers.json(in: survey)
        return .object(object)
    }
}
