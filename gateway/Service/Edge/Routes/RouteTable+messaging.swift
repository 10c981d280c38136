import HTTPTypes
import Shared

extension RouteTable {
    /// Contacts and consent, templates, flows, messages.
    static let messaging: [PublicRoute] = [
        route(.messaging, .get, "/v1/contacts/{customer_id}", "messaging:read"),
        route(.messaging, .put, "/v1/contacts/{customer_id}", "messaging:write"),
        route(.messaging, .get, "/v1/templates", "messaging:read"),
        route(.messaging, .post, "/v1/templates", "messaging:write"),
        route(.messaging, .get, "/v1/templates/{id}", "messaging:read"),
        route(.messaging, .put, "/v1/templates/{id}", "messaging:write"),
        route(.messaging, .delete, "/v1/templates/{id}", "messaging:write"),
        route(.messaging, .post, "/v1/templates/{id}/preview", "messaging:read"),
        route(.messaging, .get, "/v1/flows", "messaging:read"),
        route(.messaging, .post, "/v1/flows", "messaging:write"),
        route(.messaging, .get, "/v1/flows/presets", "messaging:read"),
        route(.messaging, .get, "/v1/flows/{id}", "messaging:read"),
        route(.messaging, .put, "/v1/flows/{id}", "messaging:write"),
        route(.messaging, .delete, "/v1/flows/{id}", "messaging:write"),
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
        open(.messaging, .get, "/u/{token}"),
        open(.messaging, .post, "/u/{token}"),
        open(.messaging, .get, "/t/o/{token}"),
        open(.messaging, .get, "/t/c/{token}"),
    ]
}
