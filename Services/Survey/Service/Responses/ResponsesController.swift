import Hummingbird
import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

/// `POST` and `GET /v1/surveys/{id}/responses`, `PATCH /v1/responses/{id}`.
struct ResponsesController {
    let house: House

    func add(to router: Router<VefaContext>) {
        router.post("/v1/surveys/:id/responses", use: create)
        router.get("/v1/surveys/:id/responses", use: list)
        router.patch("/v1/responses/:id", use: update)
    }

    private static let bodyLimit = 512 << 10

    @Sendable func create(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context, limit: Self.bodyLimit) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let person = try Person.read(reader, for: input.principal)
            let answers = reader.reader("answers")?.object ?? JSONObject()
            let completed = reader.bool("completed") ?? false
            reader.refuseUnknown()
            try issues.throwIfAny()
            let survey = try SurveyStore.require(try input.parameter("id"), change.db)
            let desk = try ResponseDesk(survey, version: survey.version, change)
            let response = try desk.begin(person, answers: answers, completing: completed ? .yes : .no)
            return .created(.object(response.summary(in: desk.definition)))
        }
    }

    /// A storefront must name whose response it is.
    @Sendable func update(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context, limit: Self.bodyLimit) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            if !input.principal.isServer { _ = try Person.read(reader, for: input.principal) }
            let visitor = reader.string("visitor_id", max: Person.maximumVisitor, allowEmpty: false)
            let customer = reader.string("customer_id", max: CloudEvent.maximumTextLength, allowEmpty: false)
            let answers = reader.reader("answers")?.object ?? JSONObject()
            let completed = reader.bool("completed") ?? false
            reader.refuseUnknown()
            try issues.throwIfAny()
            let id = try input.parameter("id")
            guard let known = try ResponseStore.find(id, change.db), let survey = try SurveyStore.find(known.surveyID, change.db) else {
                throw Problem.notFound("response \"\(id)\"")
            }
            try Self.check(known, visitor: visitor, customer: customer, input.principal)
            let desk = try ResponseDesk(survey, version: known.version, change)
            let response = try desk.goOn(known, answers: answers, completing: completed ? .yes : .no)
            return Reply(.ok, .object(response.summary(in: desk.definition)))
        }
    }

    /// A customer's response is theirs by their token, a visitor's by the visitor's id; a server that names somebody must name the right one.
    private static func check(_ known: ResponseRecord, visitor: String?, customer: String?, _ principal: Principal) throws {
        let wrong = Problem.forbidden("This response is somebody else's.", code: "wrong_person")
        if principal.isServer {
            if let visitor, visitor != known.person.visitorID { throw wrong }
            if let customer, customer != known.person.customerID { throw wrong }
        } else if let owner = known.person.customerID {
            guard principal.customerID == owner else { throw wrong }
        } else {
            guard let visitor, visitor == known.person.visitorID else { throw wrong }
        }
    }

    /// `?completed=true|false` picks; newest first, texts as they are.
    @Sendable func list(_ request: Request, context: VefaContext) async throws -> Reply {
        let id = try context.parameter("id")
        let page = try request.page()
        let wanted = request.query("completed")
        if let wanted, wanted != "true", wanted != "false" { throw Problem.invalid("?completed", "invalid", "true or false was expected") }
        let rows = try await house.read { db in
            let survey = try SurveyStore.require(id, db)
            let responses = try ResponseStore.list(survey: survey.id, completed: wanted.map { $0 == "true" }, page, db)
            var versions: [Int64: SurveyDefinition] = [:]
            return try responses.compactMap { response -> (ResponseRecord, JSON)? in
                let version = try versions[response.version] ?? SurveyStore.version(survey.id, response.version, db)
                versions[response.version] = version
                return version.map { (response, response.json(in: $0)) }
            }
        }
        return Reply(.ok, Page(rows, page, key: { [.int($0.0.createdAt.milliseconds), .string($0.0.id)] }, json: \.1).json)
    }
}
