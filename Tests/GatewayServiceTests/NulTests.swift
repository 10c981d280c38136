import Crypto
import Foundation
import HTTPTypes
import Shared
import SharedTesting
import Testing

@testable import GatewayService

/// U+0000: some stores cannot keep it, so that none is given it.
@Suite("Texts with U+0000", .serialized)
struct NulTests {
    @Test("an event with it is refused by pointer, its neighbours are taken")
    func events() async throws {
        try await withGateway { gateway in
            let lone = try await gateway.post("/v1/events", event("1", data: ["note": ["a", "b\0c"]]))
            #expect(lone.status == 422)
            #expect(lone.pointers == ["/data/note/1"])
            let batch = try await gateway.post("/v1/events", [event("2"), event("3", data: ["a\0": 1]), event("4\0")])
            #expect(batch.status == 202)
            #expect(batch.json["accepted"] == 1)
            #expect(batch.json["rejected"]?.array?.map { $0["pointer"] } == ["/data", "/id"])
            let lines = event("5").text + "\n" + event("6", extra: ["subject": "c\0"]).text + "\n"
            let stream = try await gateway.call(.post, "/v1/events", Array(lines.utf8), type: "application/x-ndjson")
            #expect(stream.json["accepted"] == 1)
            #expect(stream.json["rejected"]?.array?.map { $0["pointer"] } == ["/subject"])
            #expect(try await gateway.journal() == ["2", "5"])
        }
    }

    @Test("a backslash before it, or any other escape, is none")
    func escaped() async throws {
        try await withGateway { gateway in
            let data: JSON = ["note": "C:\\u0000", "tab": "\u{1}"]
            let taken = try await gateway.post("/v1/events", event("1", data: data))
            #expect(taken.status == 202)
        }
    }

    @Test("bodies, queries and cursors with it are refused, wherever they go")
    func calls() async throws {
        try await withGateway { gateway in
            let body = try await gateway.post("/v1/api_keys", ["name": "a\0b"])
            #expect(body.status == 422 && body.pointers == ["/name"])
            let query = try await gateway.get("/v1/events/1?source=a%00b")
            #expect(query.status == 422 && query.pointers == ["?source"])
            let cursor = Cursor.encode(["a\0"])
            #expect(try await gateway.get("/v1/api_keys?cursor=\(cursor)").pointers == ["?cursor"])
            #expect(try await gateway.get("/v1/events/a%00").status == 404)
        }
    }

    @Test("a store's webhook is taken without it")
    func webhook() async throws {
        try await withGateway(["VEFA_SHOPIFY_WEBHOOK_SECRET": "a webhook secret"]) { gateway in
            let customer = #"{"id": 5, "first_name": "A\u0000", "email": "a@b.co"}"#
            let second = Array(customer.utf8)
            let signed = HMAC<SHA256>.authenticationCode(for: second, using: SymmetricKey(data: Array("a webhook secret".utf8)))
            let taken = try await gateway.call(
                .post, "/v1/connectors/shopify/webhooks", second,
                headers: [.shopifyHMAC: Data(signed).base64EncodedString(), .shopifyTopic: "customers/create"], key: nil)
            #expect(taken.json["accepted"] == 1)
            let bodies = try await gateway.test.house.read { try $0.all("SELECT body FROM outbox") { $0.text(0) } }
            #expect(!bodies.isEmpty && bodies.allSatisfy { !$0.contains("\\u0000") })
            #expect(bodies.contains { $0.contains("A\u{FFFD}") })
        }
    }
}
