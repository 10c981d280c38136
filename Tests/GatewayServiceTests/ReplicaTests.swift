import Crypto
import Foundation
import HTTPTypes
import Logging
import Shared
import SharedStore
import SharedTesting
import Testing

@testable import GatewayService
@testable import SharedRuntime

/// Several gateways on one store.
@Suite("Gateways beside each other", .serialized)
struct ReplicaTests {
    /// What another gateway does to the store, in a change of its own.
    private func elsewhere(_ gateway: GatewayHouse, _ name: String, _ body: @escaping @Sendable (SQLConnection) throws -> Void) async throws {
        try await gateway.test.house.store.write { db in
            try body(db)
            try Change(db: db, now: VefaClock.machineNow, service: .gateway).revise(name)
        }
        try await gateway.test.house.revisions.look()
    }

    @Test("a key that another gateway makes or revokes is known here")
    func keys() async throws {
        try await withGateway { gateway in
            let made = try await gateway.post("/v1/api_keys", ["name": "till"])
            let key = try #require(made.json["key"]?.string)
            #expect(try await gateway.get("/v1/api_keys", key: key).status == 200)
            try await elsewhere(gateway, KeyRing.revision) { db in
                try db.execute("UPDATE api_keys SET revoked_at = 1 WHERE name = 'till'")
            }
            #expect(try await gateway.get("/v1/api_keys", key: key).status == 401)
            let other = APIKey.makeKey(.secret)
            try await elsewhere(gateway, KeyRing.revision) { db in
                let record = APIKey(
                    id: "key_other", kind: .secret, name: "other", shown: "sk_", scopes: ["*"], allowedOrigins: [], createdAt: .epoch, revokedAt: nil)
                try APIKeyStore.insert(record, hash: KeyRing.hash(other), db)
            }
            #expect(try await gateway.get("/v1/api_keys", key: other).status == 200)
        }
    }

