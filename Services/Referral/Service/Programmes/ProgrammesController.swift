import Hummingbird
import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// `/v1/referral/programs`. A change holds for referrals to come; those that were made keep their terms.
struct ProgrammesController: Sendable {
    let house: House

    /// More programmes than anybody has use for.
    private static let most: Int64 = 200

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/referral/programs", use: list)
        router.post("/v1/referral/programs", use: create)
        router.get("/v1/referral/programs/:id", use: show)
        router.put("/v1/referral/programs/:id", use: replace)
        router.delete("/v1/referral/programs/:id", use: remove)
    }

    @Sendable private func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let page = try request.page()
        let rows = try await house.read { try ProgrammeStore.rows(page, $0) }
        return Reply(.ok, Page(rows, page, key: { [.int($0.createdAt.milliseconds), .string($0.id)] }, json: \.json).json)
    }

    @Sendable private func show(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let id = try context.parameter("id")
        return Reply(.ok, try await house.read { try Self.require(id, $0).json })
    }

    @Sendable private func create(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let programme = try Self.read(input.body, id: TypeID.make("program", at: change.now), change.db)
            guard try ProgrammeStore.count(change.db) < Self.most else {
                throw Problem.conflict("too_many", "There are \(Self.most) programmes already.")
            }
            let row = ProgrammeRow(programme: programme, createdAt: change.now, updatedAt: change.now)
            try ProgrammeStore.put(row, change.db)
            return .created(row.json)
        }
    }

    @Sendable private func replace(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            var row = try Self.require(try input.parameter("id"), change.db)
            row.programme = try Self.read(input.body, id: row.id, change.db)
            row.updatedAt = change.now
            try ProgrammeStore.put(row, change.db)
            return Reply(.ok, row.json)
        }
    }

    /// Ends it. Its codes refer nobody any more; referrals that were made run on.
    @Sendable private func remove(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            var row = try Self.require(try input.parameter("id"), change.db)
            row.deletedAt = change.now
            try ProgrammeStore.put(row, change.db)
            return .noContent()
        }
    }

    private static func require(_ id: String, _ db: SQLConnection) throws -> ProgrammeRow {
        guard let row = try ProgrammeStore.find(id, db), row.deletedAt == nil else { throw Problem.notFound("such programme") }
        return row
    }

    private static func read(_ body: JSON, id: String, _ db: SQLConnection) throws -> ReferralProgramme {
        let issues = FieldIssues()
        let programme = ReferralProgramme(FieldReader(body: body, issues: issues), id: id)
        try issues.throwIfAny()
        guard let programme else { throw Problem.invalid("", "invalid", "this is no programme") }
        if let landing = programme.landingURL, try !SettingsKeeper.current(db).allows(landing) {
            throw Problem.invalid("/landing_url", "host_not_allowed", "neither the shop's own host nor one that its settings allow")
        }
        return programme
    }
}
