import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import SurveyService

@Suite("Showing")
struct ShowingTests {
    @Test("a widget is told which survey to show, and why not")
    func decide() async throws {
        try await SurveyHouse.with { house in
            #expect(try await house.decide(["visitor_id": "v1"]) == ["survey": .null, "reason": "no_survey"])
            _ = try await house.create()
            #expect(try await house.decide(["visitor_id": "v1"])["reason"] == "no_survey")
            let id = try await house.publish(
                [SurveyHouse.nps], ["trigger": ["kind": "page", "pages": ["/thanks"]], "title": ["en": "Hello", "tr": "Merhaba"]])
            #expect(try await house.decide(["visitor_id": "v1", "page": "/"])["reason"] == "other_page")
            #expect(try await house.decide(["visitor_id": "v1", "page": "/thanks", "trigger": "exit"])["reason"] == "other_page")
            let shown = try await house.decide(["visitor_id": "v1", "page": "https://shop.example/thanks", "locale": "tr-TR"])
            #expect(shown["reason"] == "show")
            #expect(shown["survey"]?["id"]?.string == id && shown["survey"]?["title"] == "Merhaba" && shown["survey"]?["locale"] == "tr")
            #expect(shown["survey"]?["questions"]?[0]?["id"] == "q1" && shown["survey"]?["name"] == nil)
            #expect(try await house.decide(["visitor_id": "v1", "url": "https://shop.example/thanks"])["reason"] == "show")
            #expect(try await house.decide(["visitor_id": "v1", "url": "/thanks", "page": "/"])["reason"] == "other_page")
            let asked = { (page: String) in
                try await house.test.request(
                    .post, "/v1/surveys/decide", body: (["visitor_id": "v1", "page": .string(page)] as JSON).bytes,
                    headers: [.idempotencyKey: "k1"], principal: SurveyHouse.storefront)
            }
            let first = try await asked("/thanks")
            let second = try await asked("/thanks")
            #expect(first.status == 200 && second.json == first.json && second.headers[.idempotencyReplayed] == "true")
            #expect(try await asked("/").status == 422)
            // Asking changes nothing.
            #expect(try await house.stats(id)["seen"] == 0)
            #expect(try await house.decide(["visitor_id": "v1", "page": "/thanks"])["reason"] == "show")
        }
    }

    @Test("not again to those who answered or closed, nor within the rest after any survey")
    func again() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps], ["cooldown_days": 10])
            _ = try await house.respond(id, ["visitor_id": "answered", "answers": ["q1": 1], "completed": true])
            try await house.interact(id, "closed", visitor: "closed")
            try await house.interact(id, "seen", visitor: "seen")
            #expect(try await house.decide(["visitor_id": "answered"])["reason"] == "already_answered")
            #expect(try await house.decide(["visitor_id": "closed"])["reason"] == "already_closed")
            #expect(try await house.decide(["visitor_id": "seen"])["reason"] == "cooling_down")
            // A visitor who has logged in since is the same person.
            #expect(try await house.decide(["visitor_id": "answered"], as: SurveyHouse.shopper("c1"))["reason"] == "already_answered")
            try await house.test.advance(seconds: 1)
            let other = try await house.publish([SurveyHouse.nps], ["cooldown_days": 10])
            #expect(try await house.decide(["visitor_id": "seen"])["survey"] == .null)
            try await house.test.advance(days: 10)
            #expect(try await house.decide(["visitor_id": "seen"])["survey"]?["id"]?.string == id)
            #expect(try await house.decide(["visitor_id": "answered"])["survey"]?["id"]?.string == other)
            _ = try await house.test.post("/v1/surveys/\(id)/pause")
            #expect(try await house.decide(["visitor_id": "seen"])["survey"]?["id"]?.string == other)
        }
    }

    @Test("an audience looks at the customer's orders")
    func audience() async throws {
        try await SurveyHouse.with { house in
            _ = try await house.publish([SurveyHouse.nps], ["audience": ["field": "orders.count", "op": "gte", "value": 1]])
            #expect(try await house.decide(["visitor_id": "v"], as: SurveyHouse.shopper("c1"))["reason"] == "not_in_audience")
            try await house.test.deliver([order("order.placed", "1")])
            #expect(try await house.decide(["visitor_id": "v"], as: SurveyHouse.shopper("c1"))["reason"] == "show")
        }
    }

    @Test("what a widget asks must be well formed")
    func refusals() async throws {
        try await SurveyHouse.with { house in
            for (body, pointer): (JSON, String) in [
                ([:], "/visitor_id"), (["visitor_id": "v", "trigger": "sneeze"], "/trigger"),
                (["visitor_id": "v", "pages": "/"], "/pages"),
                (["visitor_id": ""], "/visitor_id"),
            ] {
                let answer = try await house.test.post("/v1/surveys/decide", body)
                #expect(answer.status == 422 && answer.pointers == [pointer])
            }
            #expect(try await house.test.get("/v1/surveys/decide").status == 404)
        }
    }
}
