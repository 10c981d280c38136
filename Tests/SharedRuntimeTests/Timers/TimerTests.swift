import Shared
import SharedStore
import SharedTesting
import Testing

@testable import SharedRuntime

/// A service whose timers write down that they ran.
func timekeeper(_ name: ServiceName = .survey, _ add: (inout TimerHandlers) -> Void) -> ServiceDefinition {
    var timers = TimerHandlers()
    add(&timers)
    return ServiceDefinition(
        name: name,
        migrations: [
            Migration(1, "ran") { dialect in
                ["CREATE TABLE ran (number \(dialect.identityColumn), timer_key TEXT NOT NULL, at_time BIGINT NOT NULL)"]
            }
        ],
        timers: timers, routes: { _, _ in })
}

extension Change {
    func note(_ timer: DueTimer) throws { try db.execute("INSERT INTO ran (timer_key, at_time) VALUES (\(timer.key), \(now))") }
}

extension House {
    func ran() async throws -> [String] {
        try await read { try $0.all("SELECT timer_key FROM ran ORDER BY number") { $0.text(0) } }
    }

    func schedule(_ kind: String, _ keys: [String], at time: Timestamp? = nil) async throws {
        try await write { change in for key in keys { try change.schedule(kind, key: key, at: time ?? change.now) } }
    }

    /// What stands in a timer's row.
    func timer(_ key: String) async throws -> (dueAt: Timestamp, attempt: Int64, error: String?)? {
        try await read {
            try $0.first("SELECT due_at, attempt, last_error FROM timers WHERE timer_key = \(key)") {
                ($0.time(0), $0.int(1), $0.textOrNil(2))
            }
        }
    }
}

struct Broken: Error {}

@Suite("Timers, with a clock that stands") struct TimerTests {
    private func withHouse(_ definition: ServiceDefinition, _ body: (TestHouse) async throws -> Void) async throws {
        let test = try await TestHouse.start(definition)
        let result = await outcome { try await body(test) }
        await test.stop()
        try result.get()
    }

    @Test("run when they are due, earliest first, each in its own time")
    func order() async throws {
        let definition = timekeeper { $0.on("t") { timer, change in try change.note(timer) } }
        try await withHouse(definition) { test in
            let start = test.house.now
            for (key, hours) in [("b", 2), ("a", 1), ("c", 3)] as [(String, Int64)] {
                try await test.house.schedule("t", [key], at: start.adding(seconds: hours * 3_600))
            }
            try await test.advance(seconds: 3_599)
            #expect(try await test.house.ran() == [])
            try await test.advance(seconds: 2 * 3_600)
            #expect(try await test.house.ran() == ["a", "b"])
            let times = try await test.house.read { try $0.all("SELECT at_time FROM ran ORDER BY number") { $0.time(0) } }
            #expect(times == [start.adding(seconds: 3_600), start.adding(seconds: 7_200)])
        }
    }

    @Test("there is one a kind and key: scheduling moves it, unscheduling takes it away")
    func identity() async throws {
        let definition = timekeeper { timers in
            timers.on("t") { timer, change in try change.note(timer) }
            timers.on("u") { timer, change in try change.note(timer) }
        }
        try await withHouse(definition) { test in
            let start = test.house.now
            try await test.house.schedule("t", ["a"], at: start.adding(seconds: 10))
            try await test.house.schedule("t", ["a"], at: start.adding(seconds: 100))
            try await test.house.schedule("u", ["a"], at: start.adding(seconds: 10))
            try await test.advance(seconds: 50)
            #expect(try await test.house.ran() == ["a"])
            try await test.house.write { change in
                #expect(try change.isScheduled("t", key: "a"))
                try change.unschedule("t", key: "a")
                #expect(try !change.isScheduled("t", key: "a"))
            }
            try await test.advance(seconds: 100)
            #expect(try await test.house.ran() == ["a"])
        }
    }

