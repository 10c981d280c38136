import Hummingbird
import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// `/v1/referral/advocates/{customer_id}`: somebody's code and link. A storefront may ask for its shopper's own.
struct AdvocatesController: Sendable {
    let house: House

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/referral/advocates/:customer_id", use: show)
        router.put("/v1/referral/advocates/:customer_id", use: put)
    }

    @Sendable private func show(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.parameter("customer_id")
        try context.requirePrincipal().requireServer(orCustomer: id)
        let wanted = request.query("program_id")
        let now = house.now
        let advocate = try await house.read { db -> Advocate? in
            let programme = try wanted ?? ProgrammeStore.standard(at: now, db)?.id
            guard let programme else { return nil }
            return try AdvocateStore.find(id, programme: programme, db)
        }
        guard let advocate else { throw Problem.notFound("such advocate") }
        return Reply(.ok, advocate.json(publicURL: house.configuration.publicURL))
    }

    /// Makes somebody an advocate; the same code at every call, unless it names another. Codes of before stay theirs.
    @Sendable private func put(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let publicURL = house.configuration.publicURL
        return try await house.command(request, context) { input, change in
            let id = try input.parameter("customer_id")
            try input.principal.requireServer(orCustomer: id)
            guard id.utf8.count <= CloudEvent.maximumTextLength else { throw Problem.notFound("such customer") }
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            reader.ignore("customer_id", "link", "clicks")
            let wanted = reader.string("program_id", max: 64, allowEmpty: false)
            let typed = reader.string("code", max: 255)
            let code = typed.flatMap(ReferralCode.init)
            if typed != nil, code?.isVanity != true {
                reader.fail("code", "invalid_code", "3 to 32 of A–Z, 0–9, - and _, a letter or digit at both ends")
            }
            reader.refuseUnknown()
            try issues.throwIfAny()
            let programme = try Self.programme(wanted, change)
            let known = try AdvocateStore.find(id, programme: programme, change.db)
            if let code, code.text != known?.code {
                // A shopper who could choose would take the name of a coupon that the shop hands out, and have every order with it.
                guard input.principal.isServer else {
                    throw Problem.forbidden("Only a secret key chooses a code.", code: "secret_key_required")
                }
                guard try AdvocateStore.take(code, for: id, programme: programme, change) else {
                    throw Problem.conflict("code_taken", "This code is taken.")
                }
            } else if known == nil {
                try AdvocateStore.takeGenerated(for: id, programme: programme, change)
            }
            guard let advocate = try AdvocateStore.find(id, programme: programme, change.db) else { throw Problem.internalError }
            return Reply(.ok, advocate.json(publicURL: publicURL))
        }
    }

    private static func programme(_ wanted: String?, _ change: Change) throws -> String {
        guard let wanted else {
            guard let standard = try ProgrammeStore.standard(at: change.now, change.db) else {
                throw Problem.conflict("no_program", "There is no programme to be an advocate of.")
            }
            return standard.id
        }
        guard let row = try ProgrammeStore.find(wanted, change.db), row.deletedAt == nil else {
            throw Problem.invalid("/program_id", "unknown_program", "there is no such programme")
        }
        return row.id
    }
}
