import HTTPTypes
import ReferralService
import Shared
import SharedRuntime
import SharedTesting
import Testing

@Suite("Referral programmes")
struct ProgrammeTests {
    @Test("a fresh suite has the promised one, and a restart does not make a second")
    func standard() async throws {
        let test = try await TestHouse.start(ReferralService.definition)
        let programmes = try await test.get("/v1/referral/programs").json["data"]?.array
        #expect(programmes?.count == 1)
        let programme = try #require(programmes?.first)
        #expect(programme["friend_reward"]?["amount"] == 1_000 && programme["advocate_reward"]?["amount"] == 1_000)
        #expect(programme["friend_minimum_order"] == 4_000 && programme["hold_days"] == 14 && programme["approval"] == "automatic")
        #expect(programme["starts_at"] == .null && programme["ends_at"] == .null && programme["state"] == "open")
        #expect(try await test.delete("/v1/referral/programs/\(programme["id"]?.string ?? "")").status == 204)
        await test.stop(keep: true)
        let again = try await TestHouse.start(ReferralService.definition, folder: test.folder)
        #expect(try await again.get("/v1/referral/programs").json["data"] == [])
        #expect(try await again.put("/v1/referral/advocates/ada", [:]).code == "no_program")
        await again.stop()
    }

    @Test("made, read, replaced, listed by pages, deleted")
    func life() async throws {
        try await ReferralHouse.with { house in
            let body: JSON = [
                "name": "Spring", "friend_reward": ["kind": "percent", "percent": 12.5], "friend_minimum_order": 2_000,
                "advocate_reward": ["kind": "points", "points": 50], "hold_days": 7, "attribution": "first_click", "window_days": 14,
                "max_per_advocate": ["count": 5, "every": "month"], "starts_at": "2026-03-01T00:00:00Z", "ends_at": "2026-04-01T00:00:00Z",
            ]
            let made = try await house.test.post("/v1/referral/programs", body)
            #expect(made.status == 201, "\(made.text)")
            for member in body.object?.members ?? [] {
                for part in member.value.object?.members ?? [] {
                    #expect(made.json[member.name]?[part.name] == part.value, "\(member.name)")
                }
                if member.value.object == nil { #expect(made.json[member.name] == member.value, "\(member.name)") }
            }
            let id = try #require(made.json["id"]?.string)
            #expect(try await house.test.get("/v1/referral/programs/\(id)").json == made.json)
            var changed = try #require(made.json.object)
            changed["name"] = "Summer"
            #expect(try await house.test.put("/v1/referral/programs/\(id)", .object(changed)).json["name"] == "Summer")
            let page = try await house.test.get("/v1/referral/programs?limit=1").json
            let next = try #require(page["next_cursor"]?.string)
            let rest = try await house.test.get("/v1/referral/programs?limit=1&cursor=\(next)").json
            #expect(Set([page, rest].compactMap { $0["data"]?[0]?["id"]?.string }).count == 2 && rest["next_cursor"] == .null)
            #expect(try await house.test.delete("/v1/referral/programs/\(id)").status == 204)
            #expect(try await house.test.get("/v1/referral/programs/\(id)").status == 404)
            #expect(try await house.test.put("/v1/referral/programs/\(id)", .object(changed)).status == 404)
            let foreign = try await house.test.request(.get, "/v1/referral/programs", principal: storefront("ada"))
            #expect(foreign.status == 403)
        }
    }

    @Test("what is wrong is named by its field")
    func wrong() async throws {
        try await ReferralHouse.with { house in
            func refuses(_ fields: [String: JSON], _ pointer: String, _ code: String) async throws {
                var object: JSONObject = JSONObject([
                    .init(name: "name", value: "x"), .init(name: "friend_reward", value: ["kind": "free_shipping"]),
                ])
                for (name, value) in fields { object[name] = value }
                let answer = try await house.test.post("/v1/referral/programs", .object(object))
                let issue = answer.json["errors"]?[0]
                #expect(
                    answer.status == 422 && issue?["pointer"]?.string == pointer && issue?["code"]?.string == code,
                    "\(fields): \(answer.text)")
            }
            try await refuses(["name": nil], "/name", "missing")
            try await refuses(["friend_reward": nil], "/friend_reward", "missing")
            try await refuses(["friend_reward": ["kind": "gold"]], "/friend_reward/kind", "invalid")
            try await refuses(["friend_reward": ["kind": "fixed"]], "/friend_reward/amount", "missing")
            try await refuses(["advocate_reward": ["choices": []]], "/advocate_reward/choices", "not_supported_yet")
            try await refuses(["choices": []], "/choices", "not_supported_yet")
            try await refuses(["hold_days": 366], "/hold_days", "out_of_range")
            try await refuses(["friend_minimum_order": -1], "/friend_minimum_order", "out_of_range")
            try await refuses(["max_per_advocate": ["count": 0, "every": "month"]], "/max_per_advocate/count", "out_of_range")
            try await refuses(["max_per_advocate": ["count": 1]], "/max_per_advocate/every", "missing")
            try await refuses(["state": "ajar"], "/state", "invalid")
            try await refuses(["attribution": "any"], "/attribution", "invalid")
            try await refuses(["landing_url": "javascript:alert(1)"], "/landing_url", "invalid_url")
            try await refuses(["landing_url": "https://evil.example/"], "/landing_url", "host_not_allowed")
            try await refuses(["surprise": 1], "/surprise", "unknown_field")
            let dates: [String: JSON] = ["starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-02T00:00:00Z"]
            try await refuses(dates, "/ends_at", "out_of_range")
        }
    }
}

