import Dispatch
import Shared
import SharedStore
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("Replicas on one store", .enabled(if: TestStores.isShared, "an embedded store has one process")) struct ReplicaTests {
    /// Two replicas of a service, and what they do together.
    private func withTwo(
        _ definition: ServiceDefinition, urls: [ServiceName: Int] = [:], environment: [String: String] = [:],
        _ body: (RunningHouse, RunningHouse) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            let first = try await RunningHouse.start(definition, urls: urls, folder: folder, environment: environment)
            let second = await outcome {
                try await RunningHouse.start(definition, urls: urls, folder: folder, environment: environment)
            }
            let result = await outcome { try await body(first, second.get()) }
            if case .success(let second) = second { try? await second.stop() }
            try? await first.stop()
            try result.get()
        }
    }

    // MARK: - What was said

    @Test("an event that is committed late is numbered late, and no reader that has passed the others misses it")
    func lateCommit() async throws {
        let first = try await TestHouse.start(plain(.loyalty))
        let second = try await TestHouse.start(plain(.loyalty), sharing: first)
        let (a, b) = (first.house, second.house)
        let (entered, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let late = Task {
            try await a.write { change in
                try change.emit("test.said", subject: nil, data: [:], id: "early but late")
                entered.signal()
                gate.wait()
            }
        }
        try await until("the first has begun") { entered.wait(timeout: .now()) == .success }
        try await b.say("test.said", 2, prefix: "b")
        try await b.number()
        #expect(try await b.numbered(after: 0) == ["b1", "b2"])
        gate.signal()
        gate.signal()
        try await late.value
        try await a.number()
        #expect(try await a.numbered(after: 2) == ["early but late"])
        await second.stop()
        await first.stop()
    }

    @Test("while four write and two number, a reader hears every event once, each writer's in its order")
    func numbering() async throws {
        let first = try await TestHouse.start(plain(.loyalty))
        let second = try await TestHouse.start(plain(.loyalty), sharing: first)
        let houses = [first.house, second.house]
        let each = 60
        let heard = try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask { for number in 1...each { try await houses[writer % 2].say("test.said", prefix: "w\(writer)-\(number)-") } }
            }
            var heard: [String] = []
            var position: Int64 = 0
            while heard.count < 4 * each {
                for house in houses { try await house.number() }
                let rows = try await second.house.read { [position] db in
                    try db.all("SELECT position, id FROM outbox WHERE position > \(position) ORDER BY position") { ($0.int(0), $0.text(1)) }
                }
                for (number, id) in rows {
                    #expect(number == position + 1)
                    position = number
                    heard.append(id)
                }
            }
            try await group.waitForAll()
            return heard
        }
        #expect(Set(heard).count == 4 * each)
        for writer in 0..<4 {
            #expect(heard.filter { $0.hasPrefix("w\(writer)-") } == (1...each).map { "w\(writer)-\($0)-1" })
        }
        await second.stop()
        await first.stop()
    }

    @Test("what two replicas say reaches the subscriber once and in order, also when the one that carries it stops")
    func relaying() async throws {
        let listener = Listener(.messaging)
        try await withFolder { folder in
            let subscriber = try await RunningHouse.start(listener.definition, folder: folder.appendingPathComponent("m"))
            let result = await outcome {
                try await withTwo(plain(.loyalty), urls: [.messaging: subscriber.port]) { first, second in
                    for number in 1...20 { try await [first, second][number % 2].house.say("points.earned", prefix: "p\(number)-") }
                    try await until("twenty are heard") { try await subscriber.house.heard().count == 20 }
                    let holder = first.house.leases.isHeld("relay/messaging") ? first : second
                    let other = holder === first ? second : first
                    try await holder.stop()
                    for number in 21...30 { try await other.house.say("points.earned", prefix: "p\(number)-") }
                    try await until("thirty are heard", within: 20) { try await subscriber.house.heard().count == 30 }
                    #expect(try await subscriber.house.heard() == (1...30).map { "p\($0)-1" })
                }
            }
            try await subscriber.stop()
            try result.get()
        }
    }

    @Test("the lease of a replica that died is waited for, and then taken")
    func deadHolder() async throws {
        let listener = Listener(.messaging)
        try await withFolder { folder in
            let subscriber = try await RunningHouse.start(listener.definition, folder: folder.appendingPathComponent("m"))
            let result = await outcome {
                let ghost: @Sendable (House) async throws -> Void = { house in
                    try await house.write { change in
                        let until: SQL = "\(raw: change.db.dialect.sharedNow) + 2500"
                        try change.db.execute("INSERT INTO replicas (replica, seen_until, clock_revision) VALUES ('ghost', \(until), 0)")
                        for name in ["sequencer", "relay/messaging"] {
                            try change.db.execute("INSERT INTO leases (name, holder, held_until) VALUES (\(name), 'ghost', \(until))")
                        }
                        try change.emit("points.earned", subject: nil, data: [:], id: "p1")
                    }
                }
                let started = ContinuousClock.now
                let publisher = try await RunningHouse.start(
                    plain(.loyalty), urls: [.messaging: subscriber.port], folder: folder.appendingPathComponent("l"), prepare: ghost)
                let heard = await outcome {
                    try await until("it is heard", within: 20) { try await subscriber.house.heard() == ["p1"] }
                    #expect(started.duration(to: .now) > .milliseconds(2_400))
                }
                try await publisher.stop()
                try heard.get()
            }
            try await subscriber.stop()
            try result.get()
        }
    }

    @Test("leases are shared, and all are held once")
    func sharing() async throws {
        try await withTwo(plain(.gateway)) { first, second in
            let names = ["sequencer", "relay/loyalty", "relay/referral", "relay/messaging", "relay/survey"]
            try await until("each has a share") {
                let held = names.map { name in [first, second].map { $0.house.leases.isHeld(name) } }
                return held.allSatisfy { $0.count { $0 } == 1 } && held.count { $0[0] } >= 2 && held.count { $0[1] } >= 2
            }
        }
    }

    // MARK: - Timers

    @Test("timers that are due are run by two replicas, each timer once")
    func timers() async throws {
        let definition = timekeeper { timers in
            timers.on("t") { timer, change in try change.note(timer) }
            timers.onExternal("x", concurrency: 4) { timer, house in try await house.write { try $0.note(timer) } }
        }
        try await withTwo(definition) { first, second in
            try await first.house.schedule("t", ids("t", 1...400))
            try await second.house.schedule("x", ids("x", 1...100))
            try await until("all have run", within: 60) { try await first.house.count("timers") == 0 }
            let ran = try await first.house.ran()
            #expect(ran.count == 500 && Set(ran).count == 500)
        }
    }

    @Test("what another replica works on is left alone, until its lease has run out")
    func leasedTimers() async throws {
        let definition = timekeeper { $0.on("t") { timer, change in try change.note(timer) } }
        let prepare: @Sendable (House) async throws -> Void = { house in
            try await house.schedule("t", ["dead", "alive"], at: .epoch)
            try await house.write { change in
                let now = SQL(raw: change.db.dialect.sharedNow)
                try change.db.execute("UPDATE timers SET lease = 'ghost', lease_until = \(now) + 1200 WHERE timer_key = 'dead'")
                try change.db.execute("UPDATE timers SET lease = 'other', lease_until = \(now) + 600000 WHERE timer_key = 'alive'")
            }
        }
        try await withFolder { folder in
            let running = try await RunningHouse.start(definition, folder: folder, prepare: prepare)
            let result = await outcome {
                try await until("the dead one's has run") { try await running.house.ran() == ["dead"] }
                #expect(try await running.house.count("timers") == 1)
            }
            try await running.stop()
            try result.get()
        }
    }

    // MARK: - What is kept in memory

    @Test("what one replica revises the other reads again, also when the first reading failed")
    func revisions() async throws {
        try await withTwo(plain(.gateway)) { first, second in
            let (here, there) = (Shelf(0), Shelf(0))
            first.house.revisions.follow("things") { here.change { $0 += 1 } }
            second.house.revisions.follow("things") {
                if there.change({ $0 += 1; return $0 }) == 1 { throw StoreError.busy }
            }
            try await first.house.write { try $0.revise("things") }
            #expect(here.value == 1)
            try await until("the other has read twice") { there.value >= 2 }
        }
    }

    @Test("who sets the sandbox's clock sets it in every replica before the answer")
    func clock() async throws {
        try await withTwo(plain(.loyalty), environment: ["VEFA_SANDBOX": "1"]) { first, second in
            try await until("they know of each other") { first.house.leases.others == 1 }
            let target = first.house.now.adding(days: 40)
            try await ClockKeeper.set(target, isFirst: true, first.house)
            #expect(second.house.now >= target)
        }
    }

    @Test("reports are numbered in the order in which they are committed, whoever writes them")
    func reports() async throws {
        let listener = Listener(.messaging)
        let first = try await TestHouse.start(listener.definition)
        let second = try await TestHouse.start(listener.definition, sharing: first)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (house, publisher) in [(first, ServiceName.gateway), (second, .loyalty)] {
                group.addTask {
                    for number in 1...15 {
                        try await house.deliver(
                            [CloudEvent(id: "r\(number)", source: publisher.rawValue, type: "t.t", time: .epoch, subject: nil, data: ["refuse": "no"])],
                            from: publisher)
                    }
                }
            }
            try await group.waitForAll()
        }
        let numbers = try await first.house.read { try $0.all("SELECT report FROM inbox_reports ORDER BY report") { $0.int(0) } }
        #expect(numbers == Array(1...30))
        await second.stop()
        await first.stop()
    }
}

extension House {
    fileprivate func number() async throws {
        let outbox = outbox
        try await store.claim { db in
            // As the sequencer: one at a time.
            try db.execute(
                """
                INSERT INTO leases (name, holder, held_until) VALUES ('sequencer', 'test', 0)
                ON CONFLICT (name) DO UPDATE SET held_until = leases.held_until + 1
                """)
            try outbox.number(upTo: 50, db)
        }
    }

    fileprivate func numbered(after position: Int64) async throws -> [String] {
        try await read { try $0.all("SELECT id FROM outbox WHERE position > \(position) ORDER BY position") { $0.text(0) } }
    }
}
