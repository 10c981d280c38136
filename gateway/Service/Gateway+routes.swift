import Hummingbird
import Shared
import SharedRuntime

extension Gateway {
    typealias Handler = @Sendable (Request, VefaContext) async throws -> Response

    /// Mounts every route of the table, each behind its door.
    func addRoutes(to router: Router<VefaContext>) {
        let own = handlers
        for route in RouteTable.all {
            switch route.target {
            case .service(let service):
                router.on(RouterPath(route.path), method: route.method) { [doorkeeper, proxy] request, context in
                    try await doorkeeper.admit(request, context, to: route) { request, context, entry in
                        try await proxy.forward(request, context, entry, to: service)
                    }
                }
            case .here:
                guard let handler = own[route.description] else { continue }
                router.on(RouterPath(route.path), method: route.method) { [doorkeeper] request, context in
                    try await doorkeeper.admit(request, context, to: route) { request, context, _ in try await handler(request, context) }
                }
            }
        }
        addClock(to: router)
        // Last, so that only calls that found no route come by.
        router.add(middleware: RouteMissMiddleware())
    }

    /// What the gateway answers itself, by the table's names.
    var handlers: [String: Handler] {
        let webhooks = WebhooksController(house: house, secrets: secrets, guesses: doorkeeper.guesses)
        let shopify = ConnectorSettingsController(kind: .shopify, house: house, secrets: secrets)
        let wooCommerce = ConnectorSettingsController(kind: .woocommerce, house: house, secrets: secrets)
        let document = DocumentController()
        let apiKeys = APIKeyController(house: house, keys: keys)
        return [
            "POST /v1/events": EventsController(house: house).ingest,
            "GET /v1/events/{id}": json(EventStatusController(house: house).show),
            "POST /v1/connectors/shopify/webhooks": webhooks.shopify,
            "POST /v1/connectors/woocommerce/webhooks": webhooks.wooCommerce,
            "GET /v1/connectors/shopify": json(shopify.show),
            "PUT /v1/connectors/shopify": json(shopify.replace),
            "GET /v1/connectors/woocommerce": json(wooCommerce.show),
            "PUT /v1/connectors/woocommerce": json(wooCommerce.replace),
            "GET /v1/customers/{id}/timeline": json(TimelineController(house: house).list),
            "GET /v1/customers/{id}/overview": json(OverviewController(house: house).show),
            "GET /v1/api_keys": json(apiKeys.list),
            "POST /v1/api_keys": json(apiKeys.create),
            "GET /v1/api_keys/{id}": json(apiKeys.show),
            "PATCH /v1/api_keys/{id}": json(apiKeys.update),
            "DELETE /v1/api_keys/{id}": json(apiKeys.delete),
            "GET /openapi.json": document.openAPI,
            "GET /docs": document.docs,
        ]
    }

    private func json(_ handler: @escaping @Sendable (Request, VefaContext) async throws -> Reply) -> Handler {
        { request, context in try await handler(request, context).response }
    }

    /// The sandbox clock brings its own routes; they only get a door.
    private func addClock(to router: Router<VefaContext>) {
        guard let route = RouteTable.all.first(where: { $0.path == "/v1/sandbox/clock" }) else { return }
        SandboxClock(house: house).addRoutes(to: router.group("").add(middleware: DoorMiddleware(doorkeeper: doorkeeper, route: route)))
    }
}
