// swift-format-ignore-file: NeverForceUnwrap

// Each of these names is a token; a wrong one would show at the first test.
import HTTPTypes

extension HTTPField.Name {
    // draft-ietf-httpapi-ratelimit-headers
    static let rateLimit = HTTPField.Name("RateLimit")!
    static let rateLimitPolicy = HTTPField.Name("RateLimit-Policy")!

    /// The store's word for which customer a page is shown to: a JWT.
    static let customerToken = HTTPField.Name("X-Customer-Token")!
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")!

    // What stores send beside a webhook.
    static let shopifyHMAC = HTTPField.Name("X-Shopify-Hmac-Sha256")!
    static let shopifyTopic = HTTPField.Name("X-Shopify-Topic")!
    static let shopifyWebhookID = HTTPField.Name("X-Shopify-Webhook-Id")!
    static let shopifyShop = HTTPField.Name("X-Shopify-Shop-Domain")!
    static let wooSignature = HTTPField.Name("X-WC-Webhook-Signature")!
    static let wooTopic = HTTPField.Name("X-WC-Webhook-Topic")!
    static let wooDeliveryID = HTTPField.Name("X-WC-Webhook-Delivery-ID")!
    static let wooSource = HTTPField.Name("X-WC-Webhook-Source")!
}
