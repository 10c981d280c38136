import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("POST /v1/events", .serialized)
struct EventIngestTests {
    @Test("one event is kept as it came, and known again", arguments: ["application/json", "application/cloudevents+json; charset=utf-8"])
    func single(type: String) async throws {
        try await withGateway { gateway in
            let text = Array(
                "  {\"specversion\":\"1.0\", \"id\":\"e1\",\"source\":\"shop\",\"type\":\"custom.seen\",\"time\":\"2026-03-01T08:00:00Z\",\"myext\":1.50}\n"
                    .utf8)
            let first = try await gateway.call(.post, "/v1/events", text, type: type)
            #expect(first.status == 202)
            #expect(first.json == ["accepted": 1, "duplicates": 0, "rejected": []])
            let again = try await gateway.call(.post, "/v1/events", text, type: type)
            #expect(again.json == ["accepted": 0, "duplicates": 1, "rejected": []])
            let body = try await gateway.test.house.read { db in try db.first("SELECT body FROM outbox") { $0.text(0) } }
            #expect(body?.contains("\"myext\":1.50") == true)
            #expect(body?.hasPrefix("{") == true && body?.hasSuffix("}") == true)
        }
    }

    @Test("a time is put in where the sender left it out")
    func missingTime() async throws {
        try await withGateway { gateway in
            var object = event("e1").object ?? JSONObject()
            object["time"] = nil
            let answer = try await gateway.post("/v1/events", .object(object))
            #expect(answer.status == 202)
            #expect(try await gateway.test.said().first?.time == TestHouse.startOfTime)
        }
    }

    @Test("a batch keeps what is good and names what is bad", arguments: ["application/cloudevents-batch+json", "application/json"])
    func batch(type: String) async throws {
        try await withGateway { gateway in
            let batch: JSON = [
                event("a"), event("b", type: "order.paid", data: order("1", total: -5)), event("a"), event("c", source: "vefa/loyalty"),
                "text",
                event("d"),
            ]
            let answer = try await gateway.call(.post, "/v1/events", batch.bytes, type: type)
            #expect(answer.status == 202)
            #expect(answer.json["accepted"] == 2)
            #expect(answer.json["duplicates"] == 1)
            #expect(answer.json["rejected_count"] == 3)
            let rejected = answer.json["rejected"]?.array ?? []
            #expect(rejected.map { $0["index"] } == [1, 3, 4])
            #expect(rejected.map { $0["pointer"] } == ["/data/total", "/source", ""])
            #expect(rejected.map { $0["code"] } == ["out_of_range", "reserved", "wrong_type"])
            #expect(rejected.first?["id"] == "b")
            #expect(try await gateway.journal() == ["a", "d"])
        }
    }

    @Test("a stream of lines is taken in order, blank lines skipped, the bad named by index and line")
    func lines() async throws {
        try await withGateway { gateway in
            let text = [event("a").text, "", "{not json", event("b").text + "\r", event("a").text, "   ", event("c").text].joined(
                separator: "\n")
            let answer = try await gateway.call(.post, "/v1/events", Array(text.utf8), type: "application/x-ndjson")
            #expect(answer.status == 202)
            #expect(answer.json["accepted"] == 3)
            #expect(answer.json["duplicates"] == 1)
            let rejected = answer.json["rejected"]?.array ?? []
            #expect(rejected.count == 1)
            #expect(rejected.first?["index"] == 1)
            #expect(rejected.first?["line"] == 3)
            #expect(rejected.first?["code"] == "malformed")
            #expect(try await gateway.journal() == ["a", "b", "c"])
        }
    }

    @Test(
        "what is wrong with one event is a 422 with pointer and code, and nothing is kept",
        arguments: [
            (event("x", extra: ["specversion": "0.3"]), "/specversion", "invalid"),
            (event("x", extra: ["id": nil]), "/id", "missing"),
            (event("x", extra: ["id": 7]), "/id", "wrong_type"),
            (event("x", extra: ["source": ""]), "/source", "empty"),
            (event("x", extra: ["source": "vefa/gateway"]), "/source", "reserved"),
            (event("x", extra: ["type": nil]), "/type", "missing"),
            (event("x", extra: ["time": "yesterday"]), "/time", "invalid_time"),
            (event("x", extra: ["time": "1969-12-31T23:59:59Z"]), "/time", "out_of_range"),
            (event("x", extra: ["time": "2026-03-02T09:00:01Z"]), "/time", "out_of_range"),
            (event("x", extra: ["data": [1]]), "/data", "wrong_type"),
            (event("x", type: "order.placed", data: order("1", extra: ["currency": "XXL"])), "/data/currency", "unknown_currency"),
            (event("x", type: "order.placed", data: order("1", total: 9_007_199_254_740_993)), "/data/total", "out_of_range"),
            (event("x", type: "order.placed", data: order("1", total: "10.00")), "/data/total", "wrong_type"),
            (event("x", type: "order.placed", data: order("1", total: 1.5)), "/data/total", "out_of_range"),
            (
                event("x", type: "order.placed", data: order("1", extra: ["items": [["quantity": -1]]])), "/data/items/0/quantity",
                "out_of_range"
            ),
            (
                event("x", type: "order.placed", data: order("1", extra: ["items": [["quantity": 0]]])), "/data/items/0/quantity",
                "out_of_range"
            ),
            (event("x", type: "order.placed", data: [:]), "/data/order_id", "missing"),
            (
                event("x", type: "customer.created", data: ["customer": ["id": "c", "birthday": "2023-02-29"]]), "/data/customer/birthday",
                "invalid_date"
            ),
            (
                event("x", type: "order.placed", data: order("1", extra: ["channel": .string(String(repeating: "a", count: 1_000_000))])),
                "/data/channel", "too_long"
            ),
            (event("x", data: ["note": .string(String(repeating: "a", count: 1_100_000))]), "", "too_large"),
            ("text", "", "wrong_type"),
        ] as [(JSON, String, String)])
    func wrong(body: JSON, pointer: String, code: String) async throws {
        try await withGateway { gateway in
            let answer = try await gateway.post("/v1/events", body)
            #expect(answer.status == 422)
            #expect(answer.headers[.contentType] == "application/problem+json")
            #expect(answer.pointers.contains(pointer))
            #expect(answer.json.at("errors", "0", "code") == .string(code))
            #expect(answer.json["accepted"] == 0)
            #expect(answer.json.at("rejected", "0", "pointer") == .string(pointer))
            #expect(answer.json.at("rejected", "0", "code") == .string(code))
            #expect(try await gateway.journal().isEmpty)
        }
    }

