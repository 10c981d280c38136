import Hummingbird
import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// `/v1/referral/referrals`: what became of whom, and a merchant's word on it.
struct ReferralsController: Sendable {
    let house: House

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/referral/referrals", use: list)
        router.get("/v1/referral/referrals/:id", use: show)
        for move in [ReferralMove.approve, .reject, .reverse, .restore] {
            router.post("/v1/referral/referrals/:id/\(move.rawValue)") { request, context in try await self.move(move, request, context) }
        }
    }

    @Sendable private func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let page = try request.page()
        let advocate = request.query("advocate")
        var state: ReferralState?
        if let wanted = request.query("state") {
            state = ReferralState(rawValue: wanted)
            if state == nil {
                let known = ReferralState.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.invalid("?state", "invalid", "one of \(known) was expected")
            }
        }
        let rows = try await house.read { [state] in try ReferralStore.rows(page, state: state, advocate: advocate, $0) }
        return Reply(.ok, Page(rows, page, key: { [.int($0.createdAt.milliseconds), .string($0.id)] }, json: \.json).json)
    }

    @Sendable private func show(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let id = try context.parameter("id")
        return Reply(.ok, try await house.read { try Self.whole(id, $0) })
    }

    private func move(_ move: ReferralMove, _ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            let reader = FieldReader(body: input.body, issues: issues)
            let reason = reader.string("reason", max: 500, allowEmpty: false) ?? ReferralReason.byHand.rawValue
            reader.refuseUnknown()
            try issues.throwIfAny()
            guard var referral = try ReferralStore.find(try input.parameter("id"), change.db) else {
                throw Problem.notFound("such referral")
            }
            try ReferralMoves(change: change).move(&referral, move, by: .merchant, reason: reason, at: change.now)
            return Reply(.ok, try Self.whole(referral.id, change.db))
        }
    }

    /// With its history.
    private static func whole(_ id: String, _ db: SQLConnection) throws -> JSON {
        guard let referral = try ReferralStore.find(id, db), var object = referral.json.object else {
            throw Problem.notFound("such referral")
        }
        object["history"] = .array(try ReferralStore.history(of: id, db).map(\.json))
        return .object(object)
    }
}
