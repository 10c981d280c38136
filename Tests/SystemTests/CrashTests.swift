import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("kill -9")
    struct CrashTests {
        @Test("of each of the five in the middle of a load: every acknowledged event counts exactly once, every recent order has one mail")
        func inTheMiddleOfALoad() async throws {
            let seed = UInt64.random(in: 1...999_999)
            // A statement is a round trip there, and the machine small: a fifth of the load, the same deaths.
            let count = TestStores.isShared ? 4_000 : 20_000
            let load = Load(events: count, customers: 500, recent: 300, batch: 100, seed: seed)
            try #require(load.count == count)
            try await withSuite { suite in
                let acknowledged = Counter()
                async let sending: Void = inParallel(load.batches, width: 4) { batch in
                    try await suite.send(batch, within: 120)
                    acknowledged.add(batch.count)
                }
                for (service, moment) in Self.deaths(in: load.count, seed: seed) {
                    try await until("\(moment) events are acknowledged", within: 150) { acknowledged.value >= moment }
                    try await suite.crash(service)
                }
                try await sending

                // Positions are passed in order: with the last event of a call all of it is done. Refunds may be parked, and are asked for one by one.
                try await inParallel(load.batches.compactMap(\.last) + load.refunds) { try await suite.untilDone($0, within: 150) }
                try await inParallel(load.balances.map { ($0.key, $0.value) }) { customer, expected in
                    let balance = try await suite.balance(customer)
                    #expect(balance == expected, "\(customer), seed \(seed)")
                }
                try await suite.verifyLedger()
                try await Self.checkMails(suite, of: load.recentOrders)
                for service in ServiceName.allCases { #expect(suite.isRunning(service)) }
            }
        }

        /// Who is killed when: each once, in a random order, at a random moment of its own fifth of the load's middle.
        private static func deaths(in count: Int, seed: UInt64) -> [(ServiceName, Int)] {
            var random = SplitMix(state: seed)
            let span = count * 4 / 5 / ServiceName.allCases.count
            return ServiceName.allCases.shuffled(using: &random).enumerated().map { index, service in
                (service, count / 20 + index * span + random.next(span))
            }
        }

        private static func checkMails(_ suite: SharedTesting.Suite, of orders: Set<String>) async throws {
            try await until("\(orders.count) mails are kept", within: 60) { try suite.keptMails().count >= orders.count }
            try await until("no mail is under way any more", within: 30) {
                for state in ["queued", "sending", "deferred", "unknown"] {
                    guard try await suite.get("/v1/messages?state=\(state)").json["data"] == [] else { return false }
                }
                return true
            }
            let mails = try suite.keptMails()
            #expect(mails.count == orders.count)
            #expect(Set(mails.map(\.messageID)).count == mails.count)
            let confirmed = mails.map { $0.subject.split(separator: " ").first { $0.hasPrefix("L-") }.map(String.init) ?? $0.subject }
            #expect(Set(confirmed) == orders)
            #expect(mails.allSatisfy { $0.text.contains("points with this order") })
        }

        @Test("of the gateway right after its 202: the event is there")
        func afterAcknowledgement() async throws {
            let shop = Shop("durable")
            try await withSuite { suite in
                for round in 0..<4 {
                    let order = Shop.Order(id: "D-\(round)", customer: "c-durable", subtotal: 1_000)
                    try await suite.take(shop.paid(order))
                    try await suite.crash(.gateway)
                    try await suite.waitUntilReady()
                    let event = try await suite.get("/v1/events/D-\(round)-paid")
                    #expect(event.status == 200, "round \(round): \(event.text)")
                    #expect(event.json.at("data", "total") == 1_000)
                }
                for round in 0..<4 {
                    try await suite.untilDone(shop.paid(Shop.Order(id: "D-\(round)", customer: "c-durable", subtotal: 1_000)))
                }
                #expect(try await suite.balance("c-durable") == 40)
            }
        }

        @Test("of the gateway while loyalty has its events in hand: what became of them is told nevertheless")
        func betweenDeliveryAndAnswer() async throws {
            let shop = Shop("between")
            try await withSuite { suite in
                for round in 0..<2 {
                    let order = Shop.Order(id: "B-\(round)", customer: "c-between", subtotal: 5_000)
                    let refund = shop.refunded(order, "r", amount: 1_000)
                    suite.pause(.loyalty)
                    try await suite.take(refund)
                    // The relays run side by side: by now the refund lies in loyalty's socket too.
                    try await until("messaging has it") { await suite.states(of: refund)["messaging"] == "done" }
                    try await suite.kill(.gateway)
                    suite.resume(.loyalty)
                    try suite.launch(.gateway)
                    try await suite.waitUntilReady()
                    try await until("the refund is said to be parked") { await suite.states(of: refund)["loyalty"] == "parked" }
                    try await suite.take(shop.paid(order))
                    try await suite.untilDone(shop.paid(order))
                    try await suite.untilDone(refund)
                }
                #expect(try await suite.balance("c-between") == 80)
            }
        }
    }
}
