import Shared
import SharedStore

/// What is due later: a row for each, run by one worker. Nothing that must happen lives in memory only.
public final class Timers: Sendable {
    let handlers: TimerHandlers
    let wakeup = Wakeup()

    /// Renewed all the while by the worker: what a dead process held is taken up again after this.
    static let leaseMilliseconds: Int64 = 30_000
    static let renewMilliseconds: Int64 = 8_000
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

    /// Takes timers that are due, earliest first, for whoever calls itself `lease`; for ``leaseMilliseconds``, unless renewed. Others that claim at the
    /// same time take other ones. Inside a `claim`.
    func claim(_ db: SQLConnection, as lease: String, now: Timestamp, kinds: Kinds, limit: Int) throws -> [DueTimer] {
        let taken = try db.all(
            """
            WITH chosen AS (
                SELECT kind AS due_kind, timer_key AS due_key FROM timers
                WHERE due_at <= \(now) AND (lease_until IS NULL OR lease_until <= \(raw: db.dialect.sharedNow)) \(kinds.condition)
                ORDER BY due_at, kind, timer_key LIMIT \(limit) \(raw: db.dialect.skipLocked)
            )
            UPDATE timers SET lease = \(lease), lease_until = \(raw: db.dialect.sharedNow) + \(Self.life(db))
            FROM chosen WHERE kind = due_kind AND timer_key = due_key
            RETURNING kind, timer_key, due_at, payload, attempt
            """
        ) { row in
            var timer = DueTimer(kind: row.text(0), key: row.text(1), dueAt: row.time(2), payload: row.json(3), attempt: Int(row.int(4)))
            timer.lease = lease
            return timer
        }
        return taken.sorted { ($0.dueAt, $0.kind, $0.key) < ($1.dueAt, $1.kind, $1.key) }
    }

    /// An embedded store has one process: nobody else could take what it holds, and it needs no renewing. What a dead one held is released at the start.
    static func life(_ db: SQLConnection) -> Int64 { db.dialect.isShared ? leaseMilliseconds : 100 * 365 * 86_400_000 }

    /// The same without taking them, for who has the store to itself.
    func due(_ db: SQLConnection, now: Timestamp, kinds: Kinds, limit: Int) throws -> [DueTimer] {
        try db.all(
            """
            SELECT kind, timer_key, due_at, payload, attempt FROM timers
            WHERE due_at <= \(now) AND lease IS NULL \(kinds.condition) ORDER BY due_at, kind, timer_key LIMIT \(limit)
            """
        ) { row in
            DueTimer(kind: row.text(0), key: row.text(1), dueAt: row.time(2), payload: row.json(3), attempt: Int(row.int(4)))
        }
    }

    /// Which timers a claim is about.
    enum Kinds {
        case all
        case only(String)
        case except([String])

        fileprivate var condition: SQL {
            switch self {
            case .all: ""
            case .only(let kind): "AND kind = \(kind)"
            case .except(let kinds): Timers.notOf(kinds)
            }
        }
    }

    /// Keeps what is being worked on from being taken by others.
    func renew(_ leases: [String], _ db: SQLConnection) throws {
        try db.execute(
            "UPDATE timers SET lease_until = \(raw: db.dialect.sharedNow) + \(Self.life(db)) WHERE lease IN \(list: leases)")
    }

    /// Gives back what was claimed and is not being worked on; nil: whatever anybody ever claimed.
    func release(_ leases: [String]?, _ db: SQLConnection) throws {
        let which: SQL = leases.map { "lease IN \(list: $0)" } ?? "lease IS NOT NULL"
        try db.execute("UPDATE timers SET lease = NULL, lease_until = NULL WHERE \(which)")
    }

    /// When the earliest timer is due that nobody works on and whose kind has a place free; nil when there is none.
    func nextFree(_ db: SQLConnection, except full: [String] = [], only kinds: [String]? = nil) throws -> Timestamp? {
        let among: SQL = kinds.map { $0.isEmpty ? "AND 1 = 0" : "AND kind IN \(list: $0)" } ?? ""
        return try db.first(
            """
            SELECT due_at FROM timers WHERE (lease_until IS NULL OR lease_until <= \(raw: db.dialect.sharedNow)) \(Self.notOf(full)) \(among)
            ORDER BY due_at LIMIT 1
            """
        ) { $0.time(0) }
    }

    fileprivate static func notOf(_ kinds: [String]) -> SQL { kinds.isEmpty ? "" : "AND kind NOT IN \(list: kinds)" }

    /// Runs one transactional timer inside `change`, claimed or (nil) not. What its handler throws moves it to later; an outage of the store is thrown.
    func runTransactional(_ timer: DueTimer, lease: String?, _ handler: TimerHandlers.Transactional, _ change: Change) throws {
        do {
            try change.attempt {
                let rows = try change.db.execute(
                    """
                    DELETE FROM timers
                    WHERE kind = \(timer.kind) AND timer_key = \(timer.key) AND due_at = \(timer.dueAt) AND \(Self.held(lease))
                    """)
                // Moved or removed by an earlier one of this round, or another's by now.
                guard rows > 0 else { return }
                try handler(timer, change)
            }
        } catch let outage as StoreError where outage.isOutage {
            throw outage
        } catch {
            try postpone(timer, lease: lease, "\(error)", change)
        }
    }

    private static func held(_ lease: String?) -> SQL { lease.map { "lease = \($0)" } ?? "lease IS NULL" }

    /// Moves a timer that failed to later, while it is still leased so: what was scheduled anew meanwhile stands.
    func postpone(_ timer: DueTimer, lease: String?, _ reason: String, _ change: Change) throws {
        let delay = min(Self.longestBackoff, 1_000 << Int64(min(timer.attempt, 12)))
        try change.db.execute(
            """
            UPDATE timers SET attempt = attempt + 1, due_at = \(change.now.adding(milliseconds: delay)), lease = NULL, lease_until = NULL,
                last_error = \(String(reason.prefix(500)))
            WHERE kind = \(timer.kind) AND timer_key = \(timer.key) AND \(Self.held(lease))
            """)
    }

    /// Removes a leased timer, unless it was scheduled anew while its handler ran.
    func finish(_ timer: DueTimer, lease: String, _ change: Change) throws {
        try change.db.execute("DELETE FROM timers WHERE kind = \(timer.kind) AND timer_key = \(timer.key) AND lease = \(lease)")
    }
}