    @Test("settings and connectors' secrets that another gateway writes hold here")
    func settings() async throws {
        try await withGateway { gateway in
            let page: HTTPFields = [.origin: "https://other.example"]
            _ = try await gateway.put("/v1/settings", ["allowed_origins": ["https://shop.example"]])
            let key = try #require(try await gateway.post("/v1/api_keys", ["kind": "publishable", "name": "p"]).json["key"]?.string)
            #expect(try await gateway.post("/v1/surveys/decide", [:], headers: page, key: key).code == "origin_not_allowed")
            try await elsewhere(gateway, SettingsDesk.revision) { db in
                var written = try SettingsStore.read(db)
                written.write(JSONObject([.init(name: "allowed_origins", value: ["https://other.example"])]))
                written.version += 1
                written.updatedAt = .epoch
                try SettingsStore.keep(written, db)
            }
            // Past the door; behind it nobody is.
            #expect(try await gateway.post("/v1/surveys/decide", [:], headers: page, key: key).code == "upstream_unavailable")

            #expect(try await gateway.get("/v1/connectors/shopify").json["configured"] == false)
            // By a clock that is behind: what is in the store counts, not when it says that it was written.
            for secret in ["first secret", "second secret"] {
                try await elsewhere(gateway, ConnectorSecrets.revision) { db in
                    let time: Int64 = secret.hasPrefix("first") ? 2_000 : 1_000
                    try db.execute("DELETE FROM connectors")
                    try db.execute("INSERT INTO connectors (name, secret, updated_at) VALUES ('shopify', \(secret), \(time))")
                }
                let body = Array("{}".utf8)
                let code = HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8)))
                let signature = Data(code).base64EncodedString()
                let answer = try await gateway.call(
                    .post, "/v1/connectors/shopify/webhooks", body, headers: [.shopifyHMAC: signature, .shopifyTopic: "orders/paid"], key: nil)
                #expect(answer.status == 202, "\(secret)")
            }
            #expect(try await gateway.get("/v1/connectors/shopify").json["configured"] == true)
        }
    }

    @Test("an event without a number yet is told of as waiting, and has its place in the timeline")
    func unnumbered() async throws {
        try await withSharedStore { url in
            let gateway = try await GatewayHouse.start(["VEFA_GATEWAY_DATABASE_URL": url])
            let result = await catching {
                let time: JSON = ["time": "2026-02-01T00:00:00Z"]
                for id in ["b", "d", "c"] { _ = try await gateway.post("/v1/events", event(id, type: "order.paid", data: order(id), extra: time)) }
                let numbered = try await gateway.test.house.read { try $0.exists("SELECT 1 FROM outbox WHERE position IS NOT NULL") }
                #expect(!numbered)
                let status = try await gateway.get("/v1/events/b")
                #expect(status.status == 200)
                #expect(status.json["processed_by"] == ["loyalty": "waiting", "messaging": "waiting", "referral": "waiting", "survey": "waiting"])

                let first = try await gateway.get("/v1/customers/c1/timeline?limit=2")
                #expect(first.json["data"]?.array?.map { $0["id"] } == ["d", "c"])
                // Numbers come, and more of the same moment: the page goes on where it was.
                try await gateway.test.house.store.write { db in
                    try db.execute("UPDATE outbox SET position = 7 WHERE id = 'd'")
                    try db.execute("UPDATE outbox SET position = 9 WHERE id = 'b'")
                }
                _ = try await gateway.post("/v1/events", event("e", type: "order.paid", data: order("e"), extra: time))
                _ = try await gateway.post("/v1/events", event("a", type: "order.paid", data: order("a"), extra: time))
                let cursor = try #require(first.json["next_cursor"]?.string)
                let second = try await gateway.get("/v1/customers/c1/timeline?limit=5&cursor=\(cursor)")
                #expect(second.json["data"]?.array?.map { $0["id"] } == ["b", "a"])
            }
            await gateway.test.stop()
            try result.get()
        }
    }

    @Test("two gateways that start at once on an empty store share the first key; what one revokes the other refuses")
    func startTogether() async throws {
        try await withSharedStore { url in
            async let one = GatewayHouse.start(["VEFA_GATEWAY_DATABASE_URL": url, "VEFA_STORE_NAME": "Shop"])
            async let two = GatewayHouse.start(["VEFA_GATEWAY_DATABASE_URL": url, "VEFA_STORE_NAME": "Shop"])
            let (a, b) = try await (one, two)
            let result = await catching {
                let keys = try await a.get("/v1/api_keys")
                #expect(keys.json["data"]?.array?.count == 1)
                #expect(try await a.journal().count <= 1)
                let made = try await a.post("/v1/api_keys", ["name": "till"])
                let key = try #require(made.json["key"]?.string)
                let id = try #require(made.json["id"]?.string)
                try await until("the other knows it") {
                    try await b.test.house.revisions.look()
                    return try await b.get("/v1/api_keys", key: key).status == 200
                }
                #expect(try await b.call(.delete, "/v1/api_keys/\(id)").status == 204)
                #expect(try await b.get("/v1/api_keys", key: key).status == 401)
                try await a.test.house.revisions.look()
                #expect(try await a.get("/v1/api_keys", key: key).status == 401)
            }
            await a.test.stop()
            await b.test.stop()
            try result.get()
        }
    }
}

private let server = ProcessInfo.processInfo.environment["VEFA_TEST_POSTGRES_URL"]

/// Runs `body` with an empty store that several processes may share; not where there is no PostgreSQL.
private func withSharedStore(_ body: (String) async throws -> Void) async throws {
    guard let server else { return }
    let schema = "gateway_" + String(UInt64.random(in: .min ... .max), radix: 36)
    let url = "\(server)\(server.contains("?") ? "&" : "?")options=-csearch_path%3D\(schema)"
    let store = try await Store.open(server, migrations: [], logger: silentLogger)
    let made = await catching { try await store.write { db in _ = try db.execute("CREATE SCHEMA \(raw: schema)") } }
    await store.close()
    try made.get()
    try await body(url)
}

private let silentLogger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}()

private func catching(_ body: () async throws -> Void) async -> Result<Void, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}
