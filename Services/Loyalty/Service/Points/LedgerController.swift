import Hummingbird
import Shared
import SharedRuntime

/// `/v1/loyalty/ledger`: the ledger as a whole.
struct LedgerController: Sendable {
    let house: House

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/loyalty/ledger/verify", use: verify)
    }

    @Sendable private func verify(_ request: Request, _ context: VefaContext) async throws -> Reply {
        try context.requirePrincipal().requireServer()
        let sealer = LedgerSealer(linkKey: house.configuration.linkKey)
        return Reply(.ok, try await house.read { try LedgerVerifier.run(sealer: sealer, $0).json })
    }
}
