import Logging
import ServiceLifecycle
import Shared
import SharedStore
import Synchronization

/// Work that one replica of a service does at a time, such as carrying the outbox to one subscriber. A lease is a row with a holder and an end, by
/// the database's clock; a holder renews it long before, and who dies loses it after ``lifetimeMilliseconds``. Replicas share the leases evenly.
///
/// A holder that was stopped for a while may not know yet that it lost a lease: what it does then has to be harmless, or to check the row in its
/// own transaction (``confirm(_:_:)``). An embedded store has one process, which holds everything and writes no rows.
final class Leases: Sendable {
    static let lifetimeMilliseconds: Int64 = 10_000
    /// A holder thinks so for this long after it began to renew: shorter than the row says, since clocks run at slightly different speeds.
    private static let trustMilliseconds: Int64 = 9_000

    /// This process among the replicas.
    let replica = TypeID.make("replica", at: VefaClock.machineNow)
    private let store: Store
    private let state = Mutex(State())

    private struct State {
        /// Names this process takes part in, with the bell of whoever does the work.
        var wanted: [(name: String, bell: Wakeup)] = []
        /// Until when each is held, by the monotonic clock.
        var held: [String: ContinuousClock.Instant] = [:]
        var others = 0
    }

    init(store: Store) {
        self.store = store
    }

    var isShared: Bool { store.dialect.isShared }

    /// Other replicas that were heard of lately.
    var others: Int { state.withLock { $0.others } }

    /// Takes part in the work called `name`; `bell` rings when it becomes this process's.
    func join(_ name: String, bell: Wakeup) {
        state.withLock { $0.wanted.append((name, bell)) }
    }

    /// Whether the work is this process's now, as far as it knows.
    func isHeld(_ name: String) -> Bool {
        guard isShared else { return true }
        return state.withLock { $0.held[name].map { $0 > .now } ?? false }
    }

    /// Inside a `claim`: renews the lease and keeps everybody else from taking it until the transaction ends. False when it is another's.
    func confirm(_ name: String, _ db: SQLConnection) throws -> Bool {
        guard isShared else { return true }
        return try db.execute(
            """
            UPDATE leases SET held_until = \(raw: db.dialect.sharedNow) + \(Self.lifetimeMilliseconds)
            WHERE name = \(name) AND holder = \(replica)
            """) > 0
    }

    // MARK: - Keeping

    /// One round: says that this process lives, renews what it holds, takes its share of what is free, and gives back what is above it.
    func keep() async throws {
        let began = ContinuousClock.now
        let wanted = state.withLock { $0.wanted.map(\.name) }
        let me = replica
        let (mine, others, surplus) = try await store.claim { db in
            let now = SQL(raw: db.dialect.sharedNow)
            try db.execute(
                """
                INSERT INTO replicas (replica, seen_until, clock_revision) VALUES (\(me), \(now) + \(Self.lifetimeMilliseconds), 0)
                ON CONFLICT (replica) DO UPDATE SET seen_until = excluded.seen_until
                """)
            try db.execute("UPDATE leases SET held_until = \(now) + \(Self.lifetimeMilliseconds) WHERE holder = \(me)")
            let living = try db.all("SELECT replica FROM replicas WHERE seen_until > \(now)") { $0.text(0) }
            let held = try db.all("SELECT name, holder FROM leases WHERE held_until > \(now)") { (name: $0.text(0), holder: $0.text(1)) }
            let plan = LeasePlan.plan(
                wanted: wanted, held: Dictionary(held.map { ($0.name, $0.holder) }, uniquingKeysWith: { $1 }), living: Set(living), me: me)
            var mine = Set(held.filter { $0.holder == me }.map(\.name))
            for name in plan.take {
                let rows = try db.execute(
                    """
                    INSERT INTO leases (name, holder, held_until) VALUES (\(name), \(me), \(now) + \(Self.lifetimeMilliseconds))
                    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
                    WHERE leases.held_until <= \(now)
                    """)
                if rows > 0 { mine.insert(name) }
            }
            return (mine.subtracting(plan.giveBack), living.filter { $0 != me }.count, plan.giveBack)
        }
        let until = began.advanced(by: .milliseconds(Self.trustMilliseconds))
        let gained = state.withLock { state in
            let before = state.held
            state.others = others
            state.held = Dictionary(mine.map { ($0, until) }, uniquingKeysWith: { $1 })
            return state.wanted.filter { state.held[$0.name] != nil && before[$0.name] == nil }.map(\.bell)
        }
        for bell in gained { bell.signal() }
        if !surplus.isEmpty { try await giveBack(surplus) }
    }

    /// After the holder was told that it is none any more: what it still sends is harmless, what it confirms is refused.
    private func giveBack(_ names: [String]) async throws {
        let me = replica
        try await store.claim { db in _ = try db.execute("DELETE FROM leases WHERE holder = \(me) AND name IN \(list: names)") }
    }

    // MARK: - For the length of one piece of work

    /// Takes a lease that nobody waits for; false when it is another's. The keeper renews it until it is dropped.
    func seize(_ name: String) async throws -> Bool {
        guard isShared else { return true }
        let me = replica
        return try await store.claim { db in
            let now = SQL(raw: db.dialect.sharedNow)
            return try db.execute(
                """
                INSERT INTO leases (name, holder, held_until) VALUES (\(name), \(me), \(now) + \(Self.lifetimeMilliseconds))
                ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
                WHERE leases.held_until <= \(now) OR leases.holder = \(me)
                """) > 0
        }
    }

    func drop(_ name: String) async throws {
        guard isShared else { return }
        let me = replica
        try await store.claim { db in _ = try db.execute("DELETE FROM leases WHERE name = \(name) AND holder = \(me)") }
    }

    // MARK: - The sandbox's clock

    /// This replica lives in the time of that revision.
    func report(clockRevision: Int64) async throws {
        let me = replica
        try await store.claim { db in
            _ = try db.execute("UPDATE replicas SET clock_revision = \(clockRevision) WHERE replica = \(me) AND clock_revision < \(clockRevision)")
        }
    }

    /// Whether another living replica has not got there.
    func isBehind(clockRevision: Int64) async throws -> Bool {
        let me = replica
        return try await store.read { db in
            try db.exists(
                """
                SELECT 1 FROM replicas WHERE seen_until > \(raw: db.dialect.sharedNow) AND clock_revision < \(clockRevision) AND replica <> \(me) LIMIT 1
                """)
        }
    }

    // MARK: -

    /// The process stops: the others need not wait for the end of what it held.
    func leave() async throws {
        state.withLock { $0.held = [:] }
        let me = replica
        try await store.claim { db in
            _ = try db.execute("DELETE FROM leases WHERE holder = \(me)")
            _ = try db.execute("DELETE FROM replicas WHERE replica = \(me) OR seen_until < \(raw: db.dialect.sharedNow) - 86400000")
        }
    }
}

/// Who takes what: decided by each replica for itself, from the same rows.
enum LeasePlan {
    /// - Returns: free names to take, up to this replica's share, and names to give back, above it. The share is rounded up: with everything held
    ///   by living replicas of equal shares nobody moves.
    static func plan(wanted: [String], held: [String: String], living: Set<String>, me: String) -> (take: [String], giveBack: [String]) {
        let mine = wanted.filter { held[$0] == me }
        let share = (wanted.count + max(1, living.count) - 1) / max(1, living.count)
        if mine.count > share { return ([], Array(mine.suffix(mine.count - share))) }
        let free = wanted.filter { held[$0] == nil }
        return (Array(free.prefix(share - mine.count)), [])
    }
}
