import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import SurveyService

@Suite("Answers")
struct ResponseTests {
    private static let points: [String: JSON] = ["reward": ["kind": "points", "points": 50]]

    @Test("a customer's answers are kept, said, and rewarded by one order to loyalty")
    func answer() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps, SurveyHouse.why], Self.points)
            let answer = try await house.respond(
                id, ["customer_id": "c1", "answers": ["q1": 9, "q2": "<b>çok iyi</b>"], "completed": true])
            #expect(answer.status == 201)
            #expect(answer.json["completed"] == true && answer.json["next"] == .null)
            #expect(answer.json["reward"] == ["kind": "points", "points": 50, "state": "pending"])
            let said = try #require(try await house.test.said("survey.completed").first)
            #expect(said.subject == "c1" && said.source == "vefa/survey")
            #expect(said.data["answers"] == ["q1": 9, "q2": "<b>çok iyi</b>"] && said.data["nps"] == 9)
            let grant = try #require(said.data["grants"]?[0])
            #expect(grant["key"] == .string("survey:\(id):c1") && grant["customer_id"] == "c1" && grant["reason"] == "survey")
            #expect(Grant(FieldReader(body: grant, issues: FieldIssues())) != nil)
            #expect(try await house.test.said("survey.started").count == 1)
            // What became of the reward stands on the response.
            let outcome = GrantOutcome(key: "survey:\(id):c1", state: .issued, reason: "survey", points: 50)
            try await house.test.deliver([event("grant.issued", outcome.json, source: "shop")], from: .loyalty)
            #expect(try await house.responses(id)[0]["reward"]?["state"] == "pending")
            try await house.test.deliver([event("grant.issued", outcome.json, source: "vefa/loyalty")], from: .loyalty)
            #expect(try await house.responses(id)[0]["reward"] == ["kind": "points", "points": 50, "state": "issued"])
            #expect(try await house.responses(id)[0]["answers"] == ["q1": 9, "q2": "<b>çok iyi</b>"])
        }
    }

    @Test("a refused reward says why")
    func refusedReward() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps], Self.points)
            _ = try await house.respond(id, ["customer_id": "c1", "answers": ["q1": 9], "completed": true])
            let outcome = GrantOutcome(key: "survey:\(id):c1", state: .refused, reason: "survey", code: "unknown_customer")
            try await house.test.deliver([event("grant.refused", outcome.json, source: "vefa/loyalty")], from: .loyalty)
            #expect(try await house.responses(id)[0]["reward"]?["code"] == "unknown_customer")
        }
    }

    @Test("a visitor without an account answers, and is not rewarded")
    func visitor() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps], Self.points)
            let answer = try await house.respond(
                id, ["visitor_id": "v1", "answers": ["q1": 3], "completed": true], as: SurveyHouse.storefront)
            #expect(answer.status == 201 && answer.json["reward"] == .null)
            let said = try #require(try await house.test.said("survey.completed").first)
            #expect(said.subject == nil && said.data["grants"] == nil && said.data["visitor_id"] == "v1")
        }
    }

    @Test("answers may come one by one; the next question is named until none is left, and what is complete stays")
    func steps() async throws {
        try await SurveyHouse.with { house in
            let rule: JSON = ["if": ["field": "answers.q1", "op": "gte", "value": 9], "then": "end"]
            var required = try #require(SurveyHouse.why.object)
            required["required"] = true
            let id = try await house.publish([SurveyHouse.nps, .object(required)], ["logic": [rule]])
            let begun = try await house.respond(id, ["visitor_id": "v1"], as: SurveyHouse.storefront)
            #expect(begun.status == 201 && begun.json["next"] == "q1" && begun.json["completed"] == false)
            let response = try #require(begun.json["id"]?.string)
            func patch(_ body: JSON) async throws -> TestHouse.Answer {
                try await house.test.request(.patch, "/v1/responses/\(response)", body: body.bytes, principal: SurveyHouse.storefront)
            }
            let again = try await house.respond(id, ["visitor_id": "v1"], as: SurveyHouse.storefront)
            #expect(again.status == 409 && again.code == "already_answered" && again.json["response_id"]?.string == response)
            #expect(try await patch(["visitor_id": "v1", "answers": ["q1": 5]]).json["next"] == "q2")
            let missing = try await patch(["visitor_id": "v1", "completed": true])
            #expect(missing.status == 422 && missing.pointers == ["/answers/q2"])
            let hidden = try await patch(["visitor_id": "v1", "answers": ["q1": 9, "q2": "x"]])
            #expect(hidden.status == 422 && hidden.json["errors"]?[0]?["code"] == "hidden_question")
            let done = try await patch(["visitor_id": "v1", "answers": ["q1": 10], "completed": true])
            #expect(done.status == 200 && done.json["completed"] == true)
            let late = try await patch(["visitor_id": "v1", "answers": ["q1": 0]])
            #expect(late.status == 409 && late.code == "already_completed")
            #expect(try await house.responses(id)[0]["answers"] == ["q1": 10])
        }
    }

    @Test("answers that fit no question are refused by code and pointer, and nothing is kept")
    func badAnswers() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps, SurveyHouse.why])
            let answer = try await house.respond(id, ["visitor_id": "v1", "answers": ["q9": 1, "q1": 11, "q2": 5], "completed": true])
            #expect(answer.status == 422)
            #expect(answer.pointers == ["/answers/q9", "/answers/q1", "/answers/q2"])
            #expect(answer.json["errors"]?.array?.compactMap { $0["code"]?.string } == ["unknown_question", "out_of_range", "wrong_type"])
            #expect(try await house.respond(id, ["answers": ["q1": 1]]).pointers == ["/visitor_id"])
            #expect(try await house.respond(id, ["visitor_id": "v1", "answers": [1]]).pointers == ["/answers"])
            #expect(try await house.respond(id, ["visitor_id": "v1", "answer": 1]).pointers == ["/answer"])
            #expect(try await house.respond(id, ["visitor_id": .string(String(repeating: "v", count: 129))]).pointers == ["/visitor_id"])
            let long = JSON.string(String(repeating: "x", count: 10_001))
            #expect(try await house.respond(id, ["visitor_id": "v1", "answers": ["q2": long]]).json["errors"]?[0]?["code"] == "too_long")
            #expect(try await house.responses(id).isEmpty)
            #expect(try await house.stats(id)["seen"] == 0)
            #expect(try await house.test.said().isEmpty)
        }
    }

    @Test("a storefront names nobody but the shopper it has a token of, and reaches no one else's response")
    func storefront() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps])
            let claimed = try await house.respond(id, ["customer_id": "c1", "answers": ["q1": 9]], as: SurveyHouse.storefront)
            #expect(claimed.status == 403 && claimed.code == "customer_token_required")
            #expect(try await house.respond(id, ["customer_id": "c1", "answers": ["q1": 9]], as: SurveyHouse.shopper("c2")).status == 403)
            #expect(
                try await house.test.request(
                    .post, "/v1/surveys/decide", body: (["customer_id": "c1"] as JSON).bytes, principal: SurveyHouse.storefront
                ).status == 403)
            // Named or not, the token says who it is.
            let own = try await house.respond(id, ["visitor_id": "v1", "answers": ["q1": 9]], as: SurveyHouse.shopper("c1"))
            #expect(own.status == 201 && own.json["customer_id"] == "c1")
            let response = try #require(own.json["id"]?.string)
            func patch(_ body: JSON, _ principal: Principal) async throws -> TestHouse.Answer {
                try await house.test.request(.patch, "/v1/responses/\(response)", body: body.bytes, principal: principal)
            }
            #expect(try await patch(["visitor_id": "v1", "answers": ["q1": 0]], SurveyHouse.storefront).code == "wrong_person")
            #expect(try await patch(["visitor_id": "v1", "answers": ["q1": 0]], SurveyHouse.shopper("c2")).code == "wrong_person")
            #expect(try await patch(["answers": ["q1": 8]], SurveyHouse.shopper("c1")).status == 200)
            #expect(
                try await patch(["customer_id": "c9", "answers": ["q1": 8]], Principal(kind: .secret, keyID: "k")).code == "wrong_person")
            let other = try await house.respond(id, ["visitor_id": "v2"], as: SurveyHouse.storefront).json["id"]?.string ?? ""
            for body: JSON in [["visitor_id": "v3", "completed": true], ["completed": true]] {
                let answer = try await house.test.request(
                    .patch, "/v1/responses/\(other)", body: body.bytes, principal: SurveyHouse.storefront)
                #expect(answer.status == (body["visitor_id"] == nil ? 422 : 403))
            }
        }
    }

    @Test("sixty-four completions at once by one person are one response and one reward")
    func concurrent() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish([SurveyHouse.nps], Self.points)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<64 {
                    group.addTask {
                        try await house.respond(id, ["customer_id": "c1", "answers": ["q1": .int(Int64(number % 11))], "completed": true])
                            .status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 201 }.count == 1)
            #expect(statuses.filter { $0 == 409 }.count == 63)
            #expect(try await house.responses(id).count == 1)
            let said = try await house.test.said("survey.completed")
            #expect(said.count == 1 && said.first?.data["grants"]?.array?.count == 1)
            #expect(try await house.stats(id)["completed"] == 1)
        }
    }

    @Test("the list of answers is a page and picks the complete ones")
    func list() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.publish()
            for number in 0..<5 {
                _ = try await house.respond(
                    id, ["visitor_id": .string("v\(number)"), "answers": ["q1": 9], "completed": .bool(number > 2)])
                try await house.test.advance(seconds: 1)
            }
            let first = try await house.test.get("/v1/surveys/\(id)/responses?limit=2").json
            #expect(first["data"]?.array?.compactMap { $0["visitor_id"]?.string } == ["v4", "v3"])
            let next = try #require(first["next_cursor"]?.string)
            let second = try await house.test.get("/v1/surveys/\(id)/responses?limit=2&cursor=\(next)").json
            #expect(second["data"]?.array?.compactMap { $0["visitor_id"]?.string } == ["v2", "v1"])
            #expect(try await house.test.get("/v1/surveys/\(id)/responses?completed=true").json["data"]?.array?.count == 2)
            #expect(try await house.test.get("/v1/surveys/\(id)/responses?completed=maybe").status == 422)
        }
    }

    @Test("the overview shows a customer's answers, newest first, also after two customers turned out to be one")
    func overview() async throws {
        try await SurveyHouse.with { house in
            let one = try await house.publish()
            let two = try await house.publish([SurveyHouse.nps, SurveyHouse.why])
            _ = try await house.respond(one, ["customer_id": "old", "answers": ["q1": 2], "completed": true])
            try await house.test.advance(seconds: 1)
            _ = try await house.respond(two, ["customer_id": "new", "answers": ["q2": "well"]])
            func overview(_ id: String) async throws -> JSON {
                try await house.test.request(
                    .get, "/internal/v1/overview/\(id)", principal: Principal(kind: .service, keyID: "gateway")
                ).json
            }
            #expect(try await overview("nobody") == ["surveys": [], "reviews": []])
            try await house.test.deliver([event("customers.merged", ["from_id": "old", "into_id": "new"])])
            let surveys = try await overview("new")["surveys"]?.array ?? []
            #expect(surveys.map { $0["survey_id"] } == [.string(two), .string(one)])
            #expect(surveys.map { $0["answers"] } == [["q2": "well"], ["q1": 2]])
            #expect(surveys[0]["completed_at"] == .null && surveys[1]["name"] == "Asked")
            #expect(try await house.respond(one, ["customer_id": "new", "answers": ["q1": 9]]).code == "already_answered")
            #expect(try await house.stats(one)["completed"] == 1)
        }
    }

    @Test("two customers who turn out to be one count once, and are not asked what one of them has answered or closed")
    func merging() async throws {
        try await SurveyHouse.with { house in
            let merged = event("customers.merged", ["from_id": "old", "into_id": "new"])
            let completed = try await house.publish([SurveyHouse.nps], ["cooldown_days": 0, "trigger": ["kind": "page", "pages": ["/a"]]])
            let begun = try await house.publish([SurveyHouse.nps], ["cooldown_days": 0, "trigger": ["kind": "page", "pages": ["/b"]]])
            let both = try await house.publish([SurveyHouse.nps], ["cooldown_days": 0, "trigger": ["kind": "page", "pages": ["/c"]]])
            func interact(_ survey: String, _ kind: JSON, _ customer: JSON) async throws {
                #expect(
                    try await house.test.post("/v1/surveys/\(survey)/interactions", ["customer_id": customer, "kind": kind]).status == 200)
            }
            _ = try await house.respond(completed, ["customer_id": "old", "answers": ["q1": 9], "completed": true])
            try await interact(completed, "seen", "new")
            let id = try await house.respond(begun, ["customer_id": "old", "answers": ["q1": 9]]).json["id"]?.string ?? ""
            try await interact(begun, "closed", "new")
            for customer in ["old", "new"] as [JSON] { _ = try await house.respond(both, ["customer_id": customer, "answers": ["q1": 1]]) }
            try await house.test.deliver([merged])
            try await house.test.deliver([event("customers.merged", ["from_id": "old", "into_id": "new"])])

            let server = Principal(kind: .secret, keyID: "key_test")
            func reason(_ page: JSON) async throws -> JSON? {
                try await house.decide(["customer_id": "new", "page": page], as: server)["reason"]
            }
            #expect(try await reason("/a") == "already_answered")
            #expect(try await reason("/b") == "already_closed")
            func figures(_ survey: String) async throws -> [JSON?] {
                let stats = try await house.stats(survey)
                return ["seen", "started", "completed", "closed"].map { stats[$0] }
            }
            #expect(try await figures(completed) == [1, 1, 1, 0])
            #expect(try await figures(begun) == [1, 1, 0, 1])
            #expect(try await house.test.patch("/v1/responses/\(id)", ["customer_id": "new", "completed": true]).status == 200)
            #expect(try await figures(begun) == [1, 1, 1, 0])
            #expect(try await figures(both) == [2, 2, 0, 0])
        }
    }
}