    @Test("one that throws leaves nothing behind, and is tried again after 1, 2, 4 … seconds, at most an hour apart")
    func backoff() async throws {
        let isBroken = Shelf(true)
        let definition = timekeeper {
            $0.on("t") { timer, change in
                try change.note(timer)
                try change.emit("tried", subject: nil, data: [:])
                if isBroken.value, timer.key == "a" { throw Broken() }
            }
        }
        try await withHouse(definition) { test in
            let start = test.house.now
            try await test.house.schedule("t", ["a", "b"])
            try await test.runDueTimers()
            #expect(try await test.house.ran() == ["b"])
            #expect(try await test.said().count == 1)
            let row = try #require(try await test.house.timer("a"))
            #expect(row.attempt == 1 && row.dueAt == start.adding(seconds: 1) && row.error == "Broken()")
            try await test.advance(seconds: 1)
            #expect(try await test.house.timer("a")?.dueAt == start.adding(seconds: 3))
            try await test.advance(seconds: 2)
            #expect(try await test.house.timer("a")?.dueAt == start.adding(seconds: 7))
            try await test.advance(seconds: 86_400)
            let late = try #require(try await test.house.timer("a"))
            #expect(late.dueAt <= test.house.now.adding(seconds: 3_600) && late.attempt > 12)
            isBroken.value = false
            try await test.advance(seconds: 3_600)
            #expect(try await test.house.ran() == ["b", "a"])
            #expect(try await test.house.timer("a") == nil)
        }
    }

    @Test("one that an earlier one of the same round moved or took away does not run")
    func moved() async throws {
        let definition = timekeeper {
            $0.on("t") { timer, change in
                try change.note(timer)
                guard timer.key == "a" else { return }
                try change.unschedule("t", key: "b")
                try change.schedule("t", key: "c", at: change.now.adding(seconds: 60))
            }
        }
        try await withHouse(definition) { test in
            try await test.house.schedule("t", ["a", "b", "c"])
            try await test.runDueTimers()
            #expect(try await test.house.ran() == ["a"])
            try await test.advance(seconds: 60)
            #expect(try await test.house.ran() == ["a", "c"])
        }
    }

    @Test("a timer scheduled anew by its own handler stays, transactional or external, even when the handler then throws")
    func rescheduled() async throws {
        let definition = timekeeper { timers in
            timers.on("t") { timer, change in
                try change.note(timer)
                try change.schedule("t", key: timer.key, at: change.now.adding(seconds: 3_600), payload: ["again": true])
            }
            timers.onExternal("x") { timer, house in
                try await house.write { change in
                    try change.note(timer)
                    try change.schedule("x", key: timer.key, at: change.now.adding(seconds: 7_200), payload: ["again": true])
                }
                if timer.key == "throws" { throw Broken() }
            }
        }
        try await withHouse(definition) { test in
            let start = test.house.now
            try await test.house.schedule("t", ["t"])
            try await test.house.schedule("x", ["x", "throws"])
            try await test.runDueTimers()
            #expect(Set(try await test.house.ran()) == ["t", "x", "throws"])
            #expect(try await test.house.timer("t")?.dueAt == start.adding(seconds: 3_600))
            #expect(try await test.house.timer("x")?.dueAt == start.adding(seconds: 7_200))
            let row = try #require(try await test.house.timer("throws"))
            #expect(row.dueAt == start.adding(seconds: 7_200) && row.attempt == 0)
        }
    }

    @Test("an external one that throws is tried again; one of a kind nobody knows waits and stops nobody")
    func external() async throws {
        let attempts = Shelf<[Int]>([])
        let definition = timekeeper {
            $0.onExternal("x") { timer, house in
                attempts.change { $0.append(timer.attempt) }
                if timer.attempt < 2 { throw Broken() }
                try await house.write { try $0.note(timer) }
            }
        }
        try await withHouse(definition) { test in
            try await test.house.schedule("unknown", ["u"])
            try await test.house.schedule("x", ["x"])
            try await test.advance(seconds: 10)
            #expect(attempts.value == [0, 1, 2])
            #expect(try await test.house.ran() == ["x"])
            #expect(try await test.house.timer("x") == nil)
            let row = try #require(try await test.house.timer("u"))
            #expect(row.error == "no handler for this kind" && row.attempt > 0)
        }
    }
}
