import HTTPTypes
import Shared

extension RouteTable {
    /// Programmes, advocates, claims, referrals, and the links that friends follow.
    static let referral: [PublicRoute] = [
        route(.referral, .get, "/v1/referral/programs", "referral:read"),
        route(.referral, .post, "/v1/referral/programs", "referral:write"),
        route(.referral, .get, "/v1/referral/programs/{id}", "referral:read"),
        route(.referral, .put, "/v1/referral/programs/{id}", "referral:write"),
        route(.referral, .delete, "/v1/referral/programs/{id}", "referral:write"),
        route(.referral, .get, "/v1/referral/advocates/{customer_id}", "referral:read", publishable: true),
        route(.referral, .put, "/v1/referral/advocates/{customer_id}", "referral:write", publishable: true),
        route(.referral, .post, "/v1/referral/claims", "referral:write", publishable: true),
        route(.referral, .get, "/v1/referral/referrals", "referral:read"),
        route(.referral, .get, "/v1/referral/referrals/{id}", "referral:read"),
        route(.referral, .post, "/v1/referral/referrals/{id}/approve", "referral:write"),
        route(.referral, .post, "/v1/referral/referrals/{id}/reject", "referral:write"),
        route(.referral, .post, "/v1/referral/referrals/{id}/reverse", "referral:write"),
        route(.referral, .post, "/v1/referral/referrals/{id}/restore", "referral:write"),
        open(.referral, .get, "/r/{code}"),
    ]
}
