import HTTPTypes
import Shared

extension RouteTable {
    /// What the gateway answers itself.
    static let gateway: [PublicRoute] = [
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
        here(.get, "/v1/settings", "platform:admin"),
        here(.put, "/v1/settings", "platform:admin"),
        here(.post, "/v1/backups", "platform:admin"),
        here(.get, "/v1/backups/{id}", "platform:admin"),
        here(.get, "/v1/sandbox/clock", "platform:admin"),
        here(.post, "/v1/sandbox/clock", "platform:admin"),
        open(.get, "/openapi.json"),
        open(.get, "/docs"),
    ]
}
