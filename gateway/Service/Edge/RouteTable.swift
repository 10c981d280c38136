import HTTPTypes
import Shared

/// One route that the world may call, and on what terms.
public struct PublicRoute: Sendable {
    /// Who answers it.
    public enum Target: Sendable, Equatable {
        /// The gateway itself.
        case here
        /// The service it is passed on to.
        case service(ServiceName)
    }

    /// Who may call it.
    public enum Access: Sendable, Equatable {
        /// A secret key with this scope; where `publishable` is set, a publishable key with it too.
        case key(scope: String, publishable: Bool)
        /// Anybody: it proves itself in another way (a store's signature, a token in the path) or has nothing to protect.
        case open
    }

    public let method: HTTPRequest.Method
    /// The path with its parameters in braces: `/v1/customers/{id}`.
    public let path: String
    public let target: Target
    public let access: Access

    /// `GET /v1/customers/{id}`: how it is named in logs, metrics and the OpenAPI document.
    public var description: String { "\(method.rawValue) \(path)" }
}

/// Every public route, once. A service's route is public when it stands here; a test holds this table, the services' routers and
/// docs/openapi.yaml together.
public enum RouteTable {
    public static let all: [PublicRoute] = gateway + loyalty + messaging

    /// Every scope that a key can have, `*` and the families (`loyalty:*`) aside.
    public static let scopes: [String] = {
        var scopes: [String] = []
        for route in all {
            if case .key(let scope, _) = route.access, !scopes.contains(scope) { scopes.append(scope) }
        }
        return scopes.sorted()
    }()

    private static let gateway: [PublicRoute] = [
        open(.post, "/v1/connectors/shopify/webhooks"),
        open(.post, "/v1/connectors/woocommerce/webhooks"),
        here(.get, "/v1/connectors/shopify", "platform:admin"),
        here(.put, "/v1/connectors/shopify", "platform:admin"),
        here(.get, "/v1/connectors/woocommerce", "platform:admin"),
        here(.put, "/v1/connectors/woocommerce", "platform:admin"),
        here(.post, "/v1/events", "events:write"),
        here(.get, "/v1/events/{id}", "events:read"),
        here(.get, "/v1/customers/{id}/timeline", "customers:read"),
        here(.get, "/v1/customers/{id}/overview", "customers:read"),
        here(.get, "/v1/api_keys", "platform:admin"),
        here(.post, "/v1/api_keys", "platform:admin"),
        here(.get, "/v1/api_keys/{id}", "platform:admin"),
        here(.patch, "/v1/api_keys/{id}", "platform:admin"),
        here(.delete, "/v1/api_keys/{id}", "platform:admin"),
        here(.get, "/v1/sandbox/clock", "platform:admin"),
        here(.post, "/v1/sandbox/clock", "platform:admin"),
        open(.get, "/openapi.json"),
        open(.get, "/docs"),
    ]

    private static let loyalty: [PublicRoute] = [
        route(.loyalty, .get, "/v1/customers", "customers:read"),
        route(.loyalty, .get, "/v1/customers/{id}", "customers:read"),
        route(.loyalty, .put, "/v1/customers/{id}", "customers:write"),
        route(.loyalty, .delete, "/v1/customers/{id}", "customers:write"),
        route(.loyalty, .get, "/v1/loyalty/program", "loyalty:read"),
        route(.loyalty, .put, "/v1/loyalty/program", "loyalty:write"),
        route(.loyalty, .get, "/v1/loyalty/earning_rules", "loyalty:read"),
        route(.loyalty, .post, "/v1/loyalty/earning_rules", "loyalty:write"),
        route(.loyalty, .get, "/v1/loyalty/earning_rules/{id}", "loyalty:read"),
        route(.loyalty, .put, "/v1/loyalty/earning_rules/{id}", "loyalty:write"),
        route(.loyalty, .delete, "/v1/loyalty/earning_rules/{id}", "loyalty:write"),
        route(.loyalty, .get, "/v1/loyalty/members/{customer_id}", "loyalty:read"),
        route(.loyalty, .post, "/v1/loyalty/members/{customer_id}/enroll", "loyalty:write"),
        route(.loyalty, .get, "/v1/loyalty/members/{customer_id}/transactions", "loyalty:read"),
        route(.loyalty, .get, "/v1/loyalty/members/{customer_id}/lots", "loyalty:read"),
        route(.loyalty, .post, "/v1/loyalty/members/{customer_id}/adjustments", "loyalty:write"),
        route(.loyalty, .get, "/v1/loyalty/ledger/verify", "loyalty:read"),
        route(.loyalty, .get, "/v1/metrics/retention", "metrics:read"),
    ]

    private static let messaging: [PublicRoute] = [
        route(.messaging, .get, "/v1/contacts/{customer_id}", "messaging:read"),
        route(.messaging, .put, "/v1/contacts/{customer_id}", "messaging:write"),
        route(.messaging, .get, "/v1/templates", "messaging:read"),
        route(.messaging, .post, "/v1/templates", "messaging:write"),
        route(.messaging, .get, "/v1/templates/{id}", "messaging:read"),
        route(.messaging, .put, "/v1/templates/{id}", "messaging:write"),
        route(.messaging, .delete, "/v1/templates/{id}", "messaging:write"),
        route(.messaging, .post, "/v1/templates/{id}/preview", "messaging:read"),
        route(.messaging, .get, "/v1/flows", "messaging:read"),
        route(.messaging, .get, "/v1/flows/{id}", "messaging:read"),
        route(.messaging, .get, "/v1/flows/{id}/runs", "messaging:read"),
        route(.messaging, .post, "/v1/flows/{id}/publish", "messaging:write"),
        route(.messaging, .post, "/v1/flows/{id}/pause", "messaging:write"),
        route(.messaging, .get, "/v1/messages", "messaging:read"),
        route(.messaging, .get, "/v1/messages/{id}", "messaging:read"),
        route(.messaging, .get, "/v1/suppressions", "messaging:read"),
        route(.messaging, .post, "/v1/suppressions", "messaging:write"),
        route(.messaging, .get, "/v1/suppressions/{id}", "messaging:read"),
        route(.messaging, .put, "/v1/suppressions/{id}", "messaging:write"),
        route(.messaging, .delete, "/v1/suppressions/{id}", "messaging:write"),
    ]

    // MARK: - The table's own words

    private static func open(_ method: HTTPRequest.Method, _ path: String) -> PublicRoute {
        PublicRoute(method: method, path: path, target: .here, access: .open)
    }

    private static func here(_ method: HTTPRequest.Method, _ path: String, _ scope: String) -> PublicRoute {
        PublicRoute(method: method, path: path, target: .here, access: .key(scope: scope, publishable: false))
    }

    private static func route(
        _ service: ServiceName, _ method: HTTPRequest.Method, _ path: String, _ scope: String, publishable: Bool = false
    ) -> PublicRoute {
        PublicRoute(method: method, path: path, target: .service(service), access: .key(scope: scope, publishable: publishable))
    }
}

extension RouteTable {
    /// The methods that a path answers, in the table's order; empty where no route has it. Slow, and only asked once a request
    /// has found no route.
    static func methods(of path: String) -> [HTTPRequest.Method] {
        let segments = path.split(separator: "/")
        return all.filter { matches($0.path, segments) }.map(\.method)
    }

    private static func matches(_ pattern: String, _ segments: [Substring]) -> Bool {
        let parts = pattern.split(separator: "/")
        guard parts.count == segments.count else { return false }
        return zip(parts, segments).allSatisfy { $0.first == "{" || $0 == $1 }
    }
}
