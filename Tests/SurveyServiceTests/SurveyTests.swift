import Shared
import SharedTesting
import Testing

@testable import SurveyService

@Suite("Surveys")
struct SurveyTests {
    @Test("a survey is a draft, then published, then edited into a second version, then paused and gone on with")
    func life() async throws {
        try await SurveyHouse.with { house in
            let id = try await house.create()
            var survey = try await house.test.get("/v1/surveys/\(id)").json
            #expect(survey["state"] == "draft" && survey["version"] == 0 && survey["published_at"] == .null)
            #expect(survey["link"]?.string?.hasSuffix("/s/\(id)") == true)
            survey = try await house.test.post("/v1/surveys/\(id)/publish").json
            #expect(survey["state"] == "published" && survey["version"] == 1 && survey["unpublished_changes"] == false)
            // What GET answered may be sent back, changed.
            var edited = try #require(survey.object)
            edited["questions"] = [SurveyHouse.nps, SurveyHouse.why]
            let put = try await house.test.put("/v1/surveys/\(id)", .object(edited))
            #expect(put.status == 200)
            #expect(put.json["version"] == 1 && put.json["unpublished_changes"] == true && put.json["state"] == "published")
            // The published version knows nothing of the new question yet.
            let early = try await house.respond(id, ["visitor_id": "v1", "answers": ["q2": "because"]])
            #expect(early.status == 422 && early.pointers == ["/answers/q2"])
            #expect(try await house.respond(id, ["visitor_id": "v1", "answers": ["q1": 9], "completed": true]).json["version"] == 1)
            try await house.test.advance(seconds: 1)
            #expect(try await house.test.post("/v1/surveys/\(id)/publish").json["version"] == 2)
            #expect(try await house.test.post("/v1/surveys/\(id)/publish").json["version"] == 2)
            #expect(try await house.respond(id, ["visitor_id": "v2", "answers": ["q2": "because"]]).json["version"] == 2)
            #expect(try await house.responses(id).map { $0["version"] } == [2, 1])
            #expect(try await house.test.post("/v1/surveys/\(id)/pause").json["state"] == "paused")
            let closed = try await house.respond(id, ["visitor_id": "v3", "answers": ["q1": 9]])
            #expect(closed.status == 409 && closed.code == "not_published")
            #expect(try await house.test.post("/v1/surveys/\(id)/publish").json["version"] == 2)
            #expect(try await house.respond(id, ["visitor_id": "v3", "answers": ["q1": 9]]).status == 201)
            #expect(try await house.test.delete("/v1/surveys/\(id)").status == 204)
            for path in ["", "/stats", "/responses"] { #expect(try await house.test.get("/v1/surveys/\(id)\(path)").status == 404) }
        }
    }

    @Test("the list is a page, newest first, and picks by state")
    func list() async throws {
        try await SurveyHouse.with { house in
            var ids: [String] = []
            for _ in 0..<5 {
                ids.append(try await house.create())
                try await house.test.advance(seconds: 1)
            }
            _ = try await house.test.post("/v1/surveys/\(ids[2])/publish")
            let first = try await house.test.get("/v1/surveys?limit=3").json
            let cursor = try #require(first["next_cursor"]?.string)
            let second = try await house.test.get("/v1/surveys?limit=3&cursor=\(cursor)").json
            let seen = [first, second].flatMap { $0["data"]?.array ?? [] }.compactMap { $0["id"]?.string }
            #expect(seen == ids.reversed())
            #expect(second["next_cursor"] == .null)
            #expect(
                try await house.test.get("/v1/surveys?state=published").json["data"]?.array?.compactMap { $0["id"]?.string } == [ids[2]])
            let wrong = try await house.test.get("/v1/surveys?state=asleep")
            #expect(wrong.status == 422 && wrong.pointers == ["?state"])
        }
    }

    @Test("what cannot be published is refused by pointer and stays a draft")
    func publishing() async throws {
        try await SurveyHouse.with { house in
            let rule: JSON = ["if": ["field": "answers.q1", "op": "gte", "value": 9], "then": ["jump": "q9"]]
            let id = try await house.create([SurveyHouse.nps, SurveyHouse.why], ["logic": [rule]])
            let answer = try await house.test.post("/v1/surveys/\(id)/publish")
            #expect(answer.status == 422 && answer.pointers == ["/logic/0/then/jump"])
            #expect(try await house.test.get("/v1/surveys/\(id)").json["state"] == "draft")
            let paused = try await house.test.post("/v1/surveys/\(id)/pause")
            #expect(paused.status == 409 && paused.code == "not_published")
            #expect(try await house.respond(id, ["visitor_id": "v", "answers": [:]]).code == "not_published")
            #expect(try await house.interact(id, "seen", visitor: "v") == 409)
            // A question may not change its kind once it has been asked.
            let asked = try await house.publish()
            _ = try await house.test.put("/v1/surveys/\(asked)", house.definition([["id": "q1", "kind": "text", "title": "?"]]))
            let changed = try await house.test.post("/v1/surveys/\(asked)/publish")
            #expect(changed.status == 422 && changed.pointers == ["/questions/0/kind"])
            #expect(changed.json["errors"]?[0]?["code"] == "kind_changed")
        }
    }

    @Test("bad bodies are refused by pointer, unknown surveys are 404")
    func refusals() async throws {
        try await SurveyHouse.with { house in
            let matrix = try await house.test.post("/v1/surveys", house.definition([["id": "q", "kind": "matrix", "title": "?"]]))
            #expect(matrix.status == 422 && matrix.pointers == ["/questions/0/kind"])
            #expect(matrix.json["errors"]?[0]?["code"] == "not_supported_yet")
            #expect(
                try await house.test.post("/v1/surveys", house.definition([SurveyHouse.nps], ["state": "published"])).pointers == ["/state"]
            )
            #expect(try await house.test.post("/v1/surveys", ["name": 1]).status == 422)
            let id = try await house.publish()
            #expect(try await house.test.post("/v1/surveys/\(id)/publish", ["runs": "keep"]).pointers == ["/runs"])
            for path in ["/v1/surveys/svy_x", "/v1/surveys/svy_x/stats", "/v1/surveys/svy_x/responses"] {
                #expect(try await house.test.get(path).status == 404)
            }
            #expect(try await house.test.put("/v1/surveys/svy_x", house.definition()).status == 404)
            #expect(try await house.test.delete("/v1/surveys/svy_x").status == 404)
            for action in ["publish", "pause"] { #expect(try await house.test.post("/v1/surveys/svy_x/\(action)").status == 404) }
            #expect(try await house.respond("svy_x", ["visitor_id": "v"]).status == 404)
            #expect(try await house.test.patch("/v1/responses/rsp_x", ["answers": [:]]).status == 404)
            #expect(try await house.interact("svy_x", "seen", visitor: "v") == 404)
        }
    }

    @Test("repeating a call by its key makes one survey")
    func idempotent() async throws {
        try await SurveyHouse.with { house in
            let first = try await house.test.post("/v1/surveys", house.definition(), headers: [.init("Idempotency-Key")!: "one"])
            let again = try await house.test.post("/v1/surveys", house.definition(), headers: [.init("Idempotency-Key")!: "one"])
            #expect(first.json["id"] == again.json["id"])
            #expect(try await house.test.get("/v1/surveys").json["data"]?.array?.count == 1)
        }
    }
}
