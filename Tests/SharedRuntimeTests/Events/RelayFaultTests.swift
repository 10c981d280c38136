import Hummingbird
import Shared
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("A subscriber that fails") struct RelayFaultTests {
    private static let type = "message.sent"

    /// A publisher and, behind a door, its subscriber.
    private func withPair(
        _ listener: Listener = Listener(.loyalty), fault: @escaping Doorway.Judge, _ body: (House, Doorway) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            let subscriber = try await TestHouse.start(listener.definition)
            // The subscriber's clock stands; its machine does not.
            let door = try await Doorway.open(subscriber, fault: fault)
            let speaker = try await RunningHouse.start(plain(.messaging), urls: [.loyalty: door.port], folder: folder)
            let result = await outcome { try await body(speaker.house, door) }
            try await speaker.stop()
            await door.close()
            try result.get()
        }
    }

    @Test("an event that ends its reader's process is found and put to the dead letters; the others arrive", .timeLimit(.minutes(2)))
    func killer() async throws {
        let fault: Doorway.Judge = { batch in
            batch.events.contains { $0.event["data"]?["kills"] == true && !batch.quarantine.contains($0.position) } ? .cut : nil
        }
        try await withPair(fault: fault) { speaker, door in
            try await speaker.write { change in
                for number in 1...60 {
                    try change.emit(Self.type, subject: nil, data: number == 37 ? ["kills": true] : [:], id: "e\(number)")
                }
            }
            try await until("all but one are heard", within: 90) { try await door.subscriber.house.heard().count == 59 }
            #expect(try await door.subscriber.house.heard() == ids("e", 1...60).filter { $0 != "e37" })
            #expect(try await door.subscriber.refused() == ["e37": "crashed_consumer"])
            // And the publisher hears of it.
            let entry = try #require(try await speaker.outbox.find(id: "e37", source: nil).first)
            try await until("it is reported") {
                try await speaker.outbox.deliveries(of: entry).contains { $0.service == .loyalty && $0.delivery.code == "crashed_consumer" }
            }
            try await speaker.say(Self.type, 3, prefix: "later")
            try await until("the line goes on") { try await door.subscriber.house.heard().suffix(3) == ids("later", 1...3)[...] }
        }
    }

    @Test("a reader that dies after it has applied a batch applies it once")
    func diedAfterwards() async throws {
        let deaths = Shelf(0)
        let fault: Doorway.Judge = { batch in
            guard !batch.events.isEmpty else { return nil }
            return deaths.change { count in
                count += 1
                return count == 1 ? .cutAfterwards : nil
            }
        }
        try await withPair(fault: fault) { speaker, door in
            try await speaker.say(Self.type, 20, prefix: "a")
            try await until("all are heard") { try await door.subscriber.house.heard().count >= 20 }
            try await speaker.say(Self.type, prefix: "b")
            try await until("the next is heard") { try await door.subscriber.house.heard().last == "b1" }
            #expect(try await door.subscriber.house.heard() == ids("a", 1...20) + ["b1"])
            #expect(try await door.subscriber.refused() == [:])
        }
    }

    @Test("refusals by status are retried and lose nothing", arguments: [500, 503, 413, 401])
    func statuses(status: Int) async throws {
        let left = Shelf(3)
        let fault: Doorway.Judge = { _ in
            left.change { count in
                count -= 1
                return count >= 0 ? .answer(HTTPResponse.Status(code: status)) : nil
            }
        }
        try await withPair(fault: fault) { speaker, door in
            try await speaker.say(Self.type, 5, prefix: "a")
            try await until("all are heard") { try await door.subscriber.house.heard() == ids("a", 1...5) }
            #expect(left.value < 0)
        }
    }

    @Test("an outage of the subscriber's store undoes the whole batch, which comes again")
    func outage() async throws {
        let listener = Listener(.loyalty)
        listener.isOut.value = true
        try await withPair(listener, fault: { _ in nil }) { speaker, door in
            try await speaker.say(Self.type, 5, prefix: "a")
            try await until("it was tried twice") { door.batches.count >= 2 }
            #expect(try await door.subscriber.house.heard() == [])
            #expect(try await door.subscriber.house.count("inbox") == 0)
            listener.isOut.value = false
            try await until("all are heard") { try await door.subscriber.house.heard() == ids("a", 1...5) }
            #expect(try await door.subscriber.refused() == [:])
        }
    }

    @Test("what became of single events is known to the publisher: refused, parked, and done in the end")
    func reports() async throws {
        try await withPair(fault: { _ in nil }) { speaker, door in
            try await speaker.write { change in
                try change.emit(Self.type, subject: nil, data: ["refuse": "not_wanted"], id: "bad")
                try change.emit(Self.type, subject: nil, data: ["wait": "k"], id: "early")
                try change.emit(Self.type, subject: nil, data: [:], id: "good")
            }
            @Sendable func state(_ id: String) async throws -> String? {
                guard let entry = try await speaker.outbox.find(id: id, source: nil).first else { return nil }
                return try await speaker.outbox.deliveries(of: entry).first { $0.service == .loyalty }.map {
                    "\($0.delivery.state) \($0.delivery.code ?? "-")"
                }
            }
            try await until("good is done") { try await state("good") == "done -" }
            #expect(try await state("bad") == "refused not_wanted")
            #expect(try await state("early") == "parked too_early")
            // The gateway is nowhere.
            let entry = try #require(try await speaker.outbox.find(id: "good", source: "vefa/messaging").first)
            #expect(try await speaker.outbox.deliveries(of: entry).first { $0.service == .gateway }?.delivery.state == "waiting")
            // Released by something that is no event of this publisher.
            try await door.subscriber.house.write { change in
                try change.db.execute("INSERT INTO keys (name) VALUES ('k')")
                try change.release("k")
            }
            try await until("early is done") { try await state("early") == "done -" }
            #expect(try await door.subscriber.house.heard() == ["good", "early"])
            #expect(try await door.subscriber.parked() == [:])
        }
    }
}
