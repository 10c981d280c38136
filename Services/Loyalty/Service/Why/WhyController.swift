import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime

/// `/v1/customers/{id}/why`: why these points, and why none.
struct WhyController: Sendable {
    let house: House
    let catalogues: CatalogueCache

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/customers/:id/why", use: why)
    }

    @Sendable private func why(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let id = try context.customerID("id")
        switch request.query("about") ?? "points" {
        case "points": break
        case "message", "referral":
            throw Problem.refused("not_supported_yet", "Only points are explained here so far: about=points.")
        default: throw Problem.invalid("?about", "invalid", "one of points, message, referral was expected")
        }
        let ref = request.query("ref").flatMap { $0.isEmpty ? nil : $0 }
        if let ref, ref.utf8.count > CloudEvent.maximumTextLength { throw Problem.invalid("?ref", "too_long", "at most 255 bytes") }
        return try await house.read { db in
            guard let member = try CustomerStore.find(id, db), member.customer.deletedAt == nil else {
                throw Problem.notFound("such customer")
            }
            let query = WhyQuery(member: member, catalogues: catalogues, catalogue: try catalogues.current(db), db: db)
            return Reply(
                .ok,
                [
                    "about": "points", "ref": .from(ref), "customer_id": .string(member.customer.id),
                    "data": .array(try query.answers(ref)),
                ])
        }
    }
}
