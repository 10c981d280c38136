import Crypto
import Foundation
import Shared
import SharedTesting

/// A store's delivery, signed as the store signs: base64(HMAC-SHA256(secret, body)), reckoned here and not by the code under test.
struct StoreWebhook: Sendable {
    let path: String
    let headers: [String: String]
    let body: [UInt8]

    static func shopify(_ topic: String, delivery: String, _ body: JSON, secret: String) -> StoreWebhook {
        StoreWebhook(
            path: "/v1/connectors/shopify/webhooks",
            headers: [
                "X-Shopify-Topic": topic, "X-Shopify-Hmac-Sha256": sign(body.bytes, secret), "X-Shopify-Shop-Domain": "demo.myshopify.com",
                "X-Shopify-Webhook-Id": delivery, "X-Shopify-API-Version": "2025-10", "Content-Type": "application/json",
            ], body: body.bytes)
    }

    static func wooCommerce(_ topic: String, delivery: String, _ body: JSON, secret: String) -> StoreWebhook {
        StoreWebhook(
            path: "/v1/connectors/woocommerce/webhooks",
            headers: [
                "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Signature": sign(body.bytes, secret),
                "X-WC-Webhook-Source": "https://shop.example/",
                "X-WC-Webhook-Delivery-ID": delivery, "X-WC-Webhook-ID": "7", "Content-Type": "application/json",
            ], body: body.bytes)
    }

    static func sign(_ body: [UInt8], _ secret: String) -> String {
        Data(HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8)))).base64EncodedString()
    }
}

extension SharedTesting.Suite {
    /// Delivers it without a key, as stores do.
    func deliver(_ webhook: StoreWebhook) async throws -> Answer {
        try await request("POST", webhook.path, body: webhook.body, headers: webhook.headers, key: nil)
    }
}
