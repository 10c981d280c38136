import Foundation
import Shared
import SharedStore
import SharedTesting
import Testing

@testable import SharedRuntime

/// Two services on sockets: messaging says `message.*`, loyalty hears it.
@Suite("From outbox to inbox") struct RelayTests {
    private static let type = "message.sent"

    private func listener(_ folder: URL, port: Int = 0) async throws -> RunningHouse {
        try await RunningHouse.start(Listener(.loyalty).definition, port: port, folder: folder.appendingPathComponent("loyalty"))
    }

    private func speaker(_ folder: URL, to port: Int) async throws -> RunningHouse {
        try await RunningHouse.start(plain(.messaging), urls: [.loyalty: port], folder: folder.appendingPathComponent("messaging"))
    }

    private func wait(_ house: House, until expected: [String]) async throws {
        try await until("\(expected.count) events are heard", within: 30) { try await house.heard().count >= expected.count }
        #expect(try await house.heard() == expected)
    }

    @Test("everything arrives, in order, once; more than a batch too")
    func inOrder() async throws {
        try await withFolder { folder in
            let listener = try await listener(folder)
            let speaker = try await speaker(folder, to: listener.port)
            try await speaker.house.say(Self.type, 700, prefix: "a")
            // The same again is said once.
            try await speaker.house.say(Self.type, 10, prefix: "a")
            try await speaker.house.say("other.type", prefix: "unheard")
            try await speaker.house.say(Self.type, 3, prefix: "b")
            try await wait(listener.house, until: ids("a", 1...700) + ids("b", 1...3))
            try await speaker.stop()
            try await listener.stop()
        }
    }

    @Test("what is said arrives at once, without waiting for a poll")
    func promptly() async throws {
        try await withFolder { folder in
            let listener = try await listener(folder)
            let speaker = try await speaker(folder, to: listener.port)
            try await speaker.house.say(Self.type, prefix: "first")
            try await wait(listener.house, until: ["first1"])
            // The relay now sleeps for seconds unless woken.
            let start = ContinuousClock.now
            for round in 2...20 {
                try await speaker.house.say(Self.type, prefix: "r\(round)-")
                try await until("it is heard") { try await listener.house.heard().count == round }
            }
            #expect(ContinuousClock.now - start < .seconds(40))
            try await speaker.stop()
            try await listener.stop()
        }
    }

    @Test("events of other types are stepped over, however many they are")
    func steppedOver() async throws {
        try await withFolder { folder in
            let listener = try await listener(folder)
            let speaker = try await speaker(folder, to: listener.port)
            try await speaker.house.say("other.type", 4_500, prefix: "x")
            try await speaker.house.say(Self.type, prefix: "a")
            try await wait(listener.house, until: ["a1"])
            try await speaker.stop()
            try await listener.stop()
        }
    }

    @Test("a restart of either side neither loses nor repeats")
    func restarts() async throws {
        try await withFolder { folder in
            var listener = try await listener(folder)
            let port = listener.port
            var speaker = try await speaker(folder, to: port)
            try await speaker.house.say(Self.type, 20, prefix: "a")
            try await wait(listener.house, until: ids("a", 1...20))
            try await listener.stop()
            try await speaker.house.say(Self.type, 20, prefix: "b")
            listener = try await self.listener(folder, port: port)
            try await wait(listener.house, until: ids("a", 1...20) + ids("b", 1...20))
            try await speaker.stop()
            speaker = try await self.speaker(folder, to: port)
            try await speaker.house.say(Self.type, prefix: "c")
            try await wait(listener.house, until: ids("a", 1...20) + ids("b", 1...20) + ["c1"])
            try await speaker.stop()
            try await listener.stop()
        }
    }

    @Test("a subscriber that was away for a while hears everything when it is back")
    func away() async throws {
        try await withFolder { folder in
            var listener = try await listener(folder)
            let port = listener.port
            let speaker = try await speaker(folder, to: port)
            try await speaker.house.say(Self.type, prefix: "a")
            try await wait(listener.house, until: ["a1"])
            try await listener.stop()
            for round in 1...30 { try await speaker.house.say(Self.type, prefix: "b\(round)-") }
            listener = try await self.listener(folder, port: port)
            try await wait(listener.house, until: ["a1"] + (1...30).map { "b\($0)-1" })
            try await speaker.stop()
            try await listener.stop()
        }
    }

