import Hummingbird
import LoyaltyDomain
import Shared
import SharedRuntime

/// `/v1/loyalty/members/{customer_id}/subscriptions`.
struct SubscriptionsController: Sendable {
    let house: House

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/v1/loyalty/members/:customer_id/subscriptions", use: list)
    }

    @Sendable private func list(_ request: Request, _ context: VefaContext) async throws -> Reply {
        let id = try context.customerID()
        try context.requirePrincipal().requireServer(orCustomer: id)
        let page = try request.page()
        let rows = try await house.read { db in
            try SubscriptionStore.page(try MembersController.member(id, db).customer.id, page, db)
        }
        return Reply(
            .ok,
            Page(rows, page, key: { [.int($0.subscription.startedAt.milliseconds), .string($0.subscription.id)] }, json: \.json).json)
    }
}
