import Hummingbird
import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

/// `POST /v1/surveys/decide` and `POST /v1/surveys/{id}/interactions`: what a storefront's widget asks and tells.
struct ShowingController {
    let house: House

    func add(to router: Router<VefaContext>) {
        router.post("/v1/surveys/decide", use: decide)
        router.post("/v1/surveys/:id/interactions", use: interact)
    }

    /// Which survey, if any, this person is shown here and now. Asking changes nothing; the widget says `seen` when it has shown one.
    @Sendable func decide(_ request: Request, context: VefaContext) async throws -> Reply {
        let publicURL = house.configuration.publicURL
        // Without an `Idempotency-Key` it takes no turn at the writer.
        if request.headers[.idempotencyKey]?.isEmpty ?? true {
            let body = try await request.json(limit: 64 << 10)
            let principal = try context.requirePrincipal()
            let now = house.now
            return Reply(.ok, try await house.read { try Self.decision(body, principal, publicURL, now: now, $0) })
        }
        return try await house.command(request, context, limit: 64 << 10) { input, change in
            Reply(.ok, try Self.decision(input.body, input.principal, publicURL, now: change.now, change.db))
        }
    }

    private static func decision(
        _ body: JSON, _ principal: Principal, _ publicURL: String, now: Timestamp, _ db: SQLConnection
    ) throws -> JSON {
        let issues = FieldIssues()
        let reader = FieldReader(body: body, issues: issues)
        let person = try Person.read(reader, for: principal)
        // Events call the page's address `url`; a widget may too.
        let url = reader.string("url", max: 2_048)
        let page = reader.string("page", max: 2_048) ?? url
        let moment = reader.choice("trigger", SurveyTrigger.OnSite.Moment.self)
        let locale = reader.string("locale", max: 35)
        reader.refuseUnknown()
        try issues.throwIfAny()
        let beholder = Beholder(
            person: person.key, customerID: person.customerID, orders: try CustomerStore.orders(person.customerID, db), page: page,
            locale: locale, lastAskedAt: try FigureStore.lastSeen(person.keys, db))
        var reason = ShowReason.noSurvey
        for survey in try SurveyStore.published(db) {
            guard let definition = survey.definition else { continue }
            let verdict = ShowDecision.onSite(
                definition, id: survey.id, to: beholder, moment: moment, standing: try standing(survey.id, person, db), now: now)
            if verdict == .show {
                return ["survey": json(survey, definition, locale: locale, publicURL), "reason": .string(verdict.rawValue)]
            }
            reason = max(reason, verdict)
        }
        return ["survey": .null, "reason": .string(reason.rawValue)]
    }

    /// What they did as a customer and, before they were known, as a visitor.
    private static func standing(_ survey: String, _ person: Person, _ db: SQLConnection) throws -> PersonStanding {
        var all = PersonStanding()
        for key in person.keys {
            guard let one = try FigureStore.standing(survey, key, db) else { continue }
            all.completedAt = all.completedAt ?? one.completedAt
            all.closedAt = all.closedAt ?? one.closedAt
        }
        return all
    }

    private static func json(_ survey: SurveyRecord, _ definition: SurveyDefinition, locale: String?, _ publicURL: String) -> JSON {
        let whole = definition.json
        let languages = definition.offeredLanguages
        let language = LocaleChoice.pick(from: languages, wishes: [locale]) ?? LocaleChoice.fallback
        return [
            "id": .string(survey.id), "version": .int(survey.version), "title": .string(definition.title(in: language)),
            "locale": .string(language),
            "languages": .from(languages), "questions": whole["questions"] ?? [], "logic": whole["logic"] ?? [],
            "reward": whole["reward"] ?? .null, "trigger": definition.trigger.json, "link": .string("\(publicURL)/s/\(survey.id)"),
        ]
    }

    /// Notes once a person that a survey was seen or closed. `counted` says whether it was news.
    @Sendable func interact(_ request: Request, context: VefaContext) async throws -> Reply {
        try await house.command(request, context, limit: 64 << 10) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let person = try Person.read(reader, for: input.principal)
            let kind = reader.require("kind", reader.choice("kind", Interaction.self))
            reader.refuseUnknown()
            try issues.throwIfAny()
            let survey = try SurveyStore.require(try input.parameter("id"), change.db)
            guard survey.version > 0, let definition = survey.definition else {
                throw Problem.conflict("not_published", "A draft is shown to nobody.")
            }
            let before = try FigureStore.standing(survey.id, person.key, change.db)
            let counted = try FigureStore.move(survey.id, person.key, kind == .closed ? .closed : .seen, change)
            if kind == .closed, before?.closedAt == nil, before?.completedAt == nil {
                try change.emit(
                    "survey.closed", subject: person.customerID,
                    data: [
                        "survey_id": .string(survey.id), "survey": .string(definition.name), "version": .int(survey.version),
                        "customer_id": .from(person.customerID), "visitor_id": .from(person.visitorID),
                    ])
            }
            return Reply(.ok, ["survey_id": .string(survey.id), "kind": .string(kind?.rawValue ?? ""), "counted": .bool(counted)])
        }
    }

    private enum Interaction: String, CaseIterable { case seen, closed }
}
