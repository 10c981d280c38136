import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("A member's account")
struct MemberTests {
    @Test("points given and taken by hand are transactions like any other")
    func adjustments() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("customer.created", ["customer": ["id": "42"]]))
            let given = try await house.test.post("/v1/loyalty/members/42/adjustments", ["points": 100, "reason": "sorry"])
            #expect(given.status == 201)
            #expect(given.json["points"] == 100)
            #expect(given.json["kind"] == "adjusted")
            #expect(given.json["reason"] == "sorry")
            let taken = try await house.test.post("/v1/loyalty/members/42/adjustments", ["points": -30, "reason": "till"])
            #expect(taken.json["points"] == -30)
            let tooMuch = try await house.test.post("/v1/loyalty/members/42/adjustments", ["points": -71, "reason": "till"])
            #expect(tooMuch.status == 409)
            #expect(tooMuch.code == "insufficient_points")
            let member = try await house.member("42")
            #expect(member["balance"] == 70)
            #expect(member["lifetime_earned"] == 100)
            #expect(try await house.transactions("42").map { $0["id"] } == [taken.json["id"], given.json["id"]])
            #expect(try await house.fault() == nil)
        }
    }

    @Test(
        "what is wrong with an adjustment is named",
        arguments: [
            (#"{"points": 0, "reason": "x"}"#, "/points", "out_of_range"),
            (#"{"points": 1000000001, "reason": "x"}"#, "/points", "out_of_range"),
            (#"{"points": 1.5, "reason": "x"}"#, "/points", "out_of_range"), (#"{"points": "1", "reason": "x"}"#, "/points", "wrong_type"),
            (#"{"points": 1}"#, "/reason", "missing"), (#"{"points": 1, "reason": "x", "note": 1}"#, "/note", "unknown_field"),
        ])
    func wrong(_ body: String, _ pointer: String, _ code: String) async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("customer.created", ["customer": ["id": "42"]]))
            let answer = try await house.test.request(.post, "/v1/loyalty/members/42/adjustments", body: Array(body.utf8))
            #expect(answer.status == 422)
            #expect(answer.pointers == [pointer])
            #expect(answer.json["errors"]?[0]?["code"] == .string(code))
        }
    }

    @Test("sixty-four at once can spend a balance, and not a point more")
    func concurrency() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(
                event("order.paid", orderData("1", customer: "42", total: 10_000)),
                event("order.paid", orderData("2", customer: "42", total: 5_000)))
            let test = house.test
            let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<64 {
                    group.addTask {
                        try await test.post("/v1/loyalty/members/42/adjustments", ["points": -7, "reason": "till"]).status == 201
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(granted == 150 / 7)
            #expect(try await house.balance("42") == 150 - 7 * Int64(granted))
            #expect(try await house.fault() == nil)
        }
    }

    @Test("nobody's account is 404, enrolling is repeatable, pages follow one another")
    func routes() async throws {
        try await LoyaltyHouse.with { house in
            for path in ["", "/transactions", "/lots"] { #expect(try await house.test.get("/v1/loyalty/members/7\(path)").status == 404) }
            #expect(try await house.test.post("/v1/loyalty/members/7/enroll").status == 404)
            #expect(try await house.test.post("/v1/loyalty/members/7/adjustments", ["points": 1, "reason": "x"]).status == 404)
            try await house.send(
                (0..<5).map { event("order.paid", orderData("\($0)", customer: "a/b c", placedAt: "2026-02-0\($0 + 1)T00:00:00Z")) })
            #expect(try await house.test.post("/v1/loyalty/members/a%2Fb%20c/enroll").status == 200)
            #expect(try await house.test.post("/v1/loyalty/members/a%2Fb%20c/enroll").json["balance"] == 245)
            for list in ["transactions", "lots"] {
                var seen: [JSON?] = []
                var cursor = ""
                repeat {
                    let page = try await house.test.get("/v1/loyalty/members/a%2Fb%20c/\(list)?limit=2&cursor=\(cursor)").json
                    seen += (page["data"]?.array ?? []).map { $0["order_id"] }
                    cursor = page["next_cursor"]?.string ?? ""
                } while !cursor.isEmpty
                #expect(seen == ["4", "3", "2", "1", "0"], "\(list)")
                #expect(try await house.test.get("/v1/loyalty/members/a%2Fb%20c/\(list)?limit=0").status == 422)
                #expect(try await house.test.get("/v1/loyalty/members/a%2Fb%20c/\(list)?cursor=%21").status == 422)
            }
        }
    }

    @Test("a storefront sees what is its shopper's own and nothing else")
    func storefront() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("order.paid", orderData("1", customer: "42")))
            func status(_ path: String, for customer: String?) async throws -> Int {
                let principal = Principal(kind: .publishable, keyID: "pk", customerID: customer)
                return try await house.test.request(.get, path, principal: principal).status
            }
            #expect(try await status("/v1/loyalty/members/42", for: "42") == 200)
            #expect(try await status("/v1/loyalty/members/42", for: "43") == 403)
            #expect(try await status("/v1/loyalty/members/42/transactions", for: nil) == 403)
            #expect(try await status("/v1/customers", for: "42") == 403)
            #expect(try await status("/v1/loyalty/ledger/verify", for: "42") == 403)
            #expect(try await house.test.request(.get, "/v1/loyalty/members/42", principal: nil).status == 401)
        }
    }

    @Test("a repeated call with the same key adjusts once")
    func idempotent() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(event("customer.created", ["customer": ["id": "42"]]))
            let body: JSON = ["points": 10, "reason": "x"]
            let first = try await house.test.post("/v1/loyalty/members/42/adjustments", body, headers: [.idempotencyKey: "k"])
            let second = try await house.test.post("/v1/loyalty/members/42/adjustments", body, headers: [.idempotencyKey: "k"])
            #expect(first.body == second.body)
            #expect(second.headers[.idempotencyReplayed] == "true")
            #expect(try await house.balance("42") == 10)
        }
    }
}
