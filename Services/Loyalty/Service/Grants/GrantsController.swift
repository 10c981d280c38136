import Hummingbird
import Shared
import SharedRuntime

/// `POST /internal/v1/grants`: rewards that another of the five needs now.
struct GrantsController: Sendable {
    let house: House
    let grants: Grants

    func addRoutes(to router: Router<VefaContext>) {
        router.post("/internal/v1/grants", use: give)
    }

    /// Answers the outcome, a refusal included. The key makes repeating it safe; a body that is no grant is a 422.
    @Sendable private func give(_ request: Request, _ context: VefaContext) async throws -> Reply {
        guard try context.requirePrincipal().kind == .service else {
            throw Problem.forbidden("This route is between services.", code: "internal_route")
        }
        let body = try await request.json()
        let issues = FieldIssues()
        let grant = Grant(FieldReader(body: body, issues: issues))
        try issues.throwIfAny()
        guard let grant else { throw Problem.internalError }
        return Reply(.ok, try await house.write { try grants.give(grant, $0) }.json)
    }
}
