import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// `/v1/metrics/rfm`: by what customers are scored.
struct RFMController: Sendable {
    let house: House

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/metrics/rfm", use: get)
        router.post("/v1/metrics/rfm/recompute", use: recompute)
    }

    @Sendable private func get(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return Reply(.ok, try await house.read { try Self.answer($0) })
    }

    /// Has the thresholds computed now, in the background; segments that ask for scores follow.
    @Sendable private func recompute(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        return try await house.command(request, context) { input, change in
            let issues = FieldIssues()
            FieldReader(body: input.body, issues: issues).refuseUnknown()
            try issues.throwIfAny()
            try change.schedule(RFMKeeper.timer, key: RFMKeeper.key, at: change.now)
            return .accepted(try Self.answer(change.db))
        }
    }

    private static func answer(_ db: SQLConnection) throws -> JSON {
        let due = try db.first("SELECT due_at FROM timers WHERE kind = \(RFMKeeper.timer) AND timer_key = \(RFMKeeper.key)") { $0.time(0) }
        return [
            "thresholds": try SegmentStore.thresholds(db)?.json ?? .null, "next_at": .from(due), "method": .string(RFMThresholds.method),
            "tie_rule": .string(RFMThresholds.tieRule),
        ]
    }
}
