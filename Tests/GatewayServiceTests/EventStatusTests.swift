import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("What became of an event", .serialized)
struct EventStatusTests {
    @Test("a fresh event waits at everybody who hears of it")
    func waiting() async throws {
        try await withGateway { gateway in
            _ = try await gateway.post("/v1/events", event("ş/1", type: "order.paid", data: order("1")))
            let answer = try await gateway.get("/v1/events/\(PercentCoding.encode("ş/1"))")
            #expect(answer.status == 200)
            #expect(
                answer.json["processed_by"] == ["loyalty": "waiting", "messaging": "waiting", "referral": "waiting", "survey": "waiting"])
            #expect(answer.json["customer_id"] == "c1")
            #expect(answer.json["received_at"] == "2026-03-01T09:00:00Z")
            #expect(answer.json.at("data", "order_id") == "1")
        }
    }

    @Test("a refusal is told with its reason")
    func refused() async throws {
        try await withGateway { gateway in
            _ = try await gateway.post("/v1/events", event("1"))
            try await gateway.test.house.store.write { db in
                _ = try db.execute(
                    "INSERT INTO outbox_exceptions (source, id, subscriber, state, code, detail) VALUES ('shop', '1', 'loyalty', 'refused', 'no', 'why')"
                )
            }
            let answer = try await gateway.get("/v1/events/1")
            #expect(answer.json.at("processed_by", "loyalty") == "refused")
            #expect(answer.json["reasons"] == ["loyalty": ["code": "no", "detail": "why"]])
        }
    }

    @Test("an id that two sources used is ambiguous until the source is named")
    func ambiguous() async throws {
        try await withGateway { gateway in
            _ = try await gateway.post("/v1/events", [event("1", source: "a"), event("1", source: "b")])
            let answer = try await gateway.get("/v1/events/1")
            #expect(answer.status == 409)
            #expect(answer.code == "ambiguous")
            #expect(answer.json["sources"] == ["a", "b"])
            #expect(try await gateway.get("/v1/events/1?source=b").json["source"] == "b")
            #expect(try await gateway.get("/v1/events/1?source=c").status == 404)
            #expect(try await gateway.get("/v1/events/2").status == 404)
        }
    }

    @Test("a timeline has what the store sent and what the services said, newest first, page by page")
    func timeline() async throws {
        try await withGateway { gateway in
            let placed = event("o1", type: "order.placed", data: order("1"), extra: ["time": "2026-02-01T00:00:00Z"])
            let paid = event("o2", type: "order.paid", data: order("1"), extra: ["time": "2026-02-01T00:00:01Z"])
            _ = try await gateway.post("/v1/events", [paid, placed, event("other", extra: ["subject": "c2"])])
            let earned = CloudEvent(
                id: "p1", source: "vefa/loyalty", type: "points.earned", time: Timestamp(rfc3339: "2026-02-01T00:00:02Z") ?? .epoch,
                subject: "c1",
                data: ["points": 10])
            try await gateway.test.deliver([earned, earned], from: .loyalty)
            let first = try await gateway.get("/v1/customers/c1/timeline?limit=2")
            #expect(first.json["data"]?.array?.map { $0["id"] } == ["p1", "o2"])
            let cursor = try #require(first.json["next_cursor"]?.string)
            let second = try await gateway.get("/v1/customers/c1/timeline?limit=2&cursor=\(cursor)")
            #expect(second.json["data"]?.array?.map { $0["id"] } == ["o1"])
            #expect(second.json["next_cursor"] == .null)
            #expect(try await gateway.get("/v1/customers/c1/timeline?limit=0").status == 422)
            #expect(try await gateway.get("/v1/customers/c1/timeline?cursor=zz").status == 422)
            let guest = event("g1", type: "newsletter.subscribed", data: ["email": "Guest@Example.com"])
            _ = try await gateway.post("/v1/events", guest)
            let id = try #require(Guest.id(email: "guest@example.com"))
            #expect(try await gateway.get("/v1/customers/\(id)/timeline").json["data"]?.array?.count == 1)
        }
    }
}
