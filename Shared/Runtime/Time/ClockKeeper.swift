import Shared
import SharedStore

/// A service's clock in the sandbox, kept in its store: over a restart, and the same in all replicas.
enum ClockKeeper {
    static let revision = "clock"
    /// A replica that died a moment ago is still believed to live: it is not waited for longer.
    private static let patienceMilliseconds: Int64 = 3_000

    /// What the sandbox clock was when this suite last ran, so that time survives a restart; for the gateway's start. The others ask the gateway.
    static func restore(_ house: House) async throws {
        guard house.configuration.sandbox else { return }
        try await reload(house)
    }

    /// Has the time that another replica was told.
    static func follow(_ house: House) {
        guard house.configuration.sandbox, house.leases.isShared else { return }
        house.revisions.follow(revision) { [weak house] in
            guard let house else { return }
            try await reload(house)
            try await house.leases.report(clockRevision: house.read { try current($0) })
            house.timers.wakeup.signal()
        }
    }

    /// Milliseconds ahead of the machine's clock; nil when it was never set.
    static func storedOffset(_ db: SQLConnection) throws -> Int64? {
        try db.first("SELECT content FROM meta WHERE name = 'clock_offset'") { Int64($0.text(0)) } ?? nil
    }

    /// Sets the clock, here and in every replica, and keeps it. The first setting of a suite may go back: then timers keep their distance from now, or
    /// what recurs would not come until the day it was started on.
    static func set(_ time: Timestamp, isFirst: Bool, _ house: House) async throws {
        let behind = house.now.milliseconds - time.milliseconds
        // The clock first: timers that were moved early would be due at once by the old time.
        house.clock.set(time)
        defer { house.timers.wakeup.signal() }
        // The others ask the gateway at their start.
        guard house.name == .gateway || house.leases.isShared || (isFirst && behind > 0) else { return }
        let offset = String(house.clock.offsetFromMachine)
        let revision = try await house.write { change in
            if isFirst, behind > 0 { try change.db.execute("UPDATE timers SET due_at = due_at - \(behind)") }
            try change.db.execute(
                "INSERT INTO meta (name, content) VALUES ('clock_offset', \(offset)) ON CONFLICT (name) DO UPDATE SET content = excluded.content")
            if house.leases.isShared { try change.revise(Self.revision) }
            return try current(change.db)
        }
        try await waitForReplicas(revision, house)
    }

    private static func reload(_ house: House) async throws {
        guard let offset = try await house.read({ try storedOffset($0) }) else { return }
        house.clock.set(VefaClock.machineNow.adding(milliseconds: offset))
    }

    private static func current(_ db: SQLConnection) throws -> Int64 {
        try db.first("SELECT revision FROM revisions WHERE name = \(revision)") { $0.int(0) } ?? 0
    }

    private static func waitForReplicas(_ revision: Int64, _ house: House) async throws {
        guard house.leases.isShared else { return }
        let end = VefaClock.machineNow.adding(milliseconds: patienceMilliseconds)
        let wakeup = Wakeup()
        while try await house.leases.isBehind(clockRevision: revision), VefaClock.machineNow < end {
            await wakeup.wait(milliseconds: 5)
        }
    }
}
