import LoyaltyDomain
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import LoyaltyService

@Suite("Loyalty: members in store")
struct InStoreTests {
    private func known(_ house: LoyaltyHouse) async throws {
        for (id, phone, email) in [
            ("ada", "+90 (532) 123-45 67", "ada@example.com"), ("bob", "0532 123 45 67", "Bob@Example.com"),
            ("cem", "+1 532 123 4567", "cem@example.com"), ("dan", "+44 20 7946 0958", "dan@example.com"),
        ] {
            try await house.send(
                event("customer.created", ["customer": ["id": .string(id), "phone": .string(phone), "email": .string(email)]]))
        }
    }

    private func found(_ house: LoyaltyHouse, _ query: String) async throws -> [String] {
        let answer = try await house.test.get("/v1/loyalty/members?\(query)")
        guard answer.status == 200 else { throw Unexpected(answer: answer.text) }
        return answer.json["data"]?.array?.compactMap { $0["customer_id"]?.string } ?? []
    }

    @Test("a member is found by telephone number however it is written, and by e-mail")
    func find() async throws {
        try await LoyaltyHouse.with { house in
            try await known(house)
            #expect(try await found(house, "phone=%2B905321234567") == ["ada", "bob"])
            #expect(try await found(house, "phone=0090%20532%20123%204567") == ["ada", "bob"])
            #expect(try await found(house, "phone=+90532-123-4567") == ["ada", "bob"])
            #expect(try await found(house, "phone=5321234567") == ["ada", "bob", "cem"])
            #expect(try await found(house, "phone=020%207946%200958") == ["dan"])
            #expect(try await found(house, "phone=4567") == [])
            #expect(try await found(house, "email=BOB%40example.com") == ["bob"])
            #expect(try await found(house, "email=nobody%40example.com") == [])
            let answer = try await house.test.get("/v1/loyalty/members?email=ada%40example.com").json["data"]?[0]
            #expect(answer?["balance"] == 0 && answer?["customer"]?["phone"] == "+90 (532) 123-45 67")
            // A number that changes is found by the new one alone.
            _ = try await house.test.put("/v1/customers/dan", ["phone": "+44 20 7946 0000"])
            #expect(try await found(house, "phone=%2B442079460958") == [])
            #expect(try await found(house, "phone=%2B442079460000") == ["dan"])
            _ = try await house.test.delete("/v1/customers/dan")
            #expect(try await found(house, "phone=%2B442079460000") == [])
        }
    }

    @Test("numbers that were there before are found as well")
    func before() async throws {
        try await LoyaltyHouse.with { house in
            try await known(house)
            let keys = try await house.test.house.write { change in
                try change.db.execute("UPDATE customers SET phone_key = NULL")
                try change.db.execute("\(raw: LoyaltyMigrations.fillPhoneKeys)")
                return try change.db.all("SELECT phone, phone_key FROM customers ORDER BY customer_id") { ($0.text(0), $0.text(1)) }
            }
            #expect(keys.count == 4)
            for (phone, key) in keys { #expect(PhoneNumber(phone)?.key == key) }
        }
    }

    @Test("exactly one thing is looked for", arguments: ["", "phone=1&email=a%40b", "phone=abc", "email=abc", "code=", "phone="])
    func wrong(_ query: String) async throws {
        try await LoyaltyHouse.with { house in
            let answer = try await house.test.get("/v1/loyalty/members?\(query)")
            #expect(answer.status == 422)
        }
    }

    @Test("a card is the member's until another takes its place")
    func card() async throws {
        try await LoyaltyHouse.with { house in
            try await known(house)
            let first = try await house.test.get("/v1/loyalty/members/ada/card").json
            let code = first["code"]?.string ?? ""
            #expect(code.utf8.count == 12 && first["payload"]?.string == "vefa:m:\(code)")
            #expect(try await house.test.get("/v1/loyalty/members/ada/card").json == first)
            #expect(try await found(house, "code=\(code.lowercased())") == ["ada"])
            #expect(try await found(house, "code=vefa%3Am%3A\(code)") == ["ada"])
            let second = try await house.test.post("/v1/loyalty/members/ada/card")
            #expect(second.status == 201 && second.json["code"]?.string != code)
            #expect(try await found(house, "code=\(code)") == [])
            #expect(try await found(house, "code=\(second.json["code"]?.string ?? "")") == ["ada"])
            #expect(try await found(house, "code=%F0%9F%8D%B5") == [])
            #expect(try await house.test.get("/v1/loyalty/members/nobody/card").status == 404)
        }
    }

    @Test("a card asked for by many at once is one card")
    func oneCard() async throws {
        try await LoyaltyHouse.with { house in
            try await known(house)
            let codes = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<32 { group.addTask { try await house.test.get("/v1/loyalty/members/ada/card").json["code"]?.string ?? "" } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(codes.count == 1 && !codes.contains(""))
        }
    }

    @Test("a storefront sees its own shopper's card and nobody else's")
    func access() async throws {
        try await LoyaltyHouse.with { house in
            try await known(house)
            let ada = Principal(kind: .publishable, keyID: "key_shop", customerID: "ada")
            let nobody = Principal(kind: .publishable, keyID: "key_shop")
            #expect(try await house.test.request(.get, "/v1/loyalty/members/ada/card", principal: ada).status == 200)
            #expect(try await house.test.request(.get, "/v1/loyalty/members/bob/card", principal: ada).status == 403)
            #expect(try await house.test.request(.get, "/v1/loyalty/members/ada/card", principal: nobody).status == 403)
            #expect(try await house.test.request(.post, "/v1/loyalty/members/ada/card", principal: ada).status == 403)
            #expect(try await house.test.request(.get, "/v1/loyalty/members?code=x", principal: ada).status == 403)
        }
    }

    @Test("who checks in earns once for an event's name")
    func checkIn() async throws {
        try await LoyaltyHouse.with { house in
            try await known(house)
            try await house.addRule(["name": "came", "trigger": "store.checked_in", "points": ["fixed": 25]])
            func come(_ id: String, _ body: JSON) async throws -> TestHouse.Answer {
                try await house.test.post("/v1/loyalty/members/\(id)/check_ins", body)
            }
            let first = try await come("ada", ["event": "opening-night", "place": "Kadıköy"])
            #expect(first.status == 201 && first.json["points"] == 25 && first.json["event"] == "opening-night")
            let again = try await come("ada", ["event": "opening-night", "place": "Moda", "at": "2026-03-01T08:00:00Z"])
            #expect(again.status == 200 && again.json == first.json)
            #expect(try await come("bob", ["event": "opening-night"]).json["points"] == 25)
            #expect(try await come("ada", ["event": "second night"]).json["points"] == 25)
            #expect(try await house.balance("ada") == 50)
            let said = try await house.test.said("store.checked_in")
            #expect(said.count == 3 && said[0].data["place"] == "Kadıköy" && said[0].subject == "ada")
            #expect(try await come("ada", ["event": ""]).status == 422)
            #expect(try await come("ada", ["event": "x", "at": "2026-03-01T09:00:01Z"]).pointers == ["/at"])
            #expect(try await come("nobody", ["event": "x"]).status == 404)
            #expect(try await house.fault() == nil)
        }
    }
}
