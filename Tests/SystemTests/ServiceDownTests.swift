import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("A service is down", .onOneSuite())
    struct ServiceDownTests {
        private let shop = Shop("down")

        @Test("messaging: its part waits and is named, nothing else suffers, and all comes right when it is back")
        func messaging() async throws {
            let suite = try Running.suite()
            let before = Shop.Order(id: "W-1", customer: "c-down", email: "down@example.com", subtotal: 5_000)
            try await suite.take(shop.paid(before))
            try await suite.untilDone(shop.paid(before))
            try await suite.kill(.messaging)

            let orders = (2...6).map { Shop.Order(id: "W-\($0)", customer: "c-down", email: "down@example.com", subtotal: 5_000) }
            for order in orders { try await suite.take(shop.paid(order)) }
            for order in orders {
                try await until("loyalty goes on") { await suite.states(of: shop.paid(order))["loyalty"] == "done" }
                #expect(await suite.states(of: shop.paid(order))["messaging"] == "waiting")
            }
            #expect(try await suite.balance("c-down") == 300)

            let clock = ContinuousClock()
            let start = clock.now
            let overview = try await suite.get("/v1/customers/c-down/overview")
            #expect(clock.now - start < .seconds(2))
            #expect(overview.status == 200)
            #expect(overview.json["partial"] == ["messaging"])
            #expect(overview.json["messaging"] == .null)
            #expect(overview.json.at("orders", "count") == 6)
            #expect(overview.json.at("loyalty", "balance") == 300)

            let own = try await suite.get("/v1/messages?customer=c-down")
            #expect(own.status == 503)
            #expect(own.code == "upstream_unavailable")
            #expect(own.headers["retry-after"] != nil)
            #expect(try await suite.get("/v1/loyalty/program").status == 200)
            #expect(try await suite.get("/v1/metrics/retention").status == 200)

            try suite.launch(.messaging)
            for order in orders { try await suite.untilDone(shop.paid(order), within: 30) }
            try await until("six mails are kept", within: 30) { try suite.keptMails().count == 6 }
            #expect(Set(try suite.keptMails().map(\.subject)).count == 6)
            #expect(try await suite.get("/v1/customers/c-down/overview").json["partial"] == [])
        }

        @Test(
            "/readyz is 503 and names who is missing, and 200 again after; /healthz stays 200", arguments: [ServiceName.survey, .loyalty])
        func readiness(_ service: ServiceName) async throws {
            let suite = try Running.suite()
            try await suite.waitUntilReady()
            try await suite.kill(service)
            try await until("the gateway is not ready") { try await suite.request("GET", "/readyz", key: nil).status == 503 }
            let answer = try await suite.request("GET", "/readyz", key: nil)
            #expect(answer.text.contains(service.rawValue), "\(answer.text)")
            #expect(try await suite.request("GET", "/healthz", key: nil).status == 200)
            try suite.launch(service)
            try await suite.waitUntilReady(within: 30)
        }

        @Test("loyalty: events are taken and wait; the others go on; then the points are there")
        func loyalty() async throws {
            let suite = try Running.suite()
            try await suite.waitUntilReady()
            try await suite.kill(.loyalty)
            let order = Shop.Order(id: "W-20", customer: "c-wait", email: "wait@example.com", subtotal: 7_000)
            try await suite.take(shop.paid(order))
            try await until("survey goes on") { await suite.states(of: shop.paid(order))["survey"] == "done" }
            #expect(await suite.states(of: shop.paid(order))["loyalty"] == "waiting")
            let member = try await suite.get("/v1/loyalty/members/c-wait")
            #expect(member.status == 503)
            #expect(try await suite.get("/v1/customers/c-wait/overview").json["partial"] == ["loyalty"])
            try suite.launch(.loyalty)
            try await suite.untilDone(shop.paid(order), within: 30)
            #expect(try await suite.balance("c-wait") == 70)
            #expect(try await suite.mail(to: "wait@example.com").text.contains("70 points"))
        }

        @Test("messaging hangs instead of dying: nobody waits for it for long, and nothing else stands still")
        func hung() async throws {
            let suite = try Running.suite()
            try await suite.waitUntilReady()
            let order = Shop.Order(id: "W-30", customer: "c-hung", email: "hung@example.com", subtotal: 6_000)
            suite.pause(.messaging)
            defer { suite.resume(.messaging) }
            let clock = ContinuousClock()
            let start = clock.now
            try await suite.take(shop.paid(order))
            try await until("loyalty goes on") { await suite.states(of: shop.paid(order))["loyalty"] == "done" }
            #expect(await suite.states(of: shop.paid(order))["messaging"] == "waiting")
            #expect(try await suite.balance("c-hung") == 60)
            #expect(clock.now - start < .seconds(5))
            let asked = clock.now
            let overview = try await suite.get("/v1/customers/c-hung/overview")
            #expect(clock.now - asked < .seconds(2))
            #expect(overview.json["partial"] == ["messaging"])
            #expect(overview.json.at("loyalty", "balance") == 60)
            #expect(try await suite.request("GET", "/readyz", key: nil, seconds: 5).status == 503)
            suite.resume(.messaging)
            try await suite.untilDone(shop.paid(order), within: 30)
            #expect(try await suite.mail(to: "hung@example.com").text.contains("60 points"))
        }
    }
}
