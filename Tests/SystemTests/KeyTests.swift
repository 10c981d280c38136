import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("Keys and signatures", .onOneSuite())
    struct KeyTests {
        @Test("a revoked key is refused at once")
        func revoked() async throws {
            let suite = try Running.suite()
            let made = try await suite.post("/v1/api_keys", ["name": "till", "kind": "secret"])
            #expect(made.status == 201, "\(made.text)")
            let key = try #require(made.json["key"]?.string)
            let id = try #require(made.json["id"]?.string)
            let event = Shop("keys").custom("k-1").json.bytes
            #expect(try await suite.request("POST", "/v1/events", body: event, key: key).status == 202)
            #expect(try await suite.request("GET", "/v1/loyalty/program", key: key).status == 200)
            let revoked = try await suite.request("DELETE", "/v1/api_keys/\(id)", key: suite.key)
            #expect((200..<300).contains(revoked.status))
            for (method, path, body) in [("POST", "/v1/events", event), ("GET", "/v1/loyalty/program", nil)] {
                let answer = try await suite.request(method, path, body: body, key: key)
                #expect(answer.status == 401)
                #expect(answer.code == "invalid_key")
            }
            try await suite.crash(.gateway)
            try await suite.waitUntilReady()
            #expect(try await suite.request("POST", "/v1/events", body: event, key: key).status == 401)
        }

        @Test("a publishable key may not call what is for servers; no key, and a key that is none, are 401")
        func publishable() async throws {
            let suite = try Running.suite()
            let made = try await suite.post("/v1/api_keys", ["name": "storefront", "kind": "publishable"])
            let key = try #require(made.json["key"]?.string)
            #expect(key.hasPrefix("pk_"))
            let event = Shop("keys").custom("k-2").json.bytes
            for (method, path, body) in [
                ("POST", "/v1/events", event), ("GET", "/v1/loyalty/ledger/verify", nil), ("GET", "/v1/customers/anybody/overview", nil),
                ("GET", "/v1/api_keys", nil),
            ] {
                let answer = try await suite.request(method, path, body: body, key: key)
                #expect(answer.status == 403, "\(method) \(path): \(answer.status) \(answer.text)")
                for wrong in [nil, "sk_live_nobody", key + "x"] {
                    #expect(try await suite.request(method, path, body: body, key: wrong).status == 401, "\(method) \(path)")
                }
            }
            #expect(try await suite.get("/v1/events/k-2").status == 404)
        }

        @Test("past the gateway nothing is answered unsigned, and the gateway passes no caller's signature on")
        func unsigned() async throws {
            let suite = try Running.suite()
            let calls: [(ServiceName, String, String)] = [
                (.loyalty, "GET", "/v1/loyalty/members/c-1"), (.loyalty, "GET", "/v1/loyalty/ledger/verify"),
                (.loyalty, "POST", "/internal/v1/events"),
                (.messaging, "GET", "/v1/messages"), (.messaging, "GET", "/internal/v1/overview/c-1"),
                (.referral, "POST", "/internal/v1/events"),
                (.survey, "GET", "/internal/v1/clock"), (.gateway, "POST", "/internal/v1/events"),
            ]
            for (service, method, path) in calls {
                for header in [nil, "v1.e30.AAAA", "v1.eyJrIjoic2VydmljZSJ9."] {
                    let headers = header.map { ["X-Vefa-Principal": $0] } ?? [:]
                    // A key means nothing there either.
                    let answer = try await suite.request(method, path, headers: headers, key: suite.key, to: service)
                    #expect(answer.status == 401, "\(service) \(method) \(path): \(answer.status) \(answer.text)")
                }
            }
            // A service's own signature, taken from somewhere, opens nothing at the front door.
            let stolen = PrincipalSigner(key: Array(TestHouse.key.utf8)).header(for: Principal(kind: .service, keyID: "service"))
            let front = try await suite.request("GET", "/v1/loyalty/ledger/verify", headers: ["X-Vefa-Principal": stolen], key: nil)
            #expect(front.status == 401)
            let made = try await suite.post("/v1/api_keys", ["name": "storefront", "kind": "publishable"])
            let key = try #require(made.json["key"]?.string)
            #expect(
                try await suite.request("GET", "/v1/loyalty/ledger/verify", headers: ["X-Vefa-Principal": stolen], key: key).status == 403)
        }
    }
}