    @Test("a subscriber set back to an earlier copy hears again what it lost", arguments: [true, false])
    func listenerSetBack(speakerRestarts: Bool) async throws {
        try await withFolder { folder in
            var listener = try await listener(folder)
            let port = listener.port
            var speaker = try await speaker(folder, to: port)
            try await speaker.house.say(Self.type, 5, prefix: "a")
            try await wait(listener.house, until: ids("a", 1...5))
            let copy = try await listener.copyStore()
            try await speaker.house.say(Self.type, 5, prefix: "b")
            try await wait(listener.house, until: ids("a", 1...5) + ids("b", 1...5))
            try await listener.stop()
            try await copy.putBack()
            if speakerRestarts {
                try await speaker.stop()
                speaker = try await self.speaker(folder, to: port)
            }
            listener = try await self.listener(folder, port: port)
            if !speakerRestarts { try await speaker.house.say(Self.type, 2, prefix: "c") }
            try await wait(listener.house, until: ids("a", 1...5) + ids("b", 1...5) + (speakerRestarts ? [] : ids("c", 1...2)))
            try await speaker.stop()
            try await listener.stop()
        }
    }

    @Test("a publisher set back to an earlier copy is heard in what it says then", arguments: [2, 5, 40])
    func speakerSetBack(saidBeforeItConnects: Int) async throws {
        try await withFolder { folder in
            var listener = try await listener(folder)
            let port = listener.port
            var speaker = try await speaker(folder, to: port)
            try await speaker.house.say(Self.type, 5, prefix: "a")
            try await wait(listener.house, until: ids("a", 1...5))
            let copy = try await speaker.copyStore()
            try await speaker.house.say(Self.type, 5, prefix: "lost")
            try await wait(listener.house, until: ids("a", 1...5) + ids("lost", 1...5))
            let epoch = try await speaker.house.store.write { try Outbox.epoch($0) }
            try await speaker.stop()
            try await listener.stop()
            try await copy.putBack()
            // It goes on saying things before anybody notices: its positions fall behind, meet and pass those that were heard.
            speaker = try await self.speaker(folder, to: port)
            try await speaker.house.say(Self.type, saidBeforeItConnects, prefix: "new")
            listener = try await self.listener(folder, port: port)
            try await wait(listener.house, until: ids("a", 1...5) + ids("lost", 1...5) + ids("new", 1...saidBeforeItConnects))
            #expect(try await speaker.house.store.write { try Outbox.epoch($0) } != epoch)
            try await speaker.house.say(Self.type, 2, prefix: "later")
            try await wait(
                listener.house, until: ids("a", 1...5) + ids("lost", 1...5) + ids("new", 1...saidBeforeItConnects) + ids("later", 1...2))
            try await speaker.stop()
            try await listener.stop()
        }
    }

    @Test("reports of a subscriber that was set back count anew, and are heard")
    func reportsSetBack() async throws {
        try await withFolder { folder in
            var listener = try await listener(folder)
            let port = listener.port
            let speaker = try await speaker(folder, to: port)
            @Sendable func state(_ id: String) async throws -> String? {
                guard let entry = try await speaker.house.outbox.find(id: id, source: nil).first else { return nil }
                return try await speaker.house.outbox.deliveries(of: entry).first { $0.service == .loyalty }?.delivery.state
            }
            try await speaker.house.say(Self.type, prefix: "a")
            try await wait(listener.house, until: ["a1"])
            let copy = try await listener.copyStore()
            try await speaker.house.say(Self.type, 3, prefix: "early", data: ["wait": "k"])
            try await until("it is reported") { try await state("early3") == "parked" }
            try await listener.stop()
            try await copy.putBack()
            // This time the key is there, so that nothing is reported of the three.
            listener = try await RunningHouse.start(
                Listener(.loyalty).definition, port: port, folder: folder.appendingPathComponent("loyalty"),
                prepare: { house in try await house.write { _ = try $0.db.execute("INSERT INTO keys (name) VALUES ('k')") } })
            try await wait(listener.house, until: ["a1"] + ids("early", 1...3))
            try await speaker.house.say(Self.type, prefix: "bad", data: ["refuse": "not_wanted"])
            try await until("it is reported") { try await state("bad1") == "refused" }
            #expect(try await state("early3") == "done")
            try await speaker.stop()
            try await listener.stop()
        }
    }

    @Test("an event as deep as may be taken in gets through")
    func deep() async throws {
        try await withFolder { folder in
            let listener = try await listener(folder)
            let speaker = try await speaker(folder, to: listener.port)
            // The event itself and its data are two levels of the 64.
            let deepest = try JSONParser.parse(#"{"a":"# + String(repeating: "[", count: 61) + String(repeating: "]", count: 61) + "}")
            try await speaker.house.say(Self.type, prefix: "deep", data: deepest)
            try await speaker.house.say(Self.type, prefix: "next")
            try await wait(listener.house, until: ["deep1", "next1"])
            try await speaker.stop()
            try await listener.stop()
        }
    }
}
