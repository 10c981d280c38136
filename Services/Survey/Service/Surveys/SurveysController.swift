import Hummingbird
import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

/// CRUD `/v1/surveys`, `POST /v1/surveys/{id}/publish` and `/pause`.
struct SurveysController {
    let house: House

    func add(to router: Router<VefaContext>) {
        router.get("/v1/surveys", use: list)
        router.post("/v1/surveys", use: create)
        router.get("/v1/surveys/:id", use: show)
        router.put("/v1/surveys/:id", use: update)
        router.delete("/v1/surveys/:id", use: remove)
        router.post("/v1/surveys/:id/publish", use: publish)
        router.post("/v1/surveys/:id/pause", use: pause)
    }

    @Sendable func list(_ request: Request, context: VefaContext) async throws -> Reply {
        let page = try request.page()
        let wanted = request.query("state")
        let state = wanted.flatMap(SurveyState.init(rawValue:))
        if wanted != nil, state == nil {
            throw Problem.invalid(
                "?state", "invalid", "one of \(SurveyState.allCases.map(\.rawValue).joined(separator: ", ")) was expected")
        }
        let rows = try await house.read { db in try SurveyStore.list(state: state, page, db) }
        return Reply(.ok, Page(rows, page, key: { [.int($0.createdAt.milliseconds), .string($0.id)] }, json: json).json)
    }

    @Sendable func create(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            let definition = try Self.definition(input.body)
            let id = TypeID.make(SurveyRecord.prefix, at: change.now)
            try SurveyStore.insert(id, definition, change)
            return .created(json(try SurveyStore.require(id, change.db)))
        }
    }

    @Sendable func show(_ request: Request, context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        return Reply(.ok, json(try await house.read { db in try SurveyStore.require(id, db) }))
    }

    /// Writes the draft anew. A published survey stays as it is until it is published again.
    @Sendable func update(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            let survey = try SurveyStore.require(try input.parameter("id"), change.db)
            try SurveyStore.setDraft(survey.id, try Self.definition(input.body, sentBack: true), change)
            return Reply(.ok, json(try SurveyStore.require(survey.id, change.db)))
        }
    }

    /// The survey, its answers and its figures. What was rewarded stays rewarded.
    @Sendable func remove(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            try SurveyStore.remove(try SurveyStore.require(try input.parameter("id"), change.db).id, change)
            return .noContent()
        }
    }

    /// Makes the draft the version in use. Without changes since the last time it only goes on after a pause.
    @Sendable func publish(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            let survey = try SurveyStore.require(try input.parameter("id"), change.db)
            try Self.refuseFields(input.body)
            if survey.version > 0, !survey.hasUnpublishedChanges {
                if survey.state != .published { try SurveyStore.setState(survey.id, .published, change) }
            } else {
                guard let draft = SurveyDefinition(json: survey.draft) else { throw Problem.internalError }
                let issues = FieldIssues()
                draft.check(issues)
                for earlier in try SurveyStore.versions(survey.id, change.db) { draft.check(against: earlier, issues) }
                try issues.throwIfAny()
                try SurveyStore.publish(survey, change)
            }
            return Reply(.ok, json(try SurveyStore.require(survey.id, change.db)))
        }
    }

    /// Nobody is asked any more, and its links lead to a page that says so.
    @Sendable func pause(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context) { input, change in
            let survey = try SurveyStore.require(try input.parameter("id"), change.db)
            try Self.refuseFields(input.body)
            guard survey.version > 0 else { throw Problem.conflict("not_published", "A draft cannot be paused.") }
            if survey.state != .paused { try SurveyStore.setState(survey.id, .paused, change) }
            return Reply(.ok, json(try SurveyStore.require(survey.id, change.db)))
        }
    }

    @Sendable private func json(_ survey: SurveyRecord) -> JSON { survey.json(publicURL: house.configuration.publicURL) }

    /// A PUT may send back what a GET answered.
    private static func definition(_ body: JSON, sentBack: Bool = false) throws -> SurveyDefinition {
        let issues = FieldIssues()
        let reader = FieldReader(body: body, issues: issues)
        if sentBack { reader.ignore("id", "state", "version", "unpublished_changes", "link", "created_at", "updated_at", "published_at") }
        let definition = SurveyDefinition.read(reader)
        reader.refuseUnknown()
        try issues.throwIfAny()
        guard let definition else { throw Problem.internalError }
        return definition
    }

    private static func refuseFields(_ body: JSON) throws {
        let issues = FieldIssues()
        FieldReader(body: body, issues: issues).refuseUnknown()
        try issues.throwIfAny()
    }
}
