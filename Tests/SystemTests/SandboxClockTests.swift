import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("The sandbox clock")
    struct SandboxClockTests {
        private let shop = Shop("sandbox")

        private func now(_ suite: SharedTesting.Suite) async throws -> Timestamp {
            let answer = try await suite.get("/v1/sandbox/clock")
            return try #require(answer.json["now"]?.string.flatMap { Timestamp(rfc3339: $0) }, "\(answer.status) \(answer.text)")
        }

        @Test("time moves in all five, what falls due on the way has run when the call returns, and it survives a restart")
        func moves() async throws {
            try await withSuite(["VEFA_SANDBOX": "1"]) { suite in
                let start = try #require(Timestamp(rfc3339: "2026-03-01T09:00:00Z"))
                let set = try await suite.post("/v1/sandbox/clock", ["now": "2026-03-01T09:00:00Z"])
                try #require(set.status == 200, "\(set.text)")

                var programme = try #require(try await suite.get("/v1/loyalty/program").json.object)
                programme["pending_days"] = 3
                let put = try await suite.put("/v1/loyalty/program", .object(programme))
                #expect(put.status == 200, "\(put.text)")

                let paid = Shop.Order(id: "S-1", customer: "c-sand", email: "sand@example.com", subtotal: 4_200, at: start)
                try await suite.take(shop.paid(paid))
                try await suite.untilDone(shop.paid(paid))
                #expect(try await suite.member("c-sand")["pending"] == 42)
                #expect(try await suite.balance("c-sand") == 0)

                // The confirmation of an order that nobody pays waits its minute, and goes without points.
                let placed = Shop.Order(id: "S-2", customer: "c-only", email: "only@example.com", subtotal: 9_900, at: start)
                try await suite.take(shop.placed(placed))
                try await suite.untilDone(shop.placed(placed))
                #expect(try await suite.messages("c-only").isEmpty)
                let minute = try await suite.post("/v1/sandbox/clock", ["advance_seconds": 61])
                #expect(minute.status == 200, "\(minute.text)")
                let mail = try await suite.mail(to: "only@example.com", within: 1)
                #expect(mail.subject.contains("S-2"))
                #expect(!mail.text.contains("You earned"))
                #expect(try await suite.balance("c-sand") == 0)

                let days = try await suite.post("/v1/sandbox/clock", ["advance_seconds": .int(3 * 86_400)])
                #expect(days.status == 200, "\(days.text)")
                #expect(try await suite.balance("c-sand") == 42)
                #expect(try await suite.member("c-sand")["pending"] == 0)

                let before = try await now(suite)
                #expect(before >= start.adding(seconds: 3 * 86_400 + 61))
                #expect(before < start.adding(seconds: 3 * 86_400 + 61 + 120))
                let backwards = try await suite.post("/v1/sandbox/clock", ["now": "2026-03-02T09:00:00Z"])
                #expect(backwards.status == 409)
                #expect(backwards.code == "clock_backwards")

                for service in ServiceName.allCases { #expect(try await suite.terminate(service) == 0) }
                for service in ServiceName.allCases { try suite.launch(service) }
                try await suite.waitUntilReady()
                let after = try await now(suite)
                #expect(after >= before && after < before.adding(seconds: 120))
                // The others live in that time too: what is earned now is pending for three days from then.
                let later = Shop.Order(id: "S-3", customer: "c-sand", subtotal: 1_000, at: after)
                try await suite.take(shop.paid(later))
                try await suite.untilDone(shop.paid(later))
                #expect(try await suite.member("c-sand")["pending"] == 10)
                #expect(try await suite.post("/v1/sandbox/clock", ["advance_seconds": .int(3 * 86_400)]).status == 200)
                #expect(try await suite.balance("c-sand") == 52)
                try await suite.verifyLedger()
            }
        }
    }
}
