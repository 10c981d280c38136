import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime

/// `/v1/loyalty/program`: the programme's settings.
struct ProgrammeController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/loyalty/program", use: get)
        router.put("/v1/loyalty/program", use: put)
    }

    @Sendable private func get(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return Reply(.ok, try await house.read { try ProgrammeStore.json(try catalogues.current($0), $0) })
    }

    /// What is left out stays as it is. Points already posted keep the dates they got.
    @Sendable private func put(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let present = try catalogues.current(change.db)
            let issues = FieldIssues()
            let programme = present.programme.changed(by: FieldReader(body: input.body, issues: issues), isZone: Zones.isZone)
            try issues.throwIfAny()
            if programme != present.programme { try ProgrammeStore.replace(programme, after: present, change) }
            // Windows end by the zone, and only orders in the currency count as spent.
            if programme.timezone != present.programme.timezone || programme.currency != present.programme.currency {
                if !present.tiers.isEmpty { try TierRecompute.begin(change) }
            }
            return Reply(.ok, try ProgrammeStore.json(try catalogues.current(change.db), change.db))
        }
    }
}
