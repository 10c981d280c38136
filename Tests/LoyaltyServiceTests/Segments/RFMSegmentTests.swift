import Shared
import SharedTesting
import Testing

@Suite("Segments by RFM scores")
struct RFMSegmentTests {
    private static let best: JSON = ["field": "rfm.monetary", "op": "eq", "value": 5]

    private static func orders(_ house: LoyaltyHouse) async throws {
        try await house.send(
            (1...10).map {
                event("order.paid", orderData("o\($0)", customer: "c\($0 % 10)", total: Int64($0) * 1_000), at: Int64($0))
            })
    }

    @Test("the best fifth is found, its thresholds are shown, and a new order counts by them at once")
    func monetary() async throws {
        try await LoyaltyHouse.with { house in
            try await Self.orders(house)
            #expect(try await house.preview(Self.best)["sample"] == ["c0", "c9"])
            let id = try await house.addSegment(Self.best)
            #expect(try await house.members(id) == ["c0", "c9"])
            let segment = try await house.segment(id)
            #expect(segment["rfm"]?["monetary"]?["total_more_than"] == [2_000, 4_000, 6_000, 8_000])
            #expect(segment["rfm"]?["monetary"]?["scores"] == ["1": 2, "2": 2, "3": 2, "4": 2, "5": 2])
            #expect(segment["rfm"]?["tie_rule"]?.string?.isEmpty == false)
            #expect(try await house.moves("segment.entered") == [])
            try await house.send(event("order.paid", orderData("x", customer: "c1", total: 9_000)))
            #expect(try await house.moves("segment.entered") == ["c1 event"])
            let answer = try await house.test.get("/v1/metrics/rfm").json
            #expect(answer["thresholds"]?["customers"] == 10)
            #expect(answer["next_at"]?.string == "2026-03-02T00:00:00Z")
        }
    }

    @Test("at the programme's midnight thresholds move, and who moves by them is told together")
    func daily() async throws {
        try await LoyaltyHouse.with { house in
            try await house.setProgramme(["timezone": "Europe/Istanbul"])
            try await Self.orders(house)
            let id = try await house.addSegment(Self.best)
            #expect(try await house.test.get("/v1/metrics/rfm").json["next_at"]?.string == "2026-03-01T21:00:00Z")
            try await house.send((11...30).map { event("order.paid", orderData("o\($0)", customer: "d\($0)", total: 100_000)) })
            #expect(try await house.members(id).count == 22)
            try await house.test.advance(to: TestHouse.startOfTime.adding(seconds: 12 * 3_600 - 1))
            #expect(try await house.members(id).count == 22)
            try await house.test.advance(to: TestHouse.startOfTime.adding(seconds: 12 * 3_600))
            // Two thirds of all are equal and the best: nobody exceeds the highest threshold.
            #expect(try await house.members(id) == [])
            #expect(try await house.recomputed("rfm").count == 22)
            #expect(try await house.moves("segment.left") == [])
        }
    }

    @Test("recency ages out by itself at the moment that its threshold says")
    func recency() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(
                (1...5).map { number in
                    event(
                        "order.paid",
                        orderData(
                            "o\(number)", customer: "c\(number)",
                            placedAt: TestHouse.startOfTime.adding(seconds: Int64(number) * -3_600).rfc3339))
                })
            let id = try await house.addSegment(["field": "rfm.recency", "op": "eq", "value": 5])
            #expect(try await house.members(id) == ["c1"])
            // The next best is two hours old.
            try await house.test.advance(to: TestHouse.startOfTime.adding(seconds: 3_600).adding(milliseconds: -1))
            #expect(try await house.members(id) == ["c1"])
            try await house.test.advance(to: TestHouse.startOfTime.adding(seconds: 3_600))
            #expect(try await house.members(id) == [])
            #expect(try await house.moves("segment.left") == ["c1 time"])
        }
    }

    @Test("they are computed when asked for, and not kept up for nobody")
    func onDemand() async throws {
        try await LoyaltyHouse.with { house in
            #expect(try await house.test.get("/v1/metrics/rfm").json["thresholds"] == .null)
            try await Self.orders(house)
            #expect(try await house.test.post("/v1/metrics/rfm/recompute").status == 202)
            try await house.test.runDueTimers()
            let answer = try await house.test.get("/v1/metrics/rfm").json
            #expect(answer["thresholds"]?["customers"] == 10)
            #expect(answer["next_at"] == .null)
        }
    }
}