@Suite("Advocates")
struct AdvocateTests {
    @Test("the same code and link at every call")
    func stable() async throws {
        try await ReferralHouse.with { house in
            let first = try await house.test.request(.put, "/v1/referral/advocates/ada")
            #expect(first.status == 200)
            let code = try #require(first.json["code"]?.string)
            #expect(first.json["link"]?.string == "http://127.0.0.1:8080/r/\(code)")
            #expect(try await house.test.put("/v1/referral/advocates/ada", [:]).json == first.json)
            #expect(try await house.test.get("/v1/referral/advocates/ada").json == first.json)
            #expect(try await house.test.get("/v1/referral/advocates/nobody").status == 404)
        }
    }

    @Test("a code of one's own choice: read leniently, once in the world, and the old one keeps working")
    func vanity() async throws {
        try await ReferralHouse.with { house in
            let old = try await house.advocate("ada", code: nil)
            #expect(try await house.advocate("ada", code: "ada-ı0") == "ADA-I0")
            let taken = try await house.test.put("/v1/referral/advocates/bora", ["code": "ADA-I0"])
            #expect(taken.status == 409 && taken.code == "code_taken")
            #expect(try await house.claim("x@example.com", code: old).status == 201)
            #expect(try await house.advocate("ada", code: old) == old)
            for bad in ["", "AB", "АDА", "ADA 1", "-ADA-", "ADA/../X", String(repeating: "A", count: 33)] {
                let answer = try await house.test.put("/v1/referral/advocates/ada", ["code": .string(bad)])
                #expect(answer.status == 422 && answer.pointers == ["/code"], "\(bad)")
            }
            let programme = try await house.test.put("/v1/referral/advocates/ada", ["program_id": "program_x"])
            #expect(programme.status == 422 && programme.pointers == ["/program_id"])
        }
    }

    @Test("a storefront may ask for its shopper's own and nobody else's")
    func storefronts() async throws {
        try await ReferralHouse.with { house in
            #expect(try await house.test.request(.put, "/v1/referral/advocates/ada", principal: storefront("ada")).status == 200)
            #expect(try await house.test.request(.get, "/v1/referral/advocates/ada", principal: storefront("ada")).status == 200)
            for principal in [storefront(), storefront("bora")] {
                let answer = try await house.test.request(.put, "/v1/referral/advocates/ada", principal: principal)
                #expect(answer.status == 403 && answer.code == "customer_token_required")
                #expect(try await house.test.request(.get, "/v1/referral/advocates/ada", principal: principal).status == 403)
            }
        }
    }

    @Test("a storefront chooses no code: a shopper would take a coupon's name, and every order with it")
    func storefrontsChooseNothing() async throws {
        try await ReferralHouse.with { house in
            func put(_ code: String) async throws -> TestHouse.Answer {
                let body: JSON = ["code": .string(code)]
                return try await house.test.request(
                    .put, "/v1/referral/advocates/ada", body: body.bytes, principal: storefront("ada"))
            }
            #expect(try await put("SALE10").code == "secret_key_required")
            #expect(try await house.test.get("/v1/referral/advocates/ada").status == 404)
            try await house.advocate()
            #expect(try await put("SALE10").code == "secret_key_required")
            // What a GET answered may be sent back.
            #expect(try await put("ada10").json["code"] == "ADA10")
        }
    }

