import Shared
import SharedTesting
import Testing

@testable import SurveyService

@Suite("Invitations")
struct InvitationTests {
    private static let trigger: [String: JSON] = [
        "trigger": ["event": "order.delivered", "after_days": 3], "title": ["en": "Well?", "tr": "Nasıl?"],
    ]

    private func invited(_ house: SurveyHouse) async throws -> [String] {
        try await house.test.said("survey.invited").compactMap { $0.data["order_id"]?.string }
    }

    @Test("three days after the parcel came its customer is invited once, by a link of their own")
    func invites() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps], Self.trigger)
            try await house.test.deliver([order("order.placed", "1"), order("order.delivered", "1", customer: nil)])
            try await house.test.deliver([order("order.delivered", "1", customer: nil, at: 60)])
            try await house.test.advance(to: TestHouse.startOfTime.adding(days: 3).adding(milliseconds: -1))
            #expect(try await invited(house).isEmpty)
            try await house.test.advance(days: 10)
            let events = try await house.test.said("survey.invited")
            #expect(events.count == 1)
            let event = try #require(events.first)
            #expect(event.subject == "c1" && event.data["customer_id"] == "c1" && event.data["email"] == "c1@example.com")
            #expect(
                event.data["survey_id"]?.string == id && event.data["order_id"] == "1"
                    && event.data["title"] == ["en": "Well?", "tr": "Nasıl?"])
            #expect(event.time == TestHouse.startOfTime.adding(days: 3))
            #expect(event.data["invitation_id"]?.string?.hasPrefix("inv_") == true)
            // In the suite's time, as everything in an event; the test's clock is not the machine's.
            #expect(event.data["expires_at"] == .from(event.time.adding(days: Invitations.validDays)))
            #expect(event.data["link"]?.string?.contains("/s/") == true)
        }
    }

    @Test("whose order it is may be known only later")
    func later() async throws {
        try await SurveyHouse.with { house in
            _ = try await house.publish([SurveyHouse.nps], Self.trigger)
            try await house.test.deliver([order("order.delivered", "1", customer: nil)])
            try await house.test.deliver([order("order.placed", "1", at: -60)])
            try await house.test.advance(days: 4)
            #expect(try await invited(house) == ["1"])
        }
    }

    @Test("nobody is invited about an order that was cancelled or returned whole, after an answer, or by an import")
    func not() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps], Self.trigger)
            func delivered(_ order: String, _ customer: String) -> [CloudEvent] {
                [
                    SurveyServiceTests.order("order.paid", order, customer: customer, ["total": 1_000, "currency": "TRY"]),
                    SurveyServiceTests.order("order.delivered", order, customer: customer),
                ]
            }
            try await house.test.deliver(delivered("cancelled", "c1") + [order("order.cancelled", "cancelled", at: 5)])
            try await house.test.deliver(
                delivered("returned", "c2") + [
                    event("order.refunded", ["order_id": "returned", "refund_id": "r1", "amount": 600]),
                    event("order.refunded", ["order_id": "returned", "refund_id": "r1", "amount": 600]),
                    event("order.refunded", ["order_id": "returned", "refund_id": "r2", "items": [["line_id": "1", "amount": 400]]]),
                ])
            try await house.test.deliver(
                delivered("kept", "c3") + [event("order.refunded", ["order_id": "kept", "refund_id": "r1", "amount": 999])])
            try await house.test.deliver(delivered("answered", "c4"))
            _ = try await house.respond(id, ["customer_id": "c4", "answers": ["q1": 9], "completed": true])
            try await house.test.deliver(delivered("gone", "c5") + [event("customer.deleted", ["customer": ["id": "c5"]], at: 9)])
            try await house.test.deliver([
                order("order.placed", "old", customer: "c6", at: -10_000),
                order("order.delivered", "old", customer: "c6", at: -72 * 60 - 1),
            ])
            try await house.test.advance(days: 30)
            #expect(try await invited(house) == ["kept"])
            #expect(try await house.test.refused().isEmpty)
        }
    }

    @Test("two parcels in a row are one invitation; a paused survey invites nobody")
    func rest() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps], Self.trigger)
            try await house.test.deliver([order("order.delivered", "1"), order("order.delivered", "2", at: 1_440)])
            try await house.test.advance(days: 8)
            #expect(try await invited(house) == ["1"])
            try await house.test.deliver([order("order.delivered", "3", customer: "c2", at: 8 * 1_440)])
            _ = try await house.test.post("/v1/surveys/\(id)/pause")
            try await house.test.advance(days: 8)
            #expect(try await invited(house) == ["1"])
        }
    }

    @Test("the personal link is good for one answer, which is the customer's and is rewarded")
    func link() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps], Self.trigger.merging(["reward": ["kind": "points", "points": 50]]) { $1 })
            try await house.test.deliver([order("order.delivered", "1")])
            try await house.test.advance(days: 3)
            let link = try #require(try await house.test.said("survey.invited").first?.data["link"]?.string)
            let path = "/s/" + (link.split(separator: "/").last ?? "")
            let page = try await house.page(path + "?q1=9")
            #expect(page.status == 200 && page.text.contains("value=\"9\" checked") && page.cookie == nil)
            #expect(try await house.stats(id)["seen"] == 0, "looking changes nothing")
            let thanks = try await house.send(path, [("form", page.form), ("q_q1", "9")], language: "tr")
            #expect(thanks.status == 200 && thanks.text.contains("50 puan"))
            let said = try #require(try await house.test.said("survey.completed").first)
            #expect(said.subject == "c1" && said.data["grants"]?[0]?["customer_id"] == "c1")
            #expect(try await house.responses(id)[0]["customer_id"] == "c1")
            let again = try await house.page(path)
            #expect(again.status == 200 && again.text.contains("Thank you") && !again.text.contains("<form"))
            _ = try await house.send(path, [("form", page.form), ("q_q1", "0")])
            #expect(try await house.responses(id).map { $0["answers"] } == [["q1": 9]])
        }
    }

    @Test("a forged link is a 404 page, an expired one a 410 page")
    func badLinks() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps], Self.trigger)
            try await house.test.deliver([order("order.delivered", "1")])
            try await house.test.advance(days: 3)
            let data = try #require(try await house.test.said("survey.invited").first?.data)
            let token = String(data["link"]?.string?.split(separator: "/").last ?? "")
            let invitation = try #require(data["invitation_id"])
            let last = token.last == "A" ? "B" : "A"
            let links = house.test.house.links
            let expired = links.token(Invitations.purpose, invitation, expires: Timestamp(milliseconds: 1_000))
            let otherPurpose = links.token("unsubscribe", invitation)
            let nobody = links.token(Invitations.purpose, "inv_x")
            for (path, status): (String, Int) in [
                (String(token.dropLast()) + last, 404), (otherPurpose, 404), (nobody, 404), ("a.b", 404), ("svy_x", 404), (expired, 410),
            ] {
                let page = try await house.page("/s/\(path)", language: "tr")
                #expect(page.status == status, "\(path)")
                #expect(page.headers[.contentType] == "text/html; charset=utf-8" && page.text.contains("<html lang=\"tr\">"))
                #expect(try await house.send("/s/\(path)", [("q_q1", "9")]).status == status)
            }
            let form = try await house.page("/s/\(token)").form
            try await house.test.deliver([event("customer.deleted", ["customer": ["id": "c1"]])])
            #expect(try await house.page("/s/\(token)").status == 410)
            #expect(try await house.send("/s/\(token)", [("form", form), ("q_q1", "9")]).status == 410)
            _ = try await house.test.post("/v1/surveys/\(id)/pause")
            #expect(try await house.page("/s/\(token)").status == 410)
            #expect(try await house.page("/s/\(id)").status == 410)
            let draft = try await house.create()
            #expect(try await house.page("/s/\(draft)").status == 404)
            #expect(try await house.responses(id).isEmpty)
        }
    }
}
