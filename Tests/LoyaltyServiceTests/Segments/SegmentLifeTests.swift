import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Segments and who goes, comes back or becomes another")
struct SegmentLifeTests {
    private static let buyers: JSON = ["field": "orders.count", "op": "gte", "value": 1]
    private static let viewers: JSON = ["field": "events.product.viewed.count", "op": "gte", "value": 2]

    @Test("whoever was deleted leaves every segment, and whoever comes back is in those again that they belong to")
    func comesBack() async throws {
        try await LoyaltyHouse.with { house in
            let buyers = try await house.addSegment(Self.buyers)
            let viewers = try await house.addSegment(Self.viewers)
            let both = try await house.addSegment([
                "all": [
                    ["field": "segments", "op": "contains", "value": .string(buyers)],
                    ["field": "segments", "op": "contains", "value": .string(viewers)],
                ]
            ])
            try await house.send(
                event("order.paid", orderData("1", customer: "ada")), event("product.viewed", [:], subject: "ada"),
                event("product.viewed", [:], subject: "ada"))
            try await house.send(event("customer.deleted", ["customer": ["id": "ada"]], at: 10))
            for id in [buyers, viewers, both] { #expect(try await house.members(id) == []) }
            #expect(try await house.moves("segment.left").count == 3)
            // What happened before the deletion brings nobody back.
            try await house.send(customer("ada", at: 5))
            #expect(try await house.members(buyers) == [])
            try await house.send(customer("ada", at: 20, ["city": "Izmir"]))
            for id in [buyers, viewers, both] {
                #expect(try await house.members(id) == ["ada"])
                let rule = try await house.segment(id)["rule"] ?? .null
                #expect(try await house.preview(rule)["count"] == 1)
            }
            #expect(try await house.moves("segment.entered").count == 6)
        }
    }

    @Test("two customers' pasts count together, and the one who is no more is in no segment")
    func merged() async throws {
        try await LoyaltyHouse.with { house in
            let buyers = try await house.addSegment(Self.buyers)
            let viewers = try await house.addSegment(Self.viewers)
            let quiet = try await house.addSegment(["field": "orders.count", "op": "eq", "value": 0])
            try await house.send(
                event("order.paid", orderData("1", customer: "old")), event("product.viewed", [:], subject: "old"),
                event("product.viewed", [:], subject: "new"))
            #expect(try await house.members(quiet) == ["new"])
            let answer = try await house.test.post("/v1/customers/old/merge", ["into_id": "new"])
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try await house.members(buyers) == ["new"])
            #expect(try await house.members(viewers) == ["new"])
            #expect(try await house.members(quiet) == [])
            // Whoever names the one means the other.
            try await house.send(event("order.paid", orderData("2", customer: "old")))
            #expect(try await house.members(buyers) == ["new"])
        }
    }

    @Test("whom a subscription makes known is asked about like anybody new")
    func subscriber() async throws {
        try await LoyaltyHouse.with { house in
            let fresh = try await house.addSegment(["field": "customer.created_at", "op": "within_days", "value": 7])
            try await house.send(event("subscription.started", ["subscription_id": "s1", "customer": ["id": "eve"]], at: -1))
            #expect(try await house.members(fresh) == ["eve"])
        }
    }

    @Test("an event that only says who it is about has segments over the profile asked where it is the first or the earliest")
    func earliest() async throws {
        try await LoyaltyHouse.with { house in
            let rule: JSON = ["field": "customer.created_at", "op": "lt", "value": "2026-03-01T09:00:00Z"]
            let early = try await house.addSegment(rule)
            let named = try await house.addSegment(["field": "customer.email", "op": "exists", "value": true])
            try await house.send(event("page.viewed", [:], at: 0, subject: "ada"))
            #expect(try await house.members(early) == [])
            try await house.test.advance(seconds: 60)
            try await house.send(event("page.viewed", [:], at: -1, subject: "ada"))
            #expect(try await house.members(early) == ["ada"])
            try await house.send(event("page.viewed", ["customer": ["id": "ada", "email": "ada@example.com"]], subject: "ada"))
            #expect(try await house.members(named) == ["ada"])
            try await house.addRule(["name": "look", "trigger": "page.viewed", "points": ["fixed": 7]])
            let rich = try await house.addSegment(["field": "points.balance", "op": "gte", "value": 7])
            try await house.send(event("page.viewed", [:], subject: "ada"))
            #expect(try await house.members(rich) == ["ada"])
        }
    }

    @Test("few previews at a time; the others are told when to come back")
    func previews() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send((0..<50).map { event("order.paid", orderData("o\($0)", customer: "c\($0)")) })
            let answers = try await withThrowingTaskGroup { group in
                for _ in 0..<64 { group.addTask { try await house.test.post("/v1/segments/preview", ["rule": Self.buyers]) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let refused = answers.filter { $0.status == 429 }
            #expect(!refused.isEmpty && refused.allSatisfy { $0.code == "busy" && $0.headers[.retryAfter] != nil })
            #expect(answers.count { $0.status == 200 && $0.json["count"] == 50 } == answers.count - refused.count)
            #expect(try await house.preview(Self.buyers)["count"] == 50)
            // One that fails gives its place free.
            for _ in 0..<4 { #expect(try await house.test.post("/v1/segments/preview", ["rule": [:]]).status == 422) }
            #expect(try await house.preview(Self.buyers)["count"] == 50)
        }
    }
}
