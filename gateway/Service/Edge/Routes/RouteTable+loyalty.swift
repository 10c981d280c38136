import HTTPTypes
import Shared

extension RouteTable {
    /// Customers, orders, points, coupons, figures.
    static let loyalty: [PublicRoute] = [
        route(.loyalty, .get, "/v1/customers", "customers:read"),
        route(.loyalty, .get, "/v1/customers/{id}", "customers:read"),
        route(.loyalty, .put, "/v1/customers/{id}", "customers:write"),
        route(.loyalty, .delete, "/v1/customers/{id}", "customers:write"),
        route(.loyalty, .get, "/v1/customers/{id}/why", "customers:read"),
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
        route(.loyalty, .get, "/v1/coupon_batches", "coupons:read"),
        route(.loyalty, .post, "/v1/coupon_batches", "coupons:write"),
        route(.loyalty, .get, "/v1/coupon_batches/{id}", "coupons:read"),
        route(.loyalty, .put, "/v1/coupon_batches/{id}", "coupons:write"),
        route(.loyalty, .delete, "/v1/coupon_batches/{id}", "coupons:write"),
        route(.loyalty, .get, "/v1/coupon_batches/{id}/coupons", "coupons:read"),
        route(.loyalty, .get, "/v1/coupons/{code}", "coupons:read"),
        route(.loyalty, .post, "/v1/coupons/{code}/validate", "coupons:read", publishable: true),
        route(.loyalty, .post, "/v1/coupons/{code}/redemptions", "coupons:write"),
        route(.loyalty, .delete, "/v1/coupons/{code}/redemptions/{order_id}", "coupons:write"),
        route(.loyalty, .get, "/v1/metrics/retention", "metrics:read"),
    ]
}
