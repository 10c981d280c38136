import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

/// Takes answers in: checks them, keeps them, keeps the figures up, orders the reward and says what happened, all in one transaction.
struct ResponseDesk {
    let survey: SurveyRecord
    /// The version that is answered.
    let version: Int64
    let definition: SurveyDefinition
    let change: Change

    enum Completing: Sendable {
        case no, yes
        /// Once no question is left.
        case whenDone
    }

    init(_ survey: SurveyRecord, version: Int64, _ change: Change) throws {
        guard survey.isOpen else { throw Problem.conflict("not_published", "This survey takes no answers just now.") }
        guard let definition = try SurveyStore.version(survey.id, version, change.db) else {
            throw Problem.notFound("such version of the survey")
        }
        self.survey = survey
        self.version = version
        self.definition = definition
        self.change = change
    }

    /// A person's first answers. 409 where they have a response already: the first one counts.
    func begin(_ person: Person, invitation: String? = nil, answers given: JSONObject, completing: Completing) throws -> ResponseRecord {
        if let known = try ResponseStore.find(survey: survey.id, person: person.key, change.db) { throw Self.alreadyAnswered(known) }
        var response = ResponseRecord(
            id: TypeID.make(ResponseRecord.prefix, at: change.now), surveyID: survey.id, version: version, personKey: person.key,
            person: person,
            invitationID: invitation, answers: Answers(), completedAt: nil, grantKey: nil, reward: .null, createdAt: change.now,
            updatedAt: change.now)
        let completes = try take(given, into: &response, completing)
        guard try ResponseStore.insert(response, change.db) else { throw Problem.conflict("already_answered", "This person has answered.") }
        try FigureStore.move(survey.id, person.key, .started, change)
        try FigureStore.count(AnswerTally.amounts(response.answers, in: definition), survey.id, change.db)
        try change.emit("survey.started", subject: person.customerID, data: .object(facts(of: response)))
        if completes { try complete(&response) }
        return response
    }

    /// More answers, or others, to a response that is not complete.
    func goOn(_ known: ResponseRecord, answers given: JSONObject, completing: Completing) throws -> ResponseRecord {
        guard known.completedAt == nil else {
            throw Problem.conflict("already_completed", "This response is complete; it does not change any more.")
        }
        var response = known
        let completes = try take(given, into: &response, completing)
        response.updatedAt = change.now
        try ResponseStore.update(response, change.db)
        let difference = AnswerTally.difference(
            from: AnswerTally.amounts(known.answers, in: definition), to: AnswerTally.amounts(response.answers, in: definition))
        try FigureStore.count(difference, survey.id, change.db)
        if completes { try complete(&response) }
        return response
    }

    /// Checks the answers and puts them in; whether they complete the response. Throws a 422 that names every fault under `/answers`.
    private func take(_ given: JSONObject, into response: inout ResponseRecord, _ completing: Completing) throws -> Bool {
        let issues = FieldIssues()
        let pointer = JSONPointer.root / "answers"
        let engine = SurveyEngine(definition)
        let newer = Answers.read(given, at: pointer, for: definition, issues)
        if !issues.isEmpty {
            // What is missing is named along with what is wrong, where no rule could make either of them needless.
            if completing == .yes, definition.logic.isEmpty {
                let rest = FieldIssues()
                _ = response.answers.taking(newer, in: engine, completing: true, at: pointer, rest)
                let named = Set(issues.issues.map(\.pointer))
                throw Problem.invalid(issues.issues + rest.issues.filter { !named.contains($0.pointer) })
            }
            try issues.throwIfAny()
        }
        var completes = completing == .yes
        if completing == .whenDone {
            completes = response.answers.taking(newer, in: engine, completing: false, at: pointer, FieldIssues()).next == nil
        }
        let taken = response.answers.taking(newer, in: engine, completing: completes, at: pointer, issues)
        try issues.throwIfAny()
        response.answers = taken.answers
        return completes
    }

    private func complete(_ response: inout ResponseRecord) throws {
        response.completedAt = change.now
        try FigureStore.move(survey.id, response.personKey, .completed, change)
        var data = facts(of: response)
        data["completed_at"] = .from(change.now)
        data["answers"] = response.answers.json(in: definition)
        let score = definition.questions.first { $0.kind == .nps && response.answers.values[$0.id] != nil }
        data["nps"] = score.flatMap { response.answers.values[$0.id] } ?? .null
        if let grant = grant(for: response) {
            response.grantKey = grant.key
            response.reward = RewardState.ordered(grant.reward)
            for member in GrantOrders.data(grants: [grant]) { data[member.name] = member.value }
        }
        try ResponseStore.update(response, change.db)
        try change.emit("survey.completed", subject: response.person.customerID, data: .object(data))
    }

    /// The reward of the version that was answered, for customers: somebody unknown has no account to put it in.
    private func grant(for response: ResponseRecord) -> Grant? {
        guard let reward = definition.reward, let customerID = response.person.customerID else { return nil }
        return Grant(
            key: RewardState.key(survey: survey.id, customer: customerID), customerID: customerID, email: nil, reward: reward,
            reason: "survey",
            name: definition.name,
            origin: JSONObject([
                .init(name: "survey_id", value: .string(survey.id)), .init(name: "response_id", value: .string(response.id)),
            ]))
    }

    private func facts(of response: ResponseRecord) -> JSONObject {
        JSONObject([
            .init(name: "survey_id", value: .string(survey.id)), .init(name: "survey", value: .string(definition.name)),
            .init(name: "version", value: .int(version)), .init(name: "response_id", value: .string(response.id)),
            .init(name: "customer_id", value: .from(response.person.customerID)),
            .init(name: "visitor_id", value: .from(response.person.visitorID)),
        ])
    }

    /// An incomplete one is named, so that it can be gone on with.
    private static func alreadyAnswered(_ known: ResponseRecord) -> Problem {
        var problem = Problem.conflict(
            "already_answered",
            known.completedAt == nil
                ? "This person has begun to answer; go on with that response." : "This person has answered this survey.")
        if known.completedAt == nil { problem.extensions["response_id"] = .string(known.id) }
        return problem
    }
}
