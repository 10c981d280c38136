import Shared
import Testing

@testable import SurveyDomain

@Suite("Who is shown a survey")
struct ShowDecisionTests {
    private let now = Timestamp(rfc3339: "2026-03-01T09:00:00Z") ?? .epoch

    private func survey(_ more: [String: JSON]) throws -> SurveyDefinition {
        var object = JSONObject([.init(name: "name", value: "x"), .init(name: "questions", value: [question("q", "nps")])])
        for (name, value) in more { object[name] = value }
        return try #require(read(.object(object)).survey)
    }

    @Test("page and moment must fit; without pages every page does")
    func pages() throws {
        let survey = try survey(["trigger": ["kind": "page", "pages": ["/thanks", "/products/*"]]])
        func reason(_ page: String?, _ moment: SurveyTrigger.OnSite.Moment? = nil) -> ShowReason {
            ShowDecision.onSite(
                survey, id: "s", to: Beholder(person: "v:1", customerID: nil, orders: 0, page: page), moment: moment,
                standing: PersonStanding(), now: now)
        }
        #expect(reason("https://shop.example/thanks?order=1#top") == .show)
        #expect(reason("/products/mug") == .show)
        #expect(reason("/thanks", .page) == .show)
        #expect(reason("/thanks", .exit) == .otherPage)
        #expect(reason("/thanks/2") == .otherPage)
        #expect(reason("https://shop.example") == .otherPage)
        #expect(reason(nil) == .otherPage)
        for trigger: JSON in [["kind": "link"], ["event": "order.delivered"]] {
            let other = try self.survey(["trigger": trigger])
            let beholder = Beholder(person: "v:1", customerID: nil, orders: 0, page: "/")
            #expect(ShowDecision.onSite(other, id: "s", to: beholder, moment: nil, standing: PersonStanding(), now: now) == .otherPage)
        }
    }

    @Test("audience, answers given, closed, and the rest after any survey")
    func reasons() throws {
        let survey = try survey(["audience": ["field": "orders.count", "op": "gte", "value": 2], "cooldown_days": 30])
        var beholder = Beholder(person: "c:1", customerID: "1", orders: 1)
        var standing = PersonStanding()
        func reason() -> ShowReason { ShowDecision.asking(survey, id: "s", beholder, standing: standing, now: now) }
        #expect(reason() == .notInAudience)
        beholder.orders = 2
        #expect(reason() == .show)
        beholder.lastAskedAt = now.adding(days: -30).adding(milliseconds: 1)
        #expect(reason() == .coolingDown)
        beholder.lastAskedAt = now.adding(days: -30)
        #expect(reason() == .show)
        standing = standing.after(.closed, at: now)
        #expect(reason() == .alreadyClosed)
        standing = standing.after(.completed, at: now)
        #expect(reason() == .alreadyAnswered)
    }

    @Test("a sample is sticky, differs by survey, and comes near its share")
    func sample() {
        let people = (0..<20_000).map { "v:\($0)" }
        let first = people.filter { ShowDecision.inSample(30, id: "svy_1", person: $0) }
        #expect(first == people.filter { ShowDecision.inSample(30, id: "svy_1", person: $0) })
        #expect(abs(first.count - 6_000) < 300)
        let both = first.filter { ShowDecision.inSample(30, id: "svy_2", person: $0) }
        #expect(abs(both.count - 1_800) < 200)
        // Who is in a small sample is in every larger one.
        #expect(first.allSatisfy { ShowDecision.inSample(60, id: "svy_1", person: $0) })
        #expect(people.allSatisfy { ShowDecision.inSample(100, id: "svy_1", person: $0) })
    }
}
