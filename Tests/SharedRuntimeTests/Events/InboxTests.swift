import Shared
import SharedStore
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("The inbox") struct InboxTests {
    private func event(_ id: String, _ data: JSON = [:], source: String = "shop") -> CloudEvent {
        CloudEvent(id: id, source: source, type: "order.paid", time: TestHouse.startOfTime, data: data)
    }

    private func withListener(_ body: (TestHouse, Listener) async throws -> Void) async throws {
        let listener = Listener(.loyalty)
        let test = try await TestHouse.start(listener.definition)
        let result = await outcome { try await body(test, listener) }
        await test.stop()
        try result.get()
    }

    @Test("an event counts once for its source and id, by whichever way it comes")
    func once() async throws {
        try await withListener { test, _ in
            try await test.deliver([event("1"), event("2"), event("1")])
            try await test.deliver([event("2"), event("3")], from: .survey)
            try await test.deliver([event("1", source: "other")])
            #expect(try await test.house.heard() == ["1", "2", "3", "1"])
        }
    }

    @Test("a refusal undoes its event only, keeps it with the reason and lets the others through")
    func refusals() async throws {
        try await withListener { test, _ in
            try await test.deliver([event("1"), event("2", ["refuse": "wrong_currency"]), event("3", ["fail": true]), event("4")])
            #expect(try await test.house.heard() == ["1", "4"])
            #expect(try await test.refused() == ["2": "wrong_currency", "3": "failed"])
            // It stays refused.
            try await test.deliver([event("2")])
            #expect(try await test.house.heard() == ["1", "4"])
        }
    }

    @Test("an event that came too early is applied right after what it waits for, those of one key in their order")
    func parked() async throws {
        try await withListener { test, _ in
            try await test.deliver([event("1", ["wait": "a"]), event("2", ["wait": "b"]), event("3", ["wait": "a"])])
            #expect(try await test.house.heard() == [])
            #expect(try await test.parked() == ["1": "a", "2": "b", "3": "a"])
            try await test.deliver([event("4", ["key": "a"]), event("5")])
            #expect(try await test.house.heard() == ["4", "1", "3", "5"])
            #expect(try await test.parked() == ["2": "b"])
            // Once.
            try await test.deliver([event("1", ["wait": "a"]), event("6", ["key": "a"])])
            #expect(try await test.house.heard() == ["4", "1", "3", "5", "6"])
        }
    }

    @Test("what is released may release in turn, in chains of any length")
    func chains() async throws {
        try await withListener { test, _ in
            var events = (1...50).reversed().map { event("e\($0)", ["wait": .string("k\($0)"), "key": .string("k\($0 + 1)")]) }
            events.append(event("start", ["key": "k1"]))
            try await test.deliver(events)
            #expect(try await test.house.heard() == ["start"] + ids("e", 1...50))
            #expect(try await test.parked() == [:])
        }
    }

    @Test("more events than a page wait for one key and are all released")
    func manyWaiting() async throws {
        try await withListener { test, _ in
            for part in 0..<5 { try await test.deliver((1...500).map { event("e\(part * 500 + $0)", ["wait": "k"]) }) }
            #expect(try await test.parked().count == 2_500)
            try await test.deliver([event("start", ["key": "k"])])
            #expect(try await test.house.heard() == ["start"] + ids("e", 1...2_500))
            #expect(try await test.parked() == [:])
        }
    }

    @Test("what is released for nothing goes on waiting in its place, for what it asks for now; what is refused then is kept as refused")
    func releasedForNothing() async throws {
        var events = EventHandlers()
        let wants = Shelf(["1": "a", "2": "a", "3": "a"])
        events.on("*") { event, change in
            if let key = wants.value[event.id] {
                // A key released by an event that is then undone is not released.
                try change.release(key)
                throw EventParked(waitingFor: key, code: "early", detail: "")
            }
            if event.id == "2" { throw EventRefusal("never", "") }
        }
        let test = try await TestHouse.start(ServiceDefinition(name: .loyalty, migrations: [], events: events, routes: { _, _ in }))
        try await test.deliver([event("1"), event("2"), event("3")])
        try await test.house.write { try $0.release("a") }
        #expect(try await test.parked() == ["1": "a", "2": "a", "3": "a"])
        wants.value = ["1": "b"]
        try await test.house.write { try $0.release("a") }
        #expect(try await test.parked() == ["1": "b"])
        #expect(try await test.refused() == ["2": "never"])
        let reports = try await test.house.read {
            try $0.all("SELECT id, state FROM inbox_reports ORDER BY report") { $0.text(0) + $0.text(1) }
        }
        #expect(reports == ["1parked", "2parked", "3parked", "1parked", "2refused", "3done"])
        await test.stop()
    }

    @Test("positions below what is known are passed over; ahead of it the publisher is sent back; another epoch begins anew")
    func positions() async throws {
        try await withListener { test, _ in
            func post(_ epoch: String, from: Int64, to: Int64, _ positions: [Int64]) async throws -> JSON {
                let bodies = positions.map { (position: $0, body: event("\(epoch)\($0)").json.text) }
                let body = Wire.encode(
                    publisher: .gateway, epoch: epoch, from: from, to: to, events: bodies, quarantine: [], reportsAfter: 0)
                return try await test.request(.post, "/internal/v1/events", body: body, principal: Principal(kind: .service, keyID: "s"))
                    .json
            }
            #expect(try await post("x", from: 0, to: 3, [1, 3])["position"] == 3)
            #expect(try await post("x", from: 2, to: 5, [3, 4, 5])["position"] == 5)
            #expect(try await test.house.heard() == ["x1", "x3", "x4", "x5"])
            let ahead = try await post("x", from: 9, to: 10, [10])
            #expect(ahead["rewind"] == true && ahead["position"] == 5)
            #expect(try await post("x", from: 0, to: 2, [1, 2])["position"] == 5)
            #expect(try await test.house.heard() == ["x1", "x3", "x4", "x5"])
            let other = try await post("y", from: 5, to: 6, [6])
            #expect(other["rewind"] == true && other["position"] == 0)
            #expect(try await post("y", from: 0, to: 1, [1])["position"] == 1)
            #expect(try await test.house.heard().last == "y1")
        }
    }

    @Test("a batch that is none is refused, an unreadable event in it is buried")
    func unreadable() async throws {
        try await withListener { test, _ in
            let service = Principal(kind: .service, keyID: "s")
            for body in [
                "[]", "{}", #"{"publisher":"nobody","epoch":"e","from":0,"to":1,"events":[]}"#,
                #"{"publisher":"gateway","epoch":"e","from":0,"to":1,"events":[{}]}"#, "x",
            ] {
                let answer = try await test.request(.post, "/internal/v1/events", body: Array(body.utf8), principal: service)
                #expect(answer.status == 400)
            }
            let bodies: [(Int64, String)] = [
                (1, "{}"), (2, #"{"id":"n","source":"s","type":"t","time":"never"}"#), (3, event("good").json.text),
            ]
            let body = Wire.encode(publisher: .gateway, epoch: "e", from: 0, to: 3, events: bodies, quarantine: [], reportsAfter: 0)
            let answer = try await test.request(.post, "/internal/v1/events", body: body, principal: service)
            #expect(answer.status == 200)
            #expect(try await test.house.heard() == ["good"])
            #expect(try await test.refused() == ["": "unreadable", "n": "unreadable"])
        }
    }

    @Test("handlers run in the order they were added, families and wholes")
    func handlers() async throws {
        let calls = Shelf<[String]>([])
        var events = EventHandlers()
        for pattern in ["order.*", "*", "order.paid", "orders.*", "order.placed"] {
            events.on(pattern) { _, _ in calls.change { $0.append(pattern) } }
        }
        let test = try await TestHouse.start(ServiceDefinition(name: .loyalty, migrations: [], events: events, routes: { _, _ in }))
        try await test.deliver([event("1")])
        #expect(calls.value == ["order.*", "*", "order.paid"])
        await test.stop()
    }
}
