import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime

/// `/v1/loyalty/earning_rules`: what earns points. A change makes a new version; what was earned before stays as it was earned.
struct EarningRulesController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/loyalty/earning_rules", use: list)
        router.post("/v1/loyalty/earning_rules", use: create)
        router.get("/v1/loyalty/earning_rules/:id", use: get)
        router.put("/v1/loyalty/earning_rules/:id", use: put)
        router.delete("/v1/loyalty/earning_rules/:id", use: delete)
    }

    /// More rules than anybody has use for, and few enough to be asked one by one.
    private static let most = 200

    @Sendable private func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let page = try request.page()
        let rows = try await house.read { try EarningRuleStore.rows(page, $0) }
        return Reply(.ok, Page(rows, page, key: { [.string($0.id)] }, json: \.json).json)
    }

    @Sendable private func get(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let id = try context.customerID("id")
        guard let row = try await house.read({ try EarningRuleStore.row(id, $0) }) else { throw Problem.notFound("such earning rule") }
        return Reply(.ok, row.json)
    }

    @Sendable private func create(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let rule = try Self.read(input.body, id: TypeID.make("rule", at: change.now), version: 1)
            let catalogue = try catalogues.current(change.db)
            guard catalogue.rules.count < Self.most else {
                throw Problem.conflict("too_many", "There are \(Self.most) earning rules already.")
            }
            let config = try ProgrammeStore.nextConfig(after: catalogue, change)
            try EarningRuleStore.insert(rule, liveFrom: config, createdAt: change.now, change)
            guard let row = try EarningRuleStore.row(rule.id, change.db) else { throw Problem.internalError }
            return .created(row.json)
        }
    }

    /// Replaces the rule.
    @Sendable private func put(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let id = try input.parameter("id")
            guard let present = try EarningRuleStore.row(id, change.db) else { throw Problem.notFound("such earning rule") }
            let rule = try Self.read(input.body, id: id, version: present.version + 1)
            let config = try ProgrammeStore.nextConfig(after: try catalogues.current(change.db), change)
            try EarningRuleStore.end(id, from: config, change.db)
            try EarningRuleStore.insert(rule, liveFrom: config, createdAt: present.createdAt, change)
            guard let row = try EarningRuleStore.row(id, change.db) else { throw Problem.internalError }
            return Reply(.ok, row.json)
        }
    }

    /// Ends the rule. Points earned by it stay, and refunds still reckon by it.
    @Sendable private func delete(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let id = try input.parameter("id")
            guard try EarningRuleStore.row(id, change.db) != nil else { throw Problem.notFound("such earning rule") }
            let config = try ProgrammeStore.nextConfig(after: try catalogues.current(change.db), change)
            try EarningRuleStore.end(id, from: config, change.db)
            return .noContent()
        }
    }

    private static func read(_ body: JSON, id: String, version: Int64) throws -> EarningRule {
        let issues = FieldIssues()
        let rule = EarningRule(FieldReader(body: body, issues: issues), id: id, version: version)
        try issues.throwIfAny()
        guard let rule else { throw Problem.invalid("", "invalid", "this is no earning rule") }
        return rule
    }
}