    @Test("a deleted advocate's codes refer nobody, and nobody else gets them")
    func deleted() async throws {
        try await ReferralHouse.with { house in
            try await house.send(settings("https://shop.example/"))
            try await house.advocate()
            try await house.send(event("customer.deleted", ["customer": ["id": "ada"]]))
            #expect(try await house.claim("x@example.com", code: "ADA10").code == "unknown_code")
            #expect(try await house.test.request(.get, "/r/ADA10", principal: .visitor).headers[.location] == "https://shop.example/")
            try await house.send(order("order.paid", "1", customer: "y", email: "y@example.com", code: "ADA10"))
            #expect(try await house.referrals().isEmpty)
            #expect(try await house.test.put("/v1/referral/advocates/bora", ["code": "ADA10"]).code == "code_taken")
            // The same customer come back.
            #expect(try await house.test.put("/v1/referral/advocates/ada", ["code": "ADA10"]).json["code"] == "ADA10")
            #expect(try await house.claim("x@example.com", code: "ADA10").status == 201)
        }
    }

    @Test("the overview shows a customer as advocate and as friend")
    func overview() async throws {
        try await ReferralHouse.with { house in
            func part(_ id: String) async throws -> JSON {
                let service = Principal(kind: .service, keyID: "service")
                return try await house.test.request(.get, "/internal/v1/overview/\(id)", principal: service).json["referral"] ?? .null
            }
            #expect(try await part("ada") == ["advocate": .null, "referrals": []])
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com", customer: "bora")
            let ada = try await part("ada")
            #expect(ada["advocate"]?["code"] == "ADA10" && ada["advocate"]?["link"] == "http://127.0.0.1:8080/r/ADA10")
            #expect(ada["advocate"]?["claimed"] == 1 && ada["advocate"]?["approved"] == 0 && ada["advocate"]?["clicks"] == 0)
            #expect(ada["referrals"]?[0]?["role"] == "advocate")
            let bora = try await part("bora")
            #expect(
                bora["advocate"] == .null && bora["referrals"]?[0]?["id"]?.string == claim.id && bora["referrals"]?[0]?["role"] == "friend")
        }
    }

    @Test("codes and referrals follow a merged customer")
    func merged() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            let claim = try await house.claimed("bora@example.com", customer: "bora")
            try await house.send(event("customers.merged", ["from_id": "ada", "into_id": "ada2"]))
            #expect(try await house.test.get("/v1/referral/advocates/ada2").json["code"] == "ADA10")
            #expect(try await house.referral(claim.id)["advocate_id"] == "ada2")
            #expect(try await house.claim("x@example.com", customer: "ada2").code == "self_referral")
        }
    }
}

