import HTTPTypes
import Hummingbird
import Shared
import SharedRuntime

extension Gateway {
    typealias Handler = @Sendable (Request, VefaContext) async throws -> Response

    /// Mounts every route of the table, each behind its door.
    func addRoutes(to router: Router<VefaContext>) {
        let own = handlers
        for route in routes {
            switch route.target {
            case .service(let service):
                router.on(RouterPath(route.path), method: route.method) { [doorkeeper, proxy] request, context in
                    try await doorkeeper.admit(request, context, to: route) { request, context, caller in
                        try await proxy.forward(request, context, caller, to: service, patience: route.patience)
                    }
                }
            case .here:
                guard let handler = own[route.description] else { continue }
                router.on(RouterPath(route.path), method: route.method) { [doorkeeper] request, context in
                    try await doorkeeper.admit(request, context, to: route) { request, context, _ in try await handler(request, context) }
                }
            }
        }
        addPreflights(to: router)
        addClock(to: router)
        // Last, so that only calls that found no route come by.
        router.add(middleware: RouteMissMiddleware())
    }

    /// What the gateway answers itself, by the table's names.
    var handlers: [String: Handler] {
        let webhooks = WebhooksController(house: house, secrets: secrets, guesses: doorkeeper.guesses, proxies: doorkeeper.proxies)
        let shopify = ConnectorSettingsController(kind: .shopify, house: house, secrets: secrets)
        let wooCommerce = ConnectorSettingsController(kind: .woocommerce, house: house, secrets: secrets)
        let document = DocumentController()
        let settings = SettingsController(house: house, desk: settings)
        let apiKeys = APIKeyController(house: house, keys: keys)
        let backups = BackupsController(house: house)
        return [
            "POST /v1/backups": json(backups.create),
            "GET /v1/backups/{id}": json(backups.show),
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
            "GET /v1/settings": json(settings.show),
            "PUT /v1/settings": json(settings.replace),
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

    /// What browsers ask before a page of a shop calls: answered for every path that takes publishable keys.
    private func addPreflights(to router: Router<VefaContext>) {
        var methods: [(path: String, methods: [HTTPRequest.Method])] = []
        for route in routes {
            guard case .key(_, publishable: true) = route.access else { continue }
            if let index = methods.firstIndex(where: { $0.path == route.path }) {
                methods[index].methods.append(route.method)
            } else {
                methods.append((route.path, [route.method]))
            }
        }
        for (path, methods) in methods {
            router.on(RouterPath(path), method: .options) { [doorkeeper] request, context in
                try await doorkeeper.answerPreflight(request, context, methods: methods)
            }
        }
    }

    /// The sandbox clock brings its own routes; they only get a door.
    private func addClock(to router: Router<VefaContext>) {
        guard let route = RouteTable.all.first(where: { $0.path == "/v1/sandbox/clock" }) else { return }
        SandboxClock(house: house).addRoutes(to: router.group("").add(middleware: DoorMiddleware(doorkeeper: doorkeeper, route: route)))
    }
}
