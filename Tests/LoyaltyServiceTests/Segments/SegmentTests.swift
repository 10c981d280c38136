import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Segments")
struct SegmentTests {
    private static let viewers: JSON = ["field": "events.product.viewed.count", "op": "gte", "value": 3, "within_days": 30]
    private static let buyers: JSON = ["field": "orders.count", "op": "gte", "value": 1]

    private static func view(_ customer: String, at minutes: Int64, id: String? = nil) -> CloudEvent {
        event("product.viewed", ["product": ["id": "mug"]], at: minutes, subject: customer, id: id)
    }

    @Test("a customer enters by an event, told once, and ages out to the minute")
    func ageing() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addSegment(Self.viewers)
            try await house.test.advance(seconds: 25 * 60)
            try await house.send(Self.view("1", at: 0), Self.view("1", at: 10))
            #expect(try await house.members(id) == [])
            try await house.send(Self.view("1", at: 20), Self.view("2", at: 20))
            #expect(try await house.members(id) == ["1"])
            #expect(try await house.moves("segment.entered") == ["1 event"])
            try await house.send(Self.view("1", at: 25))
            // The first view is nothing any more; three are left.
            let first = TestHouse.startOfTime.adding(days: 30)
            try await house.test.advance(to: first.adding(seconds: 10 * 60))
            #expect(try await house.members(id) == ["1"])
            try await house.test.advance(to: first.adding(seconds: 11 * 60))
            #expect(try await house.members(id) == [])
            #expect(try await house.moves("segment.left") == ["1 time"])
            let left = try #require(try await house.test.said("segment.left").first)
            #expect(left.time == first.adding(seconds: 10 * 60).adding(milliseconds: 1))
            #expect(try await house.moves("segment.entered") == ["1 event"])
        }
    }

    @Test("nothing is kept awake for who is in no segment that time can change")
    func noTimers() async throws {
        try await LoyaltyHouse.with { house in
            _ = try await house.addSegment(Self.buyers)
            try await house.send(event("order.paid", orderData("1", customer: "1")), Self.view("1", at: 0))
            let timers = try await house.test.house.read { db in
                try db.first("SELECT COUNT(*) FROM timers WHERE kind LIKE 'segment.%'") { $0.int(0) }
            }
            #expect(timers == 0)
        }
    }

    @Test("an edit asks everybody anew, tells it at once and not one by one, and an event then counts by the new rule")
    func edit() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send((0..<7).map { event("order.paid", orderData("o\($0)", customer: "c\($0)", total: 1_000 * Int64($0 + 1))) })
            let id = try await house.addSegment(["field": "orders.total", "op": "gte", "value": 5_000])
            #expect(try await house.members(id) == ["c4", "c5", "c6"])
            #expect(try await house.recomputed("definition") == ["+c4", "+c5", "+c6"])
            #expect(try await house.moves("segment.entered") == [])
            var segment = try await house.segment(id)
            #expect(segment["state"] == "ready" && segment["members"] == 3 && segment["version"] == 1)

            let changed = try await house.test.put(
                "/v1/segments/\(id)", ["name": "few", "rule": ["field": "orders.total", "op": "lt", "value": 6_000]])
            #expect(changed.json["state"] == "computing" && changed.json["version"] == 2)
            try await house.send(
                event("order.paid", orderData("o9", customer: "c0", total: 6_000)), event("order.paid", orderData("o10", customer: "c9")))
            try await house.test.runDueTimers()
            #expect(try await house.members(id) == ["c1", "c2", "c3", "c4", "c9"])
            #expect(try await house.moves("segment.entered") == [])
            #expect(try await house.moves("segment.left") == [])
            #expect(try await house.recomputed("definition").count == 3 + 6)
            segment = try await house.segment(id)
            #expect(segment["state"] == "ready" && segment["progress"] == .null && segment["name"] == "few")
            // The same rule again changes nothing.
            _ = try await house.test.put("/v1/segments/\(id)", segment)
            #expect(try await house.segment(id)["version"] == 2)
            try await house.send(event("order.paid", orderData("o11", customer: "c9", total: 6_000)))
            #expect(try await house.moves("segment.left") == ["c9 event"])
        }
    }

    @Test("computing goes on from where a dead process left it")
    func restart() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send((0..<5).map { event("order.paid", orderData("o\($0)", customer: "c\($0)")) })
            let answer = try await house.test.post("/v1/segments", ["name": "all", "rule": Self.buyers])
            let id = try #require(answer.json["id"]?.string)
            // As if the first two had been asked already.
            _ = try await house.test.house.write { change in
                try change.db.execute("UPDATE segments SET compute_after = 'c1', done = 2, total = 5 WHERE segment_id = \(id)")
            }
            #expect(try await house.segment(id)["progress"] == ["done": 2, "of": 5])
            try await house.test.runDueTimers()
            #expect(try await house.members(id) == ["c2", "c3", "c4"])
        }
    }

    @Test("a segment that names others follows them, and circles and strangers are refused by where they stand")
    func ofSegments() async throws {
        try await LoyaltyHouse.with { house in
            let buyers = try await house.addSegment(Self.buyers)
            let viewers = try await house.addSegment(Self.viewers)
            let both: JSON = [
                "all": [
                    ["field": "segments", "op": "contains", "value": .string(buyers)],
                    ["field": "segments", "op": "in", "value": [.string(viewers)]],
                ]
            ]
            let id = try await house.addSegment(both)
            try await house.send(event("order.paid", orderData("1", customer: "1")), Self.view("1", at: -1), Self.view("1", at: -2))
            #expect(try await house.members(id) == [])
            try await house.send(Self.view("1", at: 0))
            #expect(try await house.members(id) == ["1"])
            let entered = try await house.test.said("segment.entered").map { $0.data["segment_id"]?.string ?? "" }
            #expect(entered == [buyers, viewers, id])
            try await house.test.advance(days: 31)
            #expect(try await house.members(id) == [])

            let circle = try await house.test.put(
                "/v1/segments/\(buyers)", ["name": "x", "rule": ["not": ["field": "segments", "op": "contains", "value": .string(id)]]])
            #expect(circle.status == 422 && circle.pointers == ["/rule/not/value"] && circle.json["errors"]?[0]?["code"] == "circular")
            let stranger = try await house.test.post(
                "/v1/segments", ["name": "x", "rule": ["field": "segments", "op": "contains", "value": "seg_none"]])
            #expect(stranger.status == 422 && stranger.json["errors"]?[0]?["code"] == "unknown_segment")
            #expect(try await house.test.delete("/v1/segments/\(buyers)").code == "in_use")
            #expect(try await house.test.delete("/v1/segments/\(id)").status == 204)
            #expect(try await house.test.delete("/v1/segments/\(buyers)").status == 204)
            #expect(try await house.test.get("/v1/segments/\(buyers)").status == 404)
            #expect(try await house.test.said("segment.deleted").count == 2)
            try await house.test.runDueTimers()
            let rest = try await house.test.house.read { db in
                try db.first("SELECT COUNT(*) FROM segment_members WHERE segment_id = \(buyers)") { $0.int(0) }
            }
            #expect(rest == 0)
        }
    }

    @Test("what was bought, points, tags, traits and answers can be asked")
    func fields() async throws {
        try await LoyaltyHouse.with { house in
            let items: JSON = [
                ["product_id": "serum", "sku": "S-30", "categories": ["skin", "göz bakımı"], "quantity": 1, "unit_price": 4_995]
            ]
            try await house.send(
                customer("1", ["country": "TR", "tags": ["vip"], "traits": ["skin": "dry", "age": 31], "birthday": "1990-02-28"]),
                customer("2", ["country": "DE"]),
                event("order.paid", orderData("o1", customer: "1", more: ["items": items, "coupon_codes": ["SPRING"], "channel": "web"])),
                event("order.paid", orderData("o2", customer: "2")), event("order.cancelled", ["order_id": "o2"], at: 1),
                event(
                    "survey.completed", ["survey_id": "survey_1", "answers": ["q1": 9, "q2": ["a", "b"]]], at: 1, subject: "2"),
                event("survey.completed", ["survey_id": "survey_1", "answers": ["q1": 3]], at: 0, subject: "2"))
            func count(_ field: String, _ op: String, _ value: JSON) async throws -> [String] {
                let answer = try await house.preview(["field": .string(field), "op": .string(op), "value": value])
                return answer["sample"]?.array?.compactMap(\.string) ?? []
            }
            #expect(try await count("customer.country", "eq", "TR") == ["1"])
            #expect(try await count("customer.tags", "contains", "vip") == ["1"])
            #expect(try await count("customer.traits.skin", "eq", "dry") == ["1"])
            #expect(try await count("customer.traits.age", "gt", 30) == ["1"])
            #expect(try await count("customer.birthday", "lt", "1990-03-01") == ["1"])
            #expect(try await count("customer.country", "ne", "TR") == ["2"])
            #expect(try await count("orders.categories", "contains", "skin") == ["1"])
            #expect(try await count("orders.categories", "eq", "göz bakımı") == ["1"])
            #expect(try await count("orders.categories", "ne", "skin") == ["2"])
            #expect(try await count("orders.products", "in", ["serum", "mug"]) == ["1"])
            #expect(try await count("orders.skus", "contains", "S-30") == ["1"])
            #expect(try await count("orders.coupons", "contains", "SPRING") == ["1"])
            #expect(try await count("orders.channels", "eq", "web") == ["1"])
            #expect(try await count("orders.count", "eq", 0) == ["2"])
            #expect(try await count("orders.average", "eq", 4_995) == ["1"])
            #expect(try await count("points.balance", "eq", 49) == ["1"])
            #expect(try await count("points.lifetime_earned", "gte", 1) == ["1"])
            #expect(try await count("survey.survey_1.q1", "gte", 9) == ["2"])
            #expect(try await count("survey.survey_1.q2", "contains", "b") == ["2"])
            #expect(try await count("events.order.cancelled.count", "eq", 1) == ["2"])
            #expect(try await count("events.order.paid.count", "gte", 1) == ["1", "2"])
            #expect(try await count("events.survey.completed.count", "eq", 2) == ["2"])
            #expect(try await count("tier.name", "eq", "Gold") == [])
        }
    }

    @Test("whoever is deleted leaves, whoever comes back is asked again")
    func deletion() async throws {
        try await LoyaltyHouse.with { house in
            let id = try await house.addSegment(Self.buyers)
            try await house.send(event("order.paid", orderData("1", customer: "1")))
            #expect(try await house.members(id) == ["1"])
            _ = try await house.test.delete("/v1/customers/1")
            #expect(try await house.members(id) == [])
            #expect(try await house.moves("segment.left") == ["1 event"])
            #expect(try await house.preview(Self.buyers)["of"] == 0)
        }
    }

    @Test("members come in pages, or all of them as lines")
    func lines() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send((0..<5).map { event("order.paid", orderData("o\($0)", customer: "c\($0)")) })
            let id = try await house.addSegment(Self.buyers)
            let page = try await house.test.get("/v1/segments/\(id)/members?limit=2").json
            #expect(page["data"]?.array?.count == 2)
            let cursor = try #require(page["next_cursor"]?.string)
            let next = try await house.test.get("/v1/segments/\(id)/members?limit=2&cursor=\(cursor)").json
            #expect(next["data"]?[0]?["customer_id"] == "c2")
            let all = try await house.test.get("/v1/segments/\(id)/members", headers: [.accept: "application/x-ndjson"])
            let lines = all.text.split(separator: "\n").compactMap { try? JSONParser.parse(String($0)) }
            #expect(all.headers[.contentType] == "application/x-ndjson")
            #expect(lines.compactMap { $0["customer_id"]?.string } == ["c0", "c1", "c2", "c3", "c4"])
            #expect(lines.allSatisfy { $0["entered_at"]?.string == TestHouse.startOfTime.rfc3339 })
            #expect(try await house.test.get("/v1/segments/seg_none/members").status == 404)
        }
    }

    /// Which event makes room is by the event's id: so they are the same in every run.
    @Test("the newest thousand events of a type are kept, and a thousand are enough for every count that may be asked")
    func pruning() async throws {
        try await LoyaltyHouse.with { house in
            for part in stride(from: 0, to: 1_600, by: 200) {
                try await house.send((part..<part + 200).map { Self.view("1", at: Int64($0), id: "view-\($0)") })
            }
            let kept = try await house.test.house.read { db in
                try db.first("SELECT COUNT(*), MAX(at) FROM customer_events WHERE customer_id = '1'") { ($0.int(0), $0.time(1)) }
            }
            #expect(try #require(kept).0 >= 1_000)
            #expect(try #require(kept).0 < 1_600)
            #expect(kept?.1 == TestHouse.startOfTime.adding(seconds: 1_599 * 60))
            #expect(try await house.preview(["field": "events.product.viewed.count", "op": "gte", "value": 1_000])["count"] == 1)
        }
    }

    @Test("figures by segment are those of its members' orders, theirs as guests included; an unknown one is refused")
    func retention() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(
                customer("1", ["email": "ada@example.com", "country": "TR"]), customer("2", ["country": "DE"]),
                event("order.paid", orderData("o1", customer: "1", total: 1_000)),
                event("order.paid", orderData("o2", email: "ada@example.com", total: 500)),
                event("order.paid", orderData("o3", customer: "2", total: 9_000)))
            let id = try await house.addSegment(["field": "customer.country", "op": "eq", "value": "TR"])
            let figures = try await house.test.get("/v1/metrics/retention?segment=\(id)").json
            #expect(figures["orders"] == 2 && figures["customers"] == 1 && figures["gross_revenue"] == 1_500)
            #expect(figures["segment"] == .string(id))
            #expect(try await house.test.get("/v1/metrics/retention").json["orders"] == 3)
            let unknown = try await house.test.get("/v1/metrics/retention?segment=none")
            #expect(unknown.status == 422 && unknown.pointers == ["?segment"])
        }
    }
}
