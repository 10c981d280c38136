import Crypto
import Foundation
import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("Store webhooks at the door", .serialized)
struct WebhookTests {
    private static let secret = "hush"

    private static func signature(_ body: [UInt8], _ secret: String = secret) -> String {
        Data(HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8)))).base64EncodedString()
    }

    private static func shopify(_ body: [UInt8], _ topic: String, id: String = "d1", signature: String?) -> HTTPFields {
        var fields: HTTPFields = [.shopifyTopic: topic, .shopifyWebhookID: id, .shopifyShop: "demo.myshopify.com"]
        fields[.shopifyHMAC] = signature
        return fields
    }

    private static let order: [UInt8] = Array(
        """
        {"id": 820982911946154508, "email": "jon@example.com", "currency": "USD", "total_price": "20.00", "subtotal_price": "20.00",
         "total_discounts": "0.00", "total_tax": "0.00", "created_at": "2026-02-28T10:00:00Z", "customer": {"id": 115310627314723954, "email": "jon@example.com"},
         "line_items": [{"id": 1, "title": "T", "quantity": 1, "price": "20.00"}]}
        """.utf8)

    @Test("a signed order is journaled before the answer; a redelivery is a duplicate")
    func signed() async throws {
        try await withGateway(["VEFA_SHOPIFY_WEBHOOK_SECRET": Self.secret]) { gateway in
            let headers = Self.shopify(Self.order, "orders/create", signature: Self.signature(Self.order))
            let answer = try await gateway.call(.post, "/v1/connectors/shopify/webhooks", Self.order, headers: headers, key: nil)
            #expect(answer.status == 202)
            #expect(answer.json["accepted"]?.int ?? 0 >= 1)
            let said = try await gateway.test.said("order.placed")
            #expect(said.count == 1)
            #expect(said.first?.source == "shopify/demo.myshopify.com")
            let again = try await gateway.call(.post, "/v1/connectors/shopify/webhooks", Self.order, headers: headers, key: nil)
            #expect(again.status == 202)
            #expect(again.json["accepted"] == 0)
            #expect(try await gateway.test.said("order.placed").count == 1)
        }
    }

    @Test("a missing, wrong or re-encoded signature is a 401 and nothing is kept")
    func unsigned() async throws {
        try await withGateway(["VEFA_SHOPIFY_WEBHOOK_SECRET": Self.secret]) { gateway in
            let right = Self.signature(Self.order)
            let urlSafe = right.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            let wrong: [String?] = [nil, "", Self.signature(Self.order, "hash"), right + "=", urlSafe, Self.signature(Self.order + [0x0A])]
            for signature in wrong {
                let headers = Self.shopify(Self.order, "orders/create", signature: signature)
                let answer = try await gateway.call(.post, "/v1/connectors/shopify/webhooks", Self.order, headers: headers, key: nil)
                #expect(answer.status == 401)
                #expect(answer.code == "signature_invalid")
            }
            // The same JSON, written otherwise: the signature is over bytes.
            let rewritten = try JSONParser.parse(Self.order).bytes
            let answer = try await gateway.call(
                .post, "/v1/connectors/shopify/webhooks", rewritten, headers: Self.shopify(rewritten, "orders/create", signature: right),
                key: nil)
            #expect(answer.status == 401)
            #expect(try await gateway.journal().isEmpty)
        }
    }

    @Test("without a secret nothing is taken, and the answer says what to do")
    func unconfigured() async throws {
        try await withGateway { gateway in
            let headers = Self.shopify(Self.order, "orders/create", signature: Self.signature(Self.order, ""))
            let answer = try await gateway.call(.post, "/v1/connectors/shopify/webhooks", Self.order, headers: headers, key: nil)
            #expect(answer.status == 401)
            #expect(answer.code == "connector_not_configured")
        }
    }

    @Test("unknown topics are kept raw with a 202; no JSON under a good signature is a 400")
    func unknownTopic() async throws {
        try await withGateway(["VEFA_SHOPIFY_WEBHOOK_SECRET": Self.secret]) { gateway in
            let body = Array(#"{"theme": {"id": 1}}"#.utf8)
            let answer = try await gateway.call(
                .post, "/v1/connectors/shopify/webhooks", body,
                headers: Self.shopify(body, "themes/publish", signature: Self.signature(body)), key: nil)
            #expect(answer.status == 202)
            #expect(try await gateway.test.said().map(\.type) == ["shopify.themes.publish"])
            let broken = Array("{".utf8)
            let refused = try await gateway.call(
                .post, "/v1/connectors/shopify/webhooks", broken,
                headers: Self.shopify(broken, "orders/create", signature: Self.signature(broken)),
                key: nil)
            #expect(refused.status == 400)
        }
    }

    @Test("a secret is set by call, never shown, and the one before works for another day")
    func rotation() async throws {
        try await withGateway { gateway in
            let before = try await gateway.get("/v1/connectors/woocommerce")
            #expect(before.json["configured"] == false)
            #expect(before.json["webhook_url"] == "http://127.0.0.1:8080/v1/connectors/woocommerce/webhooks")
            for secret in ["first secret", "second secret"] {
                let put = try await gateway.call(.put, "/v1/connectors/woocommerce", (["webhook_secret": .string(secret)] as JSON).bytes)
                #expect(put.status == 200)
                #expect(put.json["configured"] == true)
                #expect(!put.text.contains(secret))
            }
            #expect(try await !gateway.get("/v1/connectors/woocommerce").text.contains("second secret"))
            for (secret, status) in [("first secret", 202), ("second secret", 202), ("third secret", 401)] {
                let body = Array(#"{"id": 727, "status": "pending", "secret": "\#(secret)"}"#.utf8)
                let headers: HTTPFields = [
                    .wooTopic: "action.unknown", .wooDeliveryID: secret, .wooSignature: Self.signature(body, secret),
                ]
                #expect(
                    try await gateway.call(.post, "/v1/connectors/woocommerce/webhooks", body, headers: headers, key: nil).status == status)
            }
            let secrets = ConnectorSecrets(gateway.test.house.configuration)
            try await secrets.reload(from: gateway.test.house)
            let now = VefaClock.machineNow
            #expect(secrets.live(.woocommerce, now: now) == ["second secret", "first secret"])
            #expect(secrets.live(.woocommerce, now: now.adding(seconds: 86_401)) == ["second secret"])
            #expect(try await gateway.get("/v1/connectors/magento").status == 404)
            let wrong = try await gateway.call(.put, "/v1/connectors/shopify", ([:] as JSON).bytes)
            #expect(wrong.pointers == ["/webhook_secret"])
        }
    }

    @Test("WooCommerce's unsigned first ping is answered 200")
    func ping() async throws {
        try await withGateway { gateway in
            let answer = try await gateway.call(
                .post, "/v1/connectors/woocommerce/webhooks", Array("webhook_id=7".utf8), type: "application/x-www-form-urlencoded",
                key: nil)
            #expect(answer.status == 200)
            #expect(try await gateway.journal().isEmpty)
        }
    }
}
