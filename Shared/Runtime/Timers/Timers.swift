import Shared
import SharedStore

/// What is due later: a row for each, run by one worker. Nothing that must happen lives in memory only.
public final class Timers: Sendable {
    let handlers: TimerHandlers
    let wakeup = Wakeup()

    static let leaseMilliseconds: Int64 = 120_000
    static let longestBackoff: Int64 = 3_600_000

    init(handlers: TimerHandlers) {
        self.handlers = handlers
    }

    /// When the earliest timer is due; nil when there is none.
    func nextDue(_ db: SQLConnection) throws -> Timestamp? {
        try db.first("SELECT due_at FROM timers ORDER BY due_at LIMIT 1") { $0.time(0) }
    }

    /// How many are due at `now`, those being worked on included.
    func dueCount(_ db: SQLConnection, now: Timestamp) throws -> Int64 {
        try db.first("SELECT COUNT(*) FROM timers WHERE due_at <= \(now)") { $0.int(0) } ?? 0
    }

    /// Timers to run now, earliest first; those whose lease still holds are left out, and kinds that have no place free just now: many of one kind
    /// must not stand in the way of the others.
    func due(_ db: SQLConnection, now: Timestamp, limit: Int, except full: [String] = []) throws -> [DueTimer] {
        try db.all(
            """
            SELECT kind, timer_key, due_at, payload, attempt FROM timers
            WHERE due_at <= \(now) AND (lease_until IS NULL OR lease_until <= \(VefaClock.machineNow)) \(Self.notOf(full))
            ORDER BY due_at, kind, timer_key LIMIT \(limit)
            """
        ) { row in
            DueTimer(kind: row.text(0), key: row.text(1), dueAt: row.time(2), payload: row.json(3), attempt: Int(row.int(4)))
        }
    }

    /// When the earliest timer is due that nobody works on and whose kind has a place free; nil when there is none.
    func nextFree(_ db: SQLConnection, except full: [String]) throws -> Timestamp? {
        try db.first(
            """
            SELECT due_at FROM timers WHERE (lease_until IS NULL OR lease_until <= \(VefaClock.machineNow)) \(Self.notOf(full))
            ORDER BY due_at LIMIT 1
            """
        ) { $0.time(0) }
    }

    private static func notOf(_ kinds: [String]) -> SQL { kinds.isEmpty ? "" : "AND kind NOT IN \(list: kinds)" }

    /// Runs one transactional timer inside `change`. What its handler throws moves it to later; an outage of the store is thrown.
    func runTransactional(_ timer: DueTimer, _ handler: TimerHandlers.Transactional, _ change: Change) throws {
        do {
            try change.attempt {
                let rows = try change.db.execute(
                    "DELETE FROM timers WHERE kind = \(timer.kind) AND timer_key = \(timer.key) AND due_at = \(timer.dueAt)")
                // Moved or removed by an earlier one of this round.
                guard rows > 0 else { return }
                try handler(timer, change)
            }
        } catch let outage as StoreError where outage.isOutage {
            throw outage
        } catch {
            try postpone(timer, "\(error)", change)
        }
    }

    /// Moves a timer that failed to later; with `lease`, only while it is still leased so: what was scheduled anew meanwhile stands.
    func postpone(_ timer: DueTimer, lease: String? = nil, _ reason: String, _ change: Change) throws {
        let delay = min(Self.longestBackoff, 1_000 << Int64(min(timer.attempt, 12)))
        let held: SQL = lease.map { "AND lease = \($0)" } ?? ""
        try change.db.execute(
            """
            UPDATE timers SET attempt = attempt + 1, due_at = \(change.now.adding(milliseconds: delay)), lease = NULL, lease_until = NULL,
                last_error = \(String(reason.prefix(500)))
            WHERE kind = \(timer.kind) AND timer_key = \(timer.key) \(held)
            """)
    }

    /// Leases one external timer; false when somebody else has it or it is gone.
    func lease(_ timer: DueTimer, as lease: String, _ change: Change) throws -> Bool {
        try change.db.execute(
            """
            UPDATE timers SET lease = \(lease), lease_until = \(VefaClock.machineNow.adding(milliseconds: Self.leaseMilliseconds))
            WHERE kind = \(timer.kind) AND timer_key = \(timer.key) AND due_at = \(timer.dueAt)
                AND (lease_until IS NULL OR lease_until <= \(VefaClock.machineNow))
            """) > 0
    }

    /// Removes a leased timer, unless it was scheduled anew while its handler ran.
    func finish(_ timer: DueTimer, lease: String, _ change: Change) throws {
        try change.db.execute("DELETE FROM timers WHERE kind = \(timer.kind) AND timer_key = \(timer.key) AND lease = \(lease)")
    }
}
