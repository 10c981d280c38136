import Shared
import SharedStore
import SharedTesting
import Testing

@testable import SharedRuntime

/// Holds whoever comes until it is opened.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private(set) var inside = 0
    private(set) var most = 0

    func pass() async {
        inside += 1
        most = max(most, inside)
        if !isOpen { await withCheckedContinuation { waiting.append($0) } }
        inside -= 1
    }

    func open() {
        isOpen = true
        for waiter in waiting { waiter.resume() }
        waiting = []
    }

    /// Lets one go.
    func release() { if !waiting.isEmpty { waiting.removeFirst().resume() } }
}

@Suite("The timer worker") struct TimerWorkerTests {
    private func withHouse(
        _ definition: ServiceDefinition, prepare: @escaping @Sendable (House) async throws -> Void = { _ in },
        _ body: (House) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            let running = try await RunningHouse.start(definition, folder: folder, prepare: prepare)
            let result = await outcome { try await body(running.house) }
            try await running.stop()
            try result.get()
        }
    }

    @Test("runs thousands that are due, each once, and sleeps then")
    func thousands() async throws {
        let definition = timekeeper { $0.on("t") { timer, change in try change.note(timer) } }
        let keys = ids("k", 1...3_000)
        try await withHouse(definition, prepare: { try await $0.schedule("t", keys) }) { house in
            try await until("all have run", within: 30) { try await house.count("timers") == 0 }
            let ran = try await house.ran()
            #expect(ran.count == 3_000 && Set(ran) == Set(keys))
        }
    }

    @Test("runs what is scheduled at once, and what is due later when its time has come")
    func latency() async throws {
        let definition = timekeeper { $0.on("t") { timer, change in try change.note(timer) } }
        try await withHouse(definition) { house in
            let start = ContinuousClock.now
            for round in 1...10 {
                try await house.schedule("t", ["k\(round)"])
                try await until("it has run") { try await house.ran().count == round }
            }
            // A worker that only polled would have needed its longest sleep ten times.
            #expect(ContinuousClock.now - start < .seconds(25))
            let due = house.now.adding(milliseconds: 400)
            try await house.schedule("t", ["later"], at: due)
            try await until("the later one has run") { try await house.ran().last == "later" }
            let ranAt = try await house.read { try $0.first("SELECT at_time FROM ran WHERE timer_key = 'later'") { $0.time(0) } }
            let lateness = try #require(ranAt).milliseconds - due.milliseconds
            #expect((0...10_000).contains(lateness))
        }
    }

    @Test("a clock that is moved wakes it")
    func movedClock() async throws {
        let definition = timekeeper { $0.on("t") { timer, change in try change.note(timer) } }
        try await withHouse(definition) { house in
            try await house.schedule("t", ["far"], at: house.now.adding(days: 365))
            try await ClockKeeper.set(house.now.adding(days: 366), isFirst: false, house)
            try await until("it has run") { try await house.ran() == ["far"] }
        }
    }

    @Test("keeps to a kind's limit, and a full kind holds up no other, without spinning")
    func limits() async throws {
        let gate = Gate()
        let definition = timekeeper { timers in
            timers.onExternal("slow", concurrency: 3) { _, _ in await gate.pass() }
            timers.on("t") { timer, change in try change.note(timer) }
        }
        // More than one look at the table takes in, and all due before the others.
        let prepare: @Sendable (House) async throws -> Void = { try await $0.schedule("slow", ids("s", 1...600), at: .epoch) }
        try await withHouse(definition, prepare: prepare) { house in
            try await until("three are inside") { await gate.inside == 3 }
            for round in 1...20 {
                try await house.schedule("t", ["k\(round)"])
                try await until("it has run") { try await house.ran().count == round }
            }
            // With hundreds due and no place free the worker sleeps; one that spins looks thousands of times in this while.
            let before = house.store.statistics.reads
            let end = VefaClock.machineNow.adding(milliseconds: 500)
            try await until("a while has passed") { VefaClock.machineNow > end }
            #expect(house.store.statistics.reads - before < 50)
            await gate.open()
            try await until("all are done", within: 30) { try await house.count("timers") == 0 }
            #expect(await gate.most == 3)
        }
    }

    @Test("one that is still running when its lease ends does not run twice beside itself")
    func longRunning() async throws {
        let gate = Gate()
        let definition = timekeeper { timers in
            timers.onExternal("slow", concurrency: 3) { _, _ in await gate.pass() }
            timers.on("t") { timer, change in try change.note(timer) }
        }
        try await withHouse(definition) { house in
            try await house.schedule("slow", ["a"])
            try await until("it runs") { await gate.inside == 1 }
            try await house.store.write { db in _ = try db.execute("UPDATE timers SET lease_until = 1") }
            for round in 1...5 {
                try await house.schedule("t", ["k\(round)"])
                try await until("it has run") { try await house.ran().count == round }
            }
            #expect(await gate.inside == 1)
            await gate.open()
            try await until("it is done") { try await house.count("timers") == 0 }
            #expect(await gate.most == 1)
        }
    }

    @Test("leases of a process that died are taken back: at the start, or when they run out where it may be a living replica's")
    func deadLeases() async throws {
        let definition = timekeeper { $0.onExternal("x") { timer, house in try await house.write { try $0.note(timer) } } }
        let prepare: @Sendable (House) async throws -> Void = { house in
            try await house.schedule("x", ["a"])
            try await house.write { change in
                let end = TestStores.isShared ? VefaClock.machineNow.adding(seconds: 1) : VefaClock.machineNow.adding(days: 1)
                _ = try change.db.execute("UPDATE timers SET lease = 'dead', lease_until = \(end)")
            }
        }
        try await withHouse(definition, prepare: prepare) { house in
            try await until("it has run and is gone") { try await house.count("timers") == 0 }
            #expect(try await house.ran() == ["a"])
        }
    }

    @Test("an outage of the store costs no attempt")
    func outage() async throws {
        let outages = Shelf(3)
        let definition = timekeeper {
            $0.on("t") { timer, change in
                let isOut = outages.change { left in
                    left -= 1
                    return left >= 0
                }
                if isOut { throw StoreError.busy }
                try change.note(timer)
                #expect(timer.attempt == 0)
            }
        }
        try await withHouse(definition) { house in
            try await house.schedule("t", ["a"])
            try await until("it has run") { try await house.ran() == ["a"] }
        }
    }

    @Test("a stop waits for what is running outside")
    func drains() async throws {
        let gate = Gate()
        let definition = timekeeper { timers in
            timers.onExternal("slow") { timer, house in
                await gate.pass()
                try await house.write { try $0.note(timer) }
            }
        }
        try await withFolder { folder in
            let running = try await RunningHouse.start(definition, folder: folder)
            try await running.house.schedule("slow", ["a"])
            try await until("it runs") { await gate.inside == 1 }
            async let stopped: Void = running.stop()
            await gate.open()
            try await stopped
            let test = try await TestHouse.start(definition, folder: folder)
            #expect(try await test.house.ran() == ["a"])
            #expect(try await test.house.count("timers") == 0)
            await test.stop()
        }
    }
}
