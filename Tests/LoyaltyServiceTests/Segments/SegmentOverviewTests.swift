import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Segments elsewhere")
struct SegmentOverviewTests {
    private static let service = Principal(kind: .service, keyID: "service")

    @Test("the 360 names the segments of a customer, with since when")
    func overview() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addSegment(["field": "orders.count", "op": "gte", "value": 1], name: "Buyers")
            try await house.send(event("order.paid", orderData("1", customer: "1")))
            let answer = try await house.test.request(.get, "/internal/v1/overview/1", principal: Self.service).json
            let part = answer["parts"]?["segments"] ?? answer["segments"]
            #expect(part == [["id": .string(id), "name": "Buyers", "entered_at": .string(TestHouse.startOfTime.rfc3339)]])
        }
    }

    @Test("another currency of the programme has totals reckoned anew")
    func currency() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["currency": "EUR"])
            try await house.send(event("order.paid", orderData("1", customer: "1", total: 5_000, currency: "TRY")))
            let id = try await house.addSegment(["field": "orders.total", "op": "gte", "value": 5_000])
            #expect(try await house.members(id) == [])
            try await house.setProgramme(["currency": "TRY"])
            try await house.test.runDueTimers()
            #expect(try await house.members(id) == ["1"])
            #expect(try await house.recomputed("definition") == ["+1"])
            #expect(try await house.moves("segment.entered") == [])
        }
    }

    @Test("whoever is new and asked nothing about belongs to segments that strangers belong to")
    func strangers() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addSegment(["field": "orders.count", "op": "eq", "value": 0])
            try await house.send(event("page.viewed", [:], subject: "1"))
            #expect(try await house.members(id) == ["1"])
            try await house.send(event("order.paid", orderData("1", customer: "1")))
            #expect(try await house.members(id) == [])
            #expect(try await house.moves("segment.left") == ["1 event"])
        }
    }

    @Test("answers of one key are the same, and what is wrong with a body is named")
    func calls() async throws {
        try await LoyaltyHouse.with { house in
            let body: JSON = ["name": "x", "rule": ["field": "orders.count", "op": "eq", "value": 0]]
            let first = try await house.test.post("/v1/segments", body, headers: [.idempotencyKey: "k"])
            let second = try await house.test.post("/v1/segments", body, headers: [.idempotencyKey: "k"])
            #expect(first.status == 201 && second.json == first.json)
            #expect(try await house.test.get("/v1/segments").json["data"]?.array?.count == 1)
            let wrong = try await house.test.post(
                "/v1/segments", ["rule": ["field": "orders.count", "op": "like", "value": 0], "colour": "red"])
            #expect(wrong.status == 422 && wrong.pointers.sorted() == ["/colour", "/name", "/rule/op"])
            #expect(try await house.test.post("/v1/segments/preview", ["rule": "all"]).pointers == ["/rule"])
            #expect(try await house.test.put("/v1/segments/seg_none", body).status == 404)
            #expect(try await house.test.get("/v1/segments/seg_none").status == 404)
        }
    }
}
