import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("Replicas", .enabled(if: TestStores.isShared, "an embedded store has one process"))
    struct ReplicaTests {
        /// Two gateways, three of loyalty and two of messaging; and then they die, are stopped, come back and are held up, each at another moment.
        @Test("die, drain and come back in the middle of a load: a client that repeats sees no error, nothing is lost and nothing counts twice")
        func inTheMiddleOfALoad() async throws {
            let load = Load(events: 8_000, customers: 300, recent: 150, batch: 50, seed: .random(in: 1...999_999))
            try await withSuite(replicas: [.gateway: 2, .loyalty: 3, .messaging: 2]) { suite in
                let acknowledged = Counter()
                let steps: [(Double, @Sendable () async throws -> Void)] = [
                    (0.1, { try await suite.kill(.loyalty, replica: 1) }),
                    (0.25, { try await suite.terminate(.messaging, replica: 1) }),
                    (0.35, { try suite.launch(.loyalty, replica: 1) }),
                    (0.45, { suite.pause(.loyalty, replica: 2) }),
                    (0.55, { try await suite.kill(.loyalty, replica: 3) }),
                    (0.65, { try suite.launch(.messaging, replica: 1) }),
                    (0.75, { suite.resume(.loyalty, replica: 2) }),
                    (0.85, { try await suite.kill(.messaging, replica: 2) }),
                    (0.9, { try await suite.crash(.gateway, replica: 2) }),
                ]
                async let sending: Void = inParallel(load.batches, width: 4) { batch in
                    try await suite.send(batch, within: 120)
                    acknowledged.add(batch.count)
                }
                for (part, step) in steps {
                    let moment = Int(part * Double(load.count))
                    try await until("\(moment) events are acknowledged", within: 150) { acknowledged.value >= moment }
                    try await step()
                }
                try await sending
                try await inParallel(load.batches.compactMap(\.last) + load.refunds) { try await suite.untilDone($0, within: 150) }
                try await inParallel(load.balances.map { ($0.key, $0.value) }) { customer, expected in
                    let balance = try await suite.balance(customer)
                    #expect(balance == expected, "\(customer)")
                }
                try await suite.verifyLedger()
                try await until("\(load.recentOrders.count) mails are kept", within: 90) { try suite.keptMails().count >= load.recentOrders.count }
                try await until("no mail is under way any more", within: 60) {
                    for state in ["queued", "sending", "deferred", "unknown"] {
                        guard try await suite.get("/v1/messages?state=\(state)").json["data"] == [] else { return false }
                    }
                    return true
                }
                let mails = try suite.keptMails()
                #expect(Set(mails.map(\.messageID)).count == load.recentOrders.count)
                let confirmed = mails.map { $0.subject.split(separator: " ").first { $0.hasPrefix("L-") }.map(String.init) ?? $0.subject }
                #expect(Set(confirmed) == load.recentOrders)
            }
        }

        @Test("a key that one gateway revokes opens none of the others, and one that it makes opens all")
        func keys() async throws {
            try await withSuite(replicas: [.gateway: 2]) { suite in
                let second = "http://127.0.0.1:\(suite.port(of: .gateway, replica: 2))"
                let made = try await suite.post("/v1/api_keys", ["name": "till", "kind": "secret"]).json
                let (id, key) = (try #require(made["id"]?.string), try #require(made["key"]?.string))
                try await until("the other gateway takes it (\(second))") {
                    try await suite.request("GET", "/v1/api_keys", key: key, replica: 2).status == 200
                }
                #expect(try await suite.request("DELETE", "/v1/api_keys/\(id)", key: suite.key).status == 204)
                #expect(try await suite.request("GET", "/v1/api_keys", key: key).status == 401)
                try await until("the other gateway refuses it", within: 2) {
                    try await suite.request("GET", "/v1/api_keys", key: key, replica: 2).status == 401
                }
            }
        }

        @Test("the sandbox's clock moves in all replicas: what was due has happened once, whoever did it")
        func clock() async throws {
            let shop = Shop("clock")
            try await withSuite(["VEFA_SANDBOX": "1"], replicas: [.loyalty: 2, .messaging: 2]) { suite in
                let order = Shop.Order(id: "C-1", customer: "c-clock", subtotal: 5_000)
                try await suite.take(shop.paid(order))
                try await suite.untilDone(shop.paid(order))
                for _ in 0..<3 {
                    let moved = try await suite.post("/v1/sandbox/clock", ["advance_seconds": 86_400])
                    #expect(moved.status == 200, "\(moved.text)")
                }
                #expect(try await suite.balance("c-clock") == 50)
                try await suite.verifyLedger()
            }
        }
    }
}
