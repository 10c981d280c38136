import Shared
import SharedTesting

extension LoyaltyHouse {
    /// Makes a reward, 10.00 TRY off for 100 points unless `more` says otherwise, and answers its id.
    @discardableResult
    func addReward(_ more: [String: JSON] = [:]) async throws -> String {
        let answer = try await test.post("/v1/loyalty/rewards", rewardBody(more))
        guard answer.status == 201, let id = answer.json["id"]?.string else { throw Unexpected(answer: answer.text) }
        return id
    }

    func reward(_ id: String) async throws -> JSON { try await test.get("/v1/loyalty/rewards/\(id)").json }

    /// Makes somebody known, with so many points.
    func give(_ points: Int64, to customer: String) async throws {
        if try await test.get("/v1/loyalty/members/\(customer)").status == 404 {
            try await send(event("customer.created", ["customer": ["id": .string(customer), "email": .string("\(customer)@example.com")]]))
        }
        guard points > 0 else { return }
        let answer = try await test.post("/v1/loyalty/members/\(customer)/adjustments", ["points": .int(points), "reason": "a gift"])
        guard answer.status == 201 else { throw Unexpected(answer: answer.text) }
    }

    func reserve(_ reward: String, for customer: String, _ more: [String: JSON] = [:]) async throws -> TestHouse.Answer {
        var body = JSONObject([.init(name: "reward_id", value: .string(reward))])
        for (name, value) in more { body[name] = value }
        return try await test.post("/v1/loyalty/members/\(customer)/redemptions", .object(body))
    }

    /// A redemption that must come about.
    func redemption(_ reward: String, for customer: String, _ more: [String: JSON] = [:]) async throws -> JSON {
        let answer = try await reserve(reward, for: customer, more)
        guard answer.status == 201 else { throw Unexpected(answer: answer.text) }
        return answer.json
    }

    func commit(_ id: String, _ body: JSON = [:]) async throws -> TestHouse.Answer {
        try await test.post("/v1/loyalty/redemptions/\(id)/commit", body)
    }

    func cancel(_ id: String, _ body: JSON = [:]) async throws -> TestHouse.Answer {
        try await test.post("/v1/loyalty/redemptions/\(id)/cancel", body)
    }

    func look(_ id: String) async throws -> JSON { try await test.get("/v1/loyalty/redemptions/\(id)").json }
}

func rewardBody(_ more: [String: JSON] = [:]) -> JSON {
    var object = JSONObject([
        .init(name: "name", value: "10 off"), .init(name: "points", value: 100), .init(name: "kind", value: "fixed"),
        .init(name: "amount", value: 1_000),
    ])
    for (name, value) in more { object[name] = value }
    return .object(object)
}

extension JSON {
    var id: String { self["id"]?.string ?? "" }
    var state: String { self["state"]?.string ?? "" }
    var coupon: String { self["coupon_code"]?.string ?? "" }
}
