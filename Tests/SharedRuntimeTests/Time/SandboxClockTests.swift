import Foundation
import Hummingbird
import Shared
import SharedStore
import SharedTesting
import Testing

@testable import SharedRuntime

/// Five small services in this process. Loyalty's timer is heard by messaging, whose timer is heard by loyalty, and so on.
private final class Five: Sendable {
    let houses: Shelf<[ServiceName: RunningHouse]>
    let ports: [ServiceName: Int]
    let folder: URL

    static func start(_ folder: URL) async throws -> Five {
        // Somebody else may have taken a port meanwhile.
        for _ in 0..<4 {
            if let five = try? await attempt(folder) { return five }
        }
        return try await attempt(folder)
    }

    private static func attempt(_ folder: URL) async throws -> Five {
        var ports: [ServiceName: Int] = [:]
        // Below the range that outgoing connections take theirs from.
        let base = Int.random(in: 2_000...3_200) * 10
        for (index, name) in ServiceName.allCases.enumerated() { ports[name] = base + index }
        let five = Five(ports: ports, folder: folder)
        do {
            for name in ServiceName.allCases { try await five.launch(name) }
        } catch {
            await five.stop()
            throw error
        }
        return five
    }

    private init(ports: [ServiceName: Int], folder: URL) {
        self.ports = ports
        self.folder = folder
        houses = Shelf([:])
    }

