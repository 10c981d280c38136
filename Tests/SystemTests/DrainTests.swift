import NIOCore
import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("Stopping")
    struct DrainTests {
        private let shop = Shop("drain")

        @Test("SIGTERM: what is being asked is answered, every exit code is 0, and a new start has everything")
        func drains() async throws {
            try await withSuite { suite in
                let order = Shop.Order(id: "T-1", customer: "c-drain", email: "drain@example.com", subtotal: 8_800)
                try await suite.take(shop.paid(order))
                try await suite.untilDone(shop.paid(order))

                // A call that is half sent when the gateway is told to stop: its first chunk is on disk, so it is surely under way.
                let (pieces, more) = AsyncStream<ByteBuffer>.makeStream()
                func line(_ index: Int) -> ByteBuffer { ByteBuffer(bytes: shop.custom("half-\(index)").json.bytes + [UInt8(ascii: "\n")]) }
                async let answer = suite.stream("/v1/events", pieces)
                for index in 0..<1_000 { more.yield(line(index)) }
                try await until("the first half is being kept") { try await suite.get("/v1/events/half-0").status == 200 }
                async let exit = suite.terminate(.gateway)
                try await until("the gateway takes no new calls") {
                    (try? await suite.request("GET", "/healthz", key: nil, seconds: 2)) == nil
                }
                for index in 1_000..<1_500 { more.yield(line(index)) }
                more.finish()
                let taken = try await answer
                #expect(taken.status == 202, "\(taken.text)")
                #expect(taken.json["accepted"] == 1_500)
                #expect(try await exit == 0)

                for service in ServiceName.allCases where service != .gateway {
                    #expect(try await suite.terminate(service) == 0, "\(service.rawValue)\n\(suite.logTail(of: service))")
                }
                for service in ServiceName.allCases { try suite.launch(service) }
                try await suite.waitUntilReady()
                #expect(try await suite.balance("c-drain") == 88)
                for id in ["half-0", "half-1499"] { try await suite.untilDone(shop.custom(id)) }
                #expect(await suite.isDone(shop.paid(order)))
                #expect(try await suite.messages("c-drain").count == 1)
                try await suite.verifyLedger()
            }
        }

        @Test("SIGTERM while events flow: nothing acknowledged is lost")
        func drainsUnderLoad() async throws {
            try await withSuite { suite in
                let load = Load(events: 2_000, customers: 50, recent: 0, batch: 50, seed: 7)
                let acknowledged = Counter()
                async let sending: Void = inParallel(load.batches, width: 4) { batch in
                    try await suite.send(batch)
                    acknowledged.add(batch.count)
                }
                for (index, service) in ServiceName.allCases.enumerated() {
                    let moment = (index + 1) * load.count / 7
                    try await until("\(moment) events are acknowledged", within: 60) { acknowledged.value >= moment }
                    #expect(try await suite.terminate(service) == 0, "\(service.rawValue)\n\(suite.logTail(of: service))")
                    try suite.launch(service)
                }
                try await sending
                try await inParallel(load.batches.compactMap(\.last) + load.refunds) { try await suite.untilDone($0, within: 60) }
                try await inParallel(load.balances.map { ($0.key, $0.value) }) { customer, expected in
                    let balance = try await suite.balance(customer)
                    #expect(balance == expected, "\(customer)")
                }
                try await suite.verifyLedger()
            }
        }

        @Test("children end when their launcher's pipe closes")
        func orphans() async throws {
            try await withSuite { suite in
                for service in ServiceName.allCases {
                    let code = try await suite.abandon(service)
                    #expect(code == 0, "\(service.rawValue)\n\(suite.logTail(of: service))")
                }
            }
        }
    }
}