@Suite("Links")
struct LinkTests {
    private func follow(
        _ house: ReferralHouse, _ path: String, from address: String = "10.0.0.1", agent: String = "a browser", language: String? = nil
    ) async throws -> TestHouse.Answer {
        var headers: HTTPFields = [.userAgent: agent]
        headers[try #require(HTTPField.Name("X-Vefa-Client-Address"))] = address
        headers[.acceptLanguage] = language
        return try await house.test.request(.get, path, headers: headers, principal: .visitor)
    }

    @Test("a link leads to the shop with its code; the landing page wins over the front page")
    func redirects() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.send(settings("https://shop.example/?a=1#top", hosts: ["blog.example"]))
            let front = try await follow(house, "/r/ada10")
            #expect(front.status == 302 && front.headers[.location] == "https://shop.example/?a=1&ref=ADA10#top")
            #expect(front.headers[.cacheControl] == "no-store")
            try await house.change(["landing_url": "https://blog.example/friends"])
            #expect(try await follow(house, "/r/ADA10").headers[.location] == "https://blog.example/friends?ref=ADA10")
            #expect(
                try await follow(house, "/r/ADA10?to=https://shop.example/sale").headers[.location] == "https://shop.example/sale?ref=ADA10"
            )
            #expect(try await follow(house, "/r/NOBODY").headers[.location] == "https://shop.example/?a=1#top")
            // What the shop allows may change after the programme was written.
            try await house.send(settings("https://shop.example/"))
            #expect(try await follow(house, "/r/ADA10").headers[.location] == "https://shop.example/?ref=ADA10")
            try await house.change(["landing_url": .null, "state": "closed"])
            #expect(try await follow(house, "/r/ADA10").headers[.location] == "https://shop.example/")
        }
    }

    @Test(
        "no wish leads to a foreign host",
        arguments: [
            "https://evil.example/", "//evil.example/", "https://shop.example@evil.example/", "https://shop.example.evil.example/",
            "javascript:alert(1)", "https:evil.example", "https://evil.example%2F@shop.example/", "https://shop.example%5C@evil.example/",
            "https://shop.example%0d%0aSet-Cookie:%20a=b", "%68ttps://evil.example", "https://ѕhop.example/", "data:text/html,x",
            "/\\evil.example",
            "http:///evil.example", "",
        ])
    func foreign(_ wish: String) async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.send(settings("https://shop.example/"))
            let encoded = wish.contains("%") ? wish : PercentCoding.encode(wish)
            for code in ["ADA10", "NOBODY"] {
                let answer = try await follow(house, "/r/\(code)?to=\(encoded)")
                #expect(answer.status == 302)
                #expect(answer.headers[.location] == (code == "ADA10" ? "https://shop.example/?ref=ADA10" : "https://shop.example/"))
            }
        }
    }

    @Test("without a shop's address the code is shown, in the reader's language; an unknown one is not found")
    func pages() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            try await house.send(settings(nil))
            let english = try await follow(house, "/r/ADA10", language: "de, en;q=0.5")
            #expect(english.status == 200 && english.text.contains("ADA10") && english.text.contains("lang=\"en\""))
            #expect(english.text.contains("The &lt;Shop&gt;") && !english.text.contains("<Shop>"))
            #expect(english.headers[.cacheControl] == "no-store")
            #expect(try await follow(house, "/r/ADA10", language: "tr-TR").text.contains("arkadaşınız"))
            for code in ["NOBODY", "%D0%90DA10", "ADA10%00", "%3Cscript%3E", "ADA10%E2%80%8B"] {
                let unknown = try await follow(house, "/r/\(code)", language: "tr")
                #expect(unknown.status == 404, "\(code)")
                #expect(!unknown.text.contains("<script>"))
            }
        }
    }

    @Test("a click counts once an hour for each code, address and browser; nothing of the visitor is kept in clear, or longer than 30 days")
    func clicks() async throws {
        try await ReferralHouse.with { house in
            try await house.advocate()
            // A scanner that only asks where the link leads is no visit.
            let asked = try await house.test.request(.head, "/r/ADA10", principal: .visitor)
            #expect(asked.status == 302 || asked.status == 200)
            #expect(try await house.test.get("/v1/referral/advocates/ada").json["clicks"] == 0)
            for _ in 0..<3 { _ = try await follow(house, "/r/ADA10") }
            _ = try await follow(house, "/r/ada10", from: "10.0.0.2")
            _ = try await follow(house, "/r/ADA10", agent: "another browser")
            _ = try await follow(house, "/r/NOBODY")
            #expect(try await house.test.get("/v1/referral/advocates/ada").json["clicks"] == 3)
            let said = try await house.test.said("referral.clicked")
            #expect(said.count == 3 && said.allSatisfy { $0.subject == "ada" && $0.data["code"] == "ADA10" })
            try await house.test.advance(seconds: 3_600)
            _ = try await follow(house, "/r/ADA10")
            #expect(try await house.test.get("/v1/referral/advocates/ada").json["clicks"] == 4)
            func kept() async throws -> [String] {
                try await house.test.house.read { try $0.all("SELECT visitor FROM clicks") { $0.text(0) } }
            }
            #expect(try await kept().count == 4)
            #expect(try await kept().allSatisfy { Base64URL.decode($0)?.count == 16 })
            try await house.test.advance(days: 32)
            #expect(try await kept().isEmpty)
            #expect(try await house.test.get("/v1/referral/advocates/ada").json["clicks"] == 4)
        }
    }
}
