import Testing

@testable import GatewayService

@Suite("A webhook's signature")
struct WebhookSignatureTests {
    private let body = Array("\"my secret message\"".utf8)
    private let signature = "hMTq0K2x7oyOjoBwGYeTj5oxfnaVYXzbanUG9aajpKI="

    @Test("is the published value for the published body")
    func reference() {
        #expect(WebhookSignature.isValid(secret: "hush", body: body, header: signature))
        let isValidAsBuffer = body.withUnsafeBufferPointer { WebhookSignature.isValid(secret: "hush", body: $0, header: signature) }
        #expect(isValidAsBuffer)
    }

    @Test(
        "is refused when it is missing, another's, or spelled otherwise",
        arguments: [
            "", "hMTq0K2x7oyOjoBwGYeTj5oxfnaVYXzbanUG9aajpKI", " hMTq0K2x7oyOjoBwGYeTj5oxfnaVYXzbanUG9aajpKI=",
            "hMTq0K2x7oyOjoBwGYeTj5oxfnaVYXzbanUG9aajpKJ=", "hmtq0K2x7oyOjoBwGYeTj5oxfnaVYXzbanUG9aajpKI=",
            "84c4ead0adb1ee8c8e8e80701987938f9a317e7695617cdb6a7506f5a6a3a4a2", "hMTq0K2x7oyOjoBwGYeTj5oxfnaVYXzbanUG9aajpKI=\n",
        ])
    func refused(header: String) {
        #expect(!WebhookSignature.isValid(secret: "hush", body: body, header: header))
    }

    @Test("covers the raw bytes: the same JSON written otherwise has another one")
    func rawBytes() {
        #expect(!WebhookSignature.isValid(secret: "hush", body: body + [0x20], header: signature))
        #expect(!WebhookSignature.isValid(secret: "hush", body: [UInt8](), header: signature))
    }

    @Test("may be by any of the live secrets, and never by an empty one")
    func secrets() {
        #expect(WebhookSignature.isValid(secrets: ["new", "hush"], body: body, header: signature))
        #expect(WebhookSignature.isValid(secrets: ["hush", "old"], body: body, header: signature))
        #expect(!WebhookSignature.isValid(secrets: ["new", "old"], body: body, header: signature))
        #expect(!WebhookSignature.isValid(secrets: [], body: body, header: signature))
        // HMAC-SHA256 of the body under an empty key: anybody can make it.
        #expect(!WebhookSignature.isValid(secret: "", body: [UInt8](), header: "thNnmggU2ex3L5XXeMNfxf8Wl8STcVZTxscSFEKSxa0="))
    }

    @Test("WooCommerce's form ping is told from everything else")
    func ping() {
        let form = "application/x-www-form-urlencoded; charset=UTF-8"
        #expect(WooCommerceConnector.isPing(contentType: form, body: Array("webhook_id=12".utf8)))
        #expect(WooCommerceConnector.isPing(contentType: nil, body: Array("webhook_id=1".utf8)))
        for other in ["", "webhook_id=", "webhook_id=1&x=2", "webhook_id=a", "{\"webhook_id\":1}"] {
            #expect(!WooCommerceConnector.isPing(contentType: form, body: Array(other.utf8)))
        }
        #expect(!WooCommerceConnector.isPing(contentType: "application/json", body: Array("webhook_id=12".utf8)))
    }

    @Test("a delivery without an id is known again by what it says")
    func deliveryID() {
        #expect(DeliveryID.make(header: "b54557e4-bdd9", topic: "orders/create", body: body) == "b54557e4-bdd9")
        let made = DeliveryID.make(header: nil, topic: "orders/create", body: body)
        #expect(made == DeliveryID.make(header: "", topic: "orders/create", body: body))
        #expect(made != DeliveryID.make(header: nil, topic: "orders/paid", body: body))
        #expect(made.utf8.count == 71)
    }
}