    @Test(
        "what is no JSON at all is a 400",
        arguments: [
            "", "{", "[{}", "{\"id\":1}}", "{\"a\":NaN}", "{\"a\":\"\\ud800\"}", "{\"a\":1e999}", "{\"a\":01}", "\u{0}",
            "{\"a\":\"\u{1}\"}",
            String(repeating: "[", count: 100_000),
        ])
    func malformed(text: String) async throws {
        try await withGateway { gateway in
            let answer = try await gateway.call(.post, "/v1/events", Array(text.utf8), type: "application/json")
            #expect(answer.status == 400)
            #expect(answer.code == "malformed")
            #expect(try await gateway.journal().isEmpty)
        }
    }

    @Test("bytes that are no UTF-8 are refused")
    func invalidUTF8() async throws {
        try await withGateway { gateway in
            let text = Array("{\"id\":\"".utf8) + [0xFF, 0xC0] + Array("\"}".utf8)
            let answer = try await gateway.call(.post, "/v1/events", text, type: "application/json")
            #expect(answer.status == 400)
        }
    }

    @Test(
        "other content types are a 415",
        arguments: ["text/plain", "application/xml", "", "application/json; charset=utf-16", "multipart/form-data"])
    func unsupported(type: String) async throws {
        try await withGateway { gateway in
            let answer = try await gateway.call(.post, "/v1/events", event("x").bytes, type: type)
            #expect(answer.status == 415)
            let compressed = try await gateway.call(.post, "/v1/events", event("x").bytes, headers: [.contentEncoding: "gzip"])
            #expect(compressed.status == 415)
        }
    }

    @Test("an Idempotency-Key brings the first answer again, refuses another body, and keeps refusals too")
    func idempotency() async throws {
        try await withGateway { gateway in
            let headers: HTTPFields = [.idempotencyKey: "k1"]
            let first = try await gateway.post("/v1/events", event("a"), headers: headers)
            #expect(first.json["accepted"] == 1)
            let again = try await gateway.post("/v1/events", event("a"), headers: headers)
            #expect(again.status == 202)
            #expect(again.json == first.json)
            #expect(again.headers[.idempotencyReplayed] == "true")
            #expect(try await gateway.post("/v1/events", event("b"), headers: headers).code == "idempotency_mismatch")
            let bad = event("c", extra: ["type": nil])
            #expect(try await gateway.post("/v1/events", bad, headers: [.idempotencyKey: "k2"]).status == 422)
            let badAgain = try await gateway.post("/v1/events", bad, headers: [.idempotencyKey: "k2"])
            #expect(badAgain.status == 422)
            #expect(badAgain.headers[.idempotencyReplayed] == "true")
        }
    }

    @Test("a large batch is written in several transactions and counted whole")
    func largeBatch() async throws {
        try await withGateway { gateway in
            let batch = JSON.array((0..<1_700).map { event("e\($0)") })
            let answer = try await gateway.post("/v1/events", batch)
            #expect(answer.json["accepted"] == 1_700)
            #expect(try await gateway.journal() == (0..<1_700).map { "e\($0)" })
        }
    }

    @Test("rejections past a thousand are only counted")
    func manyRejections() async throws {
        try await withGateway { gateway in
            let text = (0..<1_500).map { _ in "{}" }.joined(separator: "\n")
            let answer = try await gateway.call(.post, "/v1/events", Array(text.utf8), type: "application/x-ndjson")
            #expect(answer.json["rejected_count"] == 1_500)
            #expect(answer.json["rejected"]?.array?.count == 1_000)
        }
    }

    @Test(
        "a full disk is a 503 that tells when to come back, and nothing is acknowledged",
        .enabled(if: TestStores.engine == .sqlite, "the limit is one of SQLite"))
    func diskFull() async throws {
        try await withGateway { gateway in
            #expect(try await gateway.post("/v1/events", event("before")).status == 202)
            let pages = try await gateway.test.house.read { db in try db.first("PRAGMA page_count") { $0.int(0) } } ?? 0
            try await gateway.test.house.store.write { db in
                _ = try db.first("PRAGMA max_page_count = \(raw: String(pages + 2))") { $0.int(0) }
            }
            let batch = JSON.array((0..<400).map { event("e\($0)", data: ["note": .string(String(repeating: "a", count: 500))]) })
            let answer = try await gateway.post("/v1/events", batch)
            #expect(answer.status == 503)
            #expect(answer.code == "storage_full")
            #expect(answer.headers[.retryAfter] != nil)
            #expect(try await gateway.journal() == ["before"])
        }
    }
}