    subscript(_ name: ServiceName) -> House { get throws { try #require(houses.value[name]).house } }

    func launch(_ name: ServiceName) async throws {
        let running = try await RunningHouse.start(
            Self.definition(name), port: ports[name] ?? 0, urls: ports, folder: folder, environment: ["VEFA_SANDBOX": "1"],
            prepare: { house in if house.name == .gateway { try await ClockKeeper.restore(house) } })
        houses.change { $0[name] = running }
    }

    func stop(_ name: ServiceName) async throws {
        try await houses.change { $0.removeValue(forKey: name) }?.stop()
    }

    func stop() async {
        for name in ServiceName.allCases { try? await stop(name) }
    }

    func move(_ body: JSON, key: String? = nil) async throws -> JSON {
        try await self[.survey].services.post(
            .gateway, "/v1/sandbox/clock", body: body.bytes, deadline: .seconds(130), headers: key.map { [("Idempotency-Key", $0)] } ?? [])
    }

    /// What the chain wrote down: step and time.
    func steps(_ name: ServiceName) async throws -> [(step: Int64, at: Timestamp)] {
        try await self[name].read { try $0.all("SELECT step, at_time FROM steps ORDER BY number") { ($0.int(0), $0.time(1)) } }
    }

    static let wait: Int64 = 3 * 86_400
    static let last: Int64 = 12

    private static func definition(_ name: ServiceName) -> ServiceDefinition {
        var events = EventHandlers()
        let answers: [ServiceName: String] = [.loyalty: "points.earned", .messaging: "message.sent"]
        // Hears a step and takes the next three days later.
        events.on("points.earned", "message.sent") { event, change in
            guard let step = event.data["step"]?.int, step < last, answers[name] != nil, event.source != "vefa/\(name.rawValue)" else {
                return
            }
            try change.schedule("step", key: "chain", at: event.time.adding(seconds: wait), payload: ["step": .int(step + 1)])
        }
        var timers = TimerHandlers()
        timers.on("step") { timer, change in
            let step = timer.payload["step"]?.int ?? 0
            try change.db.execute("INSERT INTO steps (step, at_time) VALUES (\(step), \(change.now))")
            try change.emit(answers[name] ?? "other.thing", subject: nil, data: ["step": .int(step)])
        }
        timers.on("daily") { timer, change in
            try change.db.execute("INSERT INTO steps (step, at_time) VALUES (-1, \(change.now))")
            try change.schedule("daily", key: timer.key, at: timer.dueAt.adding(days: 1))
        }
        return ServiceDefinition(
            name: name,
            migrations: [
                Migration(1, "steps") {
                    ["CREATE TABLE steps (number \($0.identityColumn), step BIGINT NOT NULL, at_time BIGINT NOT NULL)"]
                }
            ],
            events: events, timers: timers,
            routes: { router, house in if house.name == .gateway { SandboxClock(house: house).addRoutes(to: router) } })
    }
}

@Suite("The sandbox clock", .serialized) struct SandboxClockTests {
    private static let start = Timestamp(milliseconds: 1_772_355_600_000)

    private func withFive(_ body: (Five) async throws -> Void) async throws {
        try await withFolder { folder in
            let five = try await Five.start(folder)
            let result = await outcome { try await body(five) }
            await five.stop()
            try result.get()
        }
    }

    private func code(_ body: () async throws -> JSON) async -> String? {
        do {
            _ = try await body()
            return nil
        } catch let error as ServiceCallError {
            if case .answered(let problem) = error.reason { return "\(problem.status) \(problem.code)" }
            return "\(error)"
        } catch {
            return "\(error)"
        }
    }

    @Test("waits chained across services come out as if they had been lived through, in one move", .timeLimit(.minutes(3)))
    func chain() async throws {
        try await withFive { five in
            _ = try await five.move(["now": .string(Self.start.rfc3339)])
            for name in ServiceName.allCases { #expect(try abs(five[name].now.milliseconds - Self.start.milliseconds) < 60_000) }
            try await five[.loyalty].write { change in
                try change.schedule("step", key: "chain", at: Self.start.adding(seconds: Five.wait), payload: ["step": 1])
            }
            // Too little for the last step, then enough.
            _ = try await five.move(["now": .string(Self.start.adding(seconds: Five.wait * 11 + 3_600).rfc3339)])
            #expect(try await five.steps(.loyalty).map(\.step) == [1, 3, 5, 7, 9, 11])
            #expect(try await five.steps(.messaging).map(\.step) == [2, 4, 6, 8, 10])
            let answer = try await five.move(["advance_seconds": .int(Five.wait)])
            let reached = try #require(answer["now"]?.string.flatMap { Timestamp(rfc3339: $0) })
            #expect(reached > Self.start.adding(seconds: Five.wait * 12))
            let steps = try await five.steps(.loyalty) + five.steps(.messaging)
            #expect(steps.count == 12)
            for (step, at) in steps {
                // The clock runs on while it is moved, so each is a little late and never early.
                let lateness = at.milliseconds - Self.start.adding(seconds: Five.wait * step).milliseconds
                #expect((0..<120_000).contains(lateness), "step \(step) is \(lateness) ms late")
            }
            // All of it has been heard by whoever hears everything.
            #expect(try await five[.gateway].count("inbox") == 12)
        }
    }

    @Test(
        "the first setting may go back, and takes what recurs along; then time goes forward only; it outlives a restart",
        .timeLimit(.minutes(3)))
    func backwards() async throws {
        try await withFive { five in
            try await five[.survey].write { change in try change.schedule("daily", key: "d", at: change.now.adding(seconds: 3_600)) }
            _ = try await five.move(["now": .string(Self.start.rfc3339)])
            let due = try #require(try await five[.survey].timer("d")).dueAt
            #expect(abs(due.milliseconds - Self.start.adding(seconds: 3_600).milliseconds) < 60_000)
            _ = try await five.move(["advance_seconds": .int(3 * 86_400)])
            #expect(try await five.steps(.survey).count == 3)
            #expect(await code { try await five.move(["now": .string(Self.start.rfc3339)]) } == "409 clock_backwards")
            #expect(try five[.survey].now > Self.start.adding(days: 3))

            try await five.stop(.gateway)
            try await five.launch(.gateway)
            let offset = try five[.gateway].now.milliseconds - five[.survey].now.milliseconds
            #expect(abs(offset) < 60_000)
            #expect(await code { try await five.move(["now": .string(Self.start.rfc3339)]) } == "409 clock_backwards")
            _ = try await five.move(["advance_seconds": .int(86_400)])
            #expect(try await five.steps(.survey).count == 4)
        }
    }

    @Test("a service that is away is said so; what is asked wrongly is refused", .timeLimit(.minutes(3)))
    func refusals() async throws {
        try await withFive { five in
            for (body, expected) in [
                ([:], "422 invalid"), (["now": "tomorrow"], "422 invalid"), (["advance_seconds": -1], "422 invalid"),
                (["advance_seconds": "1"], "422 invalid"),
                (["advance_seconds": 1, "x": 1], "422 invalid"), ([], "422 invalid"),
                (["advance_seconds": 1, "now": .string(Self.start.adding(days: 9_000).rfc3339)], "422 invalid"),
            ] as [(JSON, String)] {
                #expect(await code { try await five.move(body) } == expected, "\(body.text)")
            }
            try await five.stop(.referral)
            #expect(await code { try await five.move(["advance_seconds": 60]) } == "503 upstream_unavailable")
            try await five.launch(.referral)
            #expect(await code { try await five.move(["advance_seconds": 60]) } == nil)
        }
    }

    @Test("a move asked for twice by one key is one move", .timeLimit(.minutes(3)))
    func replay() async throws {
        try await withFive { five in
            let first = try await five.move(["advance_seconds": 864_000], key: "once")
            #expect(try await five.move(["advance_seconds": 864_000], key: "once") == first)
            let now = try #require(first["now"]?.string.flatMap { Timestamp(rfc3339: $0) })
            #expect(try five[.loyalty].now < now.adding(days: 1))
            #expect(await code { try await five.move(["advance_seconds": 60], key: "once") } == "422 idempotency_mismatch")
        }
    }

    @Test("outside the sandbox there is no such clock")
    func outside() async throws {
        let definition = plain(.gateway) { router, house in SandboxClock(house: house).addRoutes(to: router) }
        let test = try await TestHouse.start(definition)
        #expect(try await test.get("/v1/sandbox/clock").status == 404)
        #expect(try await test.post("/v1/sandbox/clock", ["advance_seconds": 1]).status == 404)
        let service = Principal(kind: .service, keyID: "s")
        let set = try await test.request(.post, "/internal/v1/clock", body: (["now": 5] as JSON).bytes, principal: service)
        #expect(set.status == 404)
        #expect(test.house.now == TestHouse.startOfTime)
        await test.stop()
    }
}
