public import Hummingbird
import Logging
import NIOCore
import Shared
import SharedStore

/// Moves the time of all five (sandbox only). A move goes from due time to due time and waits, in between, until every service has run what is
/// due and everybody has heard what that caused: chained waits come out as they would have by living through them.
public struct SandboxClock: Sendable {
    private let house: House
    private let gate: AsyncGate

    /// As long as a caller is kept waiting for a move.
    public static let patienceMilliseconds: Int64 = 120_000
    private static let others: [ServiceName] = [.loyalty, .referral, .messaging, .survey]

    public init(house: House) {
        self.house = house
        gate = AsyncGate()
    }

    /// `GET` and `POST /v1/sandbox/clock`; 404 outside the sandbox.
    public func addRoutes(to router: some RouterMethods<VefaContext>) {
        router.get("/v1/sandbox/clock") { _, _ in
            try requireSandbox()
            return Reply(.ok, ["now": .string(house.now.rfc3339)])
        }
        router.post("/v1/sandbox/clock") { request, context in
            try requireSandbox()
            // A caller whose connection broke asks again by the same key: the days must not pass twice.
            return try await house.command(request, context, preparing: { try await move($0.body) }, { _, reply, _ in reply })
        }
    }

    private func requireSandbox() throws {
        guard house.configuration.sandbox else { throw Problem(404, "not_found", "Not found", detail: "There is no clock to set outside the sandbox.") }
    }

    private func move(_ body: JSON) async throws -> Reply {
        let issues = FieldIssues()
        let fields = FieldReader(body: body, issues: issues)
        let time = fields.timestamp("now")
        let seconds = fields.int("advance_seconds", in: 0...4_000_000_000)
        fields.refuseUnknown()
        if time == nil, seconds == nil, issues.isEmpty { issues.add(.root / "now", "missing", "now or advance_seconds is required") }
        if time != nil, seconds != nil { issues.add(.root / "advance_seconds", "exclusive", "either now or advance_seconds") }
        try issues.throwIfAny()
        guard await gate.enter() else { throw Problem.conflict("clock_moving", "The clock is being moved already.") }
        let result: Result<Reply, any Error>
        do { result = .success(try await moveAlone(time, seconds)) } catch { result = .failure(error) }
        await gate.leave()
        return try result.get()
    }

    private func moveAlone(_ time: Timestamp?, _ seconds: Int64?) async throws -> Reply {
        let lease = "sandbox clock"
        guard try await house.leases.seize(lease) else { throw Problem.conflict("clock_moving", "The clock is being moved already.") }
        let result: Result<Reply, any Error>
        do {
            // Another gateway may have moved it a moment ago.
            if house.leases.isShared { try await ClockKeeper.restore(house) }
            result = .success(try await moveInside(time, seconds))
        } catch { result = .failure(error) }
        try? await house.leases.drop(lease)
        return try result.get()
    }

    private func moveInside(_ time: Timestamp?, _ seconds: Int64?) async throws -> Reply {
        let start = house.now
        let target = time ?? start.adding(seconds: seconds ?? 0)
        let isFirst = try await house.read { try ClockKeeper.storedOffset($0) } == nil
        if target < start, !isFirst {
            // A fresh suite may be set to any time; after that time only goes forward.
            throw Problem.conflict("clock_backwards", "The clock goes forward only; it is \(start.rfc3339).")
        }
        if target < start { try await set(target, isFirst: true) }
        let deadline = VefaClock.machineNow.adding(milliseconds: Self.patienceMilliseconds)
        var current = min(start, target)
        while true {
            let due = try await quiet(by: deadline)
            guard current < target else { break }
            if VefaClock.machineNow > deadline { throw Self.stillBusy(at: house.now, []) }
            current = due.map { min(max($0, current), target) } ?? target
            try await set(current)
        }
        return Reply(.ok, ["now": .string(house.now.rfc3339)])
    }

    /// Tells everybody the time, this service last, and keeps it.
    private func set(_ time: Timestamp, isFirst: Bool = false) async throws {
        let body: JSON = ["now": .int(time.milliseconds), "first": .bool(isFirst)]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in Self.others {
                group.addTask {
                    _ = try await house.services.post(service, "/internal/v1/clock", body: body.bytes, deadline: .seconds(5))
                }
            }
            try await group.waitForAll()
        }
        try await ClockKeeper.set(time, isFirst: isFirst, house)
    }

    /// Waits until nobody has anything left to do now; answers when the next thing anywhere is due.
    private func quiet(by deadline: Timestamp) async throws -> Timestamp? {
        // The five are asked one after another, and what one was just told may have caused something in another that was asked before. Two quiet
        // rounds in which nobody said or heard anything in between enclose a moment at which all of them were quiet at once.
        var before: [ServiceName: Int64]?
        let wakeup = Wakeup()
        while true {
            let standings = try await standings()
            if standings.allSatisfy({ $0.1.isQuiet }) {
                let activity = Dictionary(standings.map { ($0.0, $0.1.activity) }, uniquingKeysWith: { $1 })
                if activity == before { return standings.compactMap { $0.1.nextDue }.min() }
                before = activity
            } else {
                before = nil
            }
            guard VefaClock.machineNow < deadline else { throw Self.stillBusy(at: house.now, standings.filter { !$0.1.isQuiet }) }
            if before == nil { await wakeup.wait(milliseconds: 5) }
        }
    }

    private static func stillBusy(at now: Timestamp, _ late: [(ServiceName, HouseStanding)]) -> Problem {
        var problem = Problem(504, "clock_still_busy", "Not everything due has run yet", detail: "Ask again: the time that was reached stands.")
        problem.extensions["now"] = .string(now.rfc3339)
        problem.extensions["due"] = .object(JSONObject(late.map { .init(name: $0.0.rawValue, value: $0.1.json) }))
        return problem
    }

    private func standings() async throws -> [(ServiceName, HouseStanding)] {
        let mine = try await house.standing()
        return try await withThrowingTaskGroup(of: (ServiceName, HouseStanding).self) { group in
            for service in Self.others {
                group.addTask {
                    guard let standing = HouseStanding(try await house.services.get(service, "/internal/v1/clock", deadline: .seconds(10))) else {
                        throw ServiceCallError(service: service, reason: .unreadable)
                    }
                    return (service, standing)
                }
            }
            var all = [(house.name, mine)]
            for try await standing in group { all.append(standing) }
            return all
        }
    }
}

/// Lets one in at a time and turns the others away.
actor AsyncGate {
    private var isTaken = false

    func enter() -> Bool {
        defer { isTaken = true }
        return !isTaken
    }

    func leave() { isTaken = false }
}
