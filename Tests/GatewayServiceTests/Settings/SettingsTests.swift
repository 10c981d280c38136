import HTTPTypes
import Shared
import SharedRuntime
import SharedTesting
import Testing

@testable import GatewayService

@Suite("Settings", .serialized)
struct SettingsTests {
    private static let path = "/v1/settings"

    @Test("a fresh suite has none and says nothing about them")
    func fresh() async throws {
        try await withGateway { gateway in
            let answer = try await gateway.get(Self.path)
            #expect(answer.status == 200)
            #expect(answer.headers[.eTag] != nil)
            #expect(
                answer.json == [
                    "store_name": nil, "store_url": nil, "allowed_hosts": [], "allowed_origins": [], "sender": nil, "reply_to": nil,
                    "postal_address": nil, "customer_token_configured": false, "updated_at": nil,
                ])
            #expect(try await gateway.test.said().isEmpty)
        }
    }

    @Test("what is PUT is answered, kept over a restart, and told to the services once")
    func replace() async throws {
        let gateway = try await GatewayHouse.start()
        let answer = try await gateway.put(
            Self.path,
            [
                "store_name": "Çarşı", "store_url": "https://carsi.example/tr",
                "allowed_hosts": ["Blog.Carsi.Example", "blog.carsi.example"],
                "allowed_origins": ["https://carsi.example", "HTTPS://Carsi.example:443", "http://127.0.0.1:3000"],
                "sender": "Çarşı <shop@carsi.example>", "reply_to": "help@carsi.example", "postal_address": "Kadıköy\r\nİstanbul",
            ])
        #expect(answer.status == 200)
        #expect(answer.json["store_url"] == "https://carsi.example/tr")
        #expect(answer.json["allowed_hosts"] == ["blog.carsi.example"])
        #expect(answer.json["allowed_origins"] == ["https://carsi.example", "http://127.0.0.1:3000"])
        #expect(answer.json["postal_address"] == "Kadıköy\nİstanbul")
        #expect(answer.json["updated_at"]?.string != nil)
        let said = try await gateway.test.said()
        #expect(said.map(\.type) == ["settings.changed"])
        #expect(said.first?.source == "vefa/gateway")
        #expect(said.first?.subject == nil)
        #expect(said.first?.person == nil, "it is nobody's")
        let told = StoreSettings(json: said.first?.data ?? .null)
        #expect(told.storeName == "Çarşı")
        #expect(told.allowedHosts == ["blog.carsi.example"])
        #expect(try await gateway.test.house.read { try SettingsKeeper.current($0) } == told, "the gateway's own copy")

        // The same again, and what GET answered sent back, change nothing and are not told.
        let again = try await gateway.put(Self.path, answer.json)
        #expect(again.status == 200)
        #expect(again.json == answer.json)
        #expect(again.headers[.eTag] == answer.headers[.eTag])
        #expect(try await gateway.test.said().count == 1)
        await gateway.test.stop(keep: true)

        let second = try await GatewayHouse.start(folder: gateway.test.folder)
        #expect(try await second.get(Self.path).json == answer.json)
        #expect(try await second.test.said().count == 1)
        await second.test.stop()
    }

    @Test("a field that is not named stays, null takes it back")
    func partly() async throws {
        try await withGateway { gateway in
            _ = try await gateway.put(Self.path, ["store_name": "A", "sender": "a@b.example"])
            let second = try await gateway.put(Self.path, ["store_name": nil, "reply_to": "c@d.example"])
            #expect(second.json["store_name"] == .null)
            #expect(second.json["sender"] == "a@b.example")
            #expect(second.json["reply_to"] == "c@d.example")
            #expect(try await gateway.test.said("settings.changed").count == 2)
        }
    }

    @Test("the environment's values hold until something is PUT, and again when that is taken back; what differs at a start is told")
    func environment() async throws {
        let environment = [
            "VEFA_STORE_NAME": "From outside", "VEFA_STORE_URL": "https://shop.example", "VEFA_ALLOWED_HOSTS": "a.example, b.example",
            "VEFA_ALLOWED_ORIGINS": "https://shop.example", "VEFA_MAIL_FROM": "Shop <shop@shop.example>",
            "VEFA_MAIL_REPLY_TO": "r@shop.example",
            "VEFA_POSTAL_ADDRESS": "Street 1", "VEFA_CUSTOMER_TOKEN_SECRET": "0123456789abcdef",
        ]
        let gateway = try await GatewayHouse.start(environment)
        let first = try await gateway.get(Self.path)
        #expect(first.json["store_name"] == "From outside")
        #expect(first.json["allowed_hosts"] == ["a.example", "b.example"])
        #expect(first.json["sender"] == "Shop <shop@shop.example>")
        #expect(first.json["customer_token_configured"] == true)
        #expect(try await gateway.test.said("settings.changed").count == 1)
        _ = try await gateway.put(Self.path, ["store_name": "PUT", "allowed_hosts": []])
        #expect(try await gateway.get(Self.path).json["store_name"] == "PUT")
        #expect(try await gateway.get(Self.path).json["allowed_hosts"] == [])
        #expect(try await gateway.test.said("settings.changed").count == 2)
        await gateway.test.stop(keep: true)

        let second = try await GatewayHouse.start(environment, folder: gateway.test.folder)
        #expect(try await second.get(Self.path).json["store_name"] == "PUT", "what was PUT wins")
        #expect(try await second.test.said("settings.changed").count == 2, "nothing new to tell")
        _ = try await second.put(Self.path, ["store_name": nil])
        #expect(try await second.get(Self.path).json["store_name"] == "From outside")
        await second.test.stop(keep: true)

        let third = try await GatewayHouse.start(folder: gateway.test.folder)
        #expect(try await third.get(Self.path).json["store_name"] == .null)
        #expect(try await third.get(Self.path).json["customer_token_configured"] == false)
        let said = try await third.test.said("settings.changed")
        #expect(said.count == 4)
        #expect(said.last?.data["store_url"] == .null)
        await third.test.stop()
    }

    @Test(
        "an environment that no PUT could write stops the start",
        arguments: [
            ("VEFA_STORE_URL", "shop.example"), ("VEFA_ALLOWED_HOSTS", "a.example,b/c"), ("VEFA_ALLOWED_ORIGINS", "https://a.example/path"),
            ("VEFA_MAIL_FROM", "nobody"), ("VEFA_CUSTOMER_TOKEN_SECRET", "short"), ("VEFA_TRUSTED_PROXIES", "10.0.0.0/40"),
        ])
    func wrongEnvironment(variable: String, value: String) async throws {
        await #expect { try await withGateway([variable: value]) { _ in } } throws: { "\($0)".contains(variable) }
    }

    @Test(
        "what is wrong is refused by field, and nothing is kept",
        arguments: [
            ("store_name", "", "/store_name", "empty"), ("store_name", "a\nb", "/store_name", "invalid"),
            ("store_name", 7, "/store_name", "wrong_type"),
            ("store_name", .string(String(repeating: "x", count: 201)), "/store_name", "too_long"),
            ("store_url", "javascript:alert(1)", "/store_url", "invalid"),
            ("store_url", "https://user@shop.example", "/store_url", "invalid"),
            ("allowed_hosts", ["ok.example", "https://shop.example"], "/allowed_hosts/1", "invalid"),
            ("allowed_hosts", "ok.example", "/allowed_hosts", "wrong_type"),
            ("allowed_hosts", .array(Array(repeating: "a.example", count: 51)), "/allowed_hosts", "too_many"),
            ("allowed_origins", ["https://shop.example/"], "/allowed_origins/0", "invalid"),
            ("allowed_origins", ["*"], "/allowed_origins/0", "invalid"),
            ("allowed_origins", ["null"], "/allowed_origins/0", "invalid"), ("sender", "shop", "/sender", "invalid"),
            ("sender", "Shop <shop@a.example>\r\nBcc: x@y.example", "/sender", "invalid"),
            ("sender", "a b@c.example", "/sender", "invalid"),
            ("reply_to", "Shop <shop@>", "/reply_to", "invalid"), ("reply_to", "a@b@c", "/reply_to", "invalid"),
            ("postal_address", "a\u{7}b", "/postal_address", "invalid"),
            ("customer_token_secret", "fifteen letters", "/customer_token_secret", "too_short"),
            ("customer_token_secret", .string(String(repeating: "x", count: 256)), "/customer_token_secret", "too_long"),
            ("colour", "red", "/colour", "unknown_field"),
        ] as [(String, JSON, String, String)])
    func wrong(field: String, value: JSON, pointer: String, code: String) async throws {
        try await withGateway { gateway in
            var body: JSONObject = JSONObject([.init(name: "reply_to", value: "a@b.example")])
            body[field] = value
            let answer = try await gateway.put(Self.path, .object(body))
            #expect(answer.status == 422)
            #expect(answer.pointers == [pointer])
            #expect(answer.json.at("errors", "0", "code") == .string(code))
            #expect(try await gateway.get(Self.path).json["reply_to"] == .null)
            #expect(try await gateway.test.said().isEmpty)
        }
    }

    @Test("who names another state than the present one does not overwrite it")
    func condition() async throws {
        try await withGateway { gateway in
            let seen = try #require(try await gateway.get(Self.path).headers[.eTag])
            let first = try await gateway.put(Self.path, ["store_name": "A"], headers: [.ifMatch: "\"other\", \(seen)"])
            #expect(first.status == 200)
            let late = try await gateway.put(Self.path, ["store_name": "B"], headers: [.ifMatch: seen])
            #expect(late.status == 412)
            #expect(late.code == "precondition_failed")
            #expect(try await gateway.get(Self.path).json["store_name"] == "A")
            #expect(try await gateway.put(Self.path, ["store_name": "C"], headers: [.ifMatch: "*"]).status == 200)
            let before = try await gateway.get(Self.path).headers[.eTag]
            _ = try await gateway.put(Self.path, ["customer_token_secret": "the first secret of all"])
            let between = try await gateway.get(Self.path).headers[.eTag]
            _ = try await gateway.put(Self.path, ["customer_token_secret": "the second secret of all"])
            #expect(Set([before, between, try await gateway.get(Self.path).headers[.eTag]]).count == 3, "another secret is another state")
        }
    }

    @Test("the customers' token secret is taken and never answered; only the store's file holds it")
    func secret() async throws {
        try await withGateway { gateway in
            let secret = "a secret that only the shop knows"
            let answer = try await gateway.put(Self.path, ["customer_token_secret": .string(secret)], headers: [.idempotencyKey: "k"])
            #expect(answer.json["customer_token_configured"] == true)
            #expect(!answer.text.contains(secret))
            #expect(!(try await gateway.get(Self.path).text.contains(secret)))
            let kept = try await gateway.test.house.read { db in try db.all("SELECT body FROM idempotency") { $0.text(0) } }
            #expect(!kept.joined().contains(secret))
            #expect(try await gateway.test.said().isEmpty, "a secret is nothing to tell")
            let cleared = try await gateway.put(Self.path, ["customer_token_secret": nil])
            #expect(cleared.json["customer_token_configured"] == false)
        }
    }

    @Test("a replaced secret, the environment's too, is accepted for a day; one taken back is not")
    func rotation() {
        let now = TestHouse.startOfTime
        var written = WrittenSettings()
        written.replaceSecret(with: "one", environment: "zero", now: now)
        #expect(written.secret == "one")
        #expect(written.previousSecret == "zero")
        #expect(written.previousUntil == now.adding(seconds: 86_400))
        written.replaceSecret(with: "two", environment: "zero", now: now.adding(seconds: 60))
        #expect(written.previousSecret == "one")
        let until = written.previousUntil
        written.replaceSecret(with: "two", environment: "zero", now: now.adding(seconds: 120))
        #expect(written.previousSecret == "one" && written.previousUntil == until, "the same again cuts nothing short")
        written.replaceSecret(with: nil, environment: "zero", now: now)
        #expect(written.secret == nil && written.previousSecret == nil && written.previousUntil == nil)
    }

    @Test("only a secret key that manages the suite may see or change them")
    func scope() async throws {
        try await withGateway { gateway in
            let reader = try #require(try await gateway.post("/v1/api_keys", ["name": "r", "scopes": ["loyalty:*"]]).json["key"]?.string)
            let page = try #require(try await gateway.post("/v1/api_keys", ["name": "p", "kind": "publishable"]).json["key"]?.string)
            #expect(try await gateway.get(Self.path, key: reader).code == "missing_scope")
            #expect(try await gateway.put(Self.path, ["store_name": "x"], key: page).code == "secret_key_required")
        }
    }

    @Test("settings are in nobody's timeline, and their event can be asked for like any other")
    func quiet() async throws {
        try await withGateway { gateway in
            _ = try await gateway.post("/v1/events", event("a", data: ["customer": ["id": "c1"]]))
            _ = try await gateway.put(Self.path, ["store_name": "A"])
            let timeline = try await gateway.get("/v1/customers/c1/timeline")
            #expect(timeline.json["data"]?.array?.compactMap { $0["type"]?.string } == ["custom.seen"])
            let id = try #require(try await gateway.test.said("settings.changed").first?.id)
            let status = try await gateway.get("/v1/events/\(id)")
            #expect(status.json["customer_id"] == .null)
            #expect(status.json["processed_by"]?.object?.members.map(\.name).sorted() == ["loyalty", "messaging", "referral", "survey"])
        }
    }
}
