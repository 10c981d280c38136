import Shared
import SharedTesting
import Testing

@testable import LoyaltyService

@Suite("The worked example of docs/loyalty.md")
struct WorkedExampleTests {
    @Test("step by step")
    func example() async throws {
        try await LoyaltyHouse.with { house in
            func day(_ text: String) async throws {
                try await house.test.advance(to: try #require(Timestamp(rfc3339: "\(text)T12:00:00Z")))
            }
            func standing() async throws -> [Int64?] {
                let member = try await house.member("42")
                return [member["balance"]?.int, member["pending"]?.int]
            }
            try await house.setProgramme(["pending_days": 14, "expiry": ["kind": "rolling", "months": 2]])
            try await house.send(event("order.paid", orderData("1", customer: "42", total: 4_995, placedAt: "2026-03-01T09:00:00Z")))
            #expect(try await standing() == [0, 49])
            try await day("2026-03-10")
            try await house.send(event("order.paid", orderData("2", customer: "42", total: 7_560, placedAt: "2026-03-10T09:00:00Z")))
            #expect(try await standing() == [0, 124])
            try await day("2026-03-15")
            #expect(try await standing() == [49, 75])
            try await day("2026-04-01")
            #expect(try await standing() == [124, 0])
            let moves = try #require(try await house.reserve("42", 60, "hold"))
            #expect(moves.map(\.points) == [49, 11])
            #expect(try await standing() == [64, 0])
            try await house.redeem("42", moves, "spend")
            try await day("2026-04-10")
            #expect(try await house.giveBack("42", moves, grace: 14, "back") == 60)
            #expect(try await house.lots("42").map { $0["remaining"]?.int } == [75, 49])
            try await day("2026-04-12")
            try await house.send(event("order.refunded", refundData("2", "r", amount: 2_560), at: 60_000))
            #expect(try await standing() == [99, 0])
            try await day("2026-04-15")
            let notice = try await house.test.said("points.expiring").first?.data
            #expect(notice?["points"] == 49 && notice?["days"] == 30 && notice?["expires_at"] == "2026-05-15T09:00:00Z")
            try await day("2026-05-14")
            #expect(try await house.test.said("points.expiring").map { $0.data["points"]?.int } == [49, 50, 49])
            #expect(try await house.test.said("points.expiring").map { $0.data["days"]?.int } == [30, 30, 7])
            try await day("2026-05-15")
            #expect(try await standing() == [50, 0])
            #expect(try await house.fault() == nil)
        }
    }
}
