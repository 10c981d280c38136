public import Shared
public import SharedStore
import Synchronization

/// What this service has said, and how far each subscriber has heard it.
public final class Outbox: Sendable {
    private let service: ServiceName
    private let store: Store
    private let state = Mutex(State())

    /// Rings when this process has said something. Rows that are numbered as they are committed go to the relays at once; else the sequencer hears it.
    let saidBell = Wakeup()

    private struct State {
        var wakeups: [Wakeup] = []
        var delivered: [ServiceName: Int64] = [:]
    }

    init(service: ServiceName, store: Store) {
        self.service = service
        self.store = store
    }

    /// One relay's alarm bell.
    func makeWakeup() -> Wakeup {
        let wakeup = Wakeup()
        state.withLock { $0.wakeups.append(wakeup) }
        return wakeup
    }

    /// Something was said and is on disk.
    public func changed() {
        if store.dialect.isShared { saidBell.signal() } else { wakeRelays() }
    }

    func wakeRelays() {
        for wakeup in state.withLock({ $0.wakeups }) { wakeup.signal() }
    }

    func delivered(_ position: Int64, to subscriber: ServiceName) {
        state.withLock { $0.delivered[subscriber] = position }
    }

    /// How far a subscriber has come, as its relay in this process last heard; 0 before the first contact.
    func position(of subscriber: ServiceName) -> Int64 {
        state.withLock { $0.delivered[subscriber] ?? 0 }
    }

    /// How far each subscriber has come. Where the relay may be another replica's, as that one last kept it, which is a moment ago.
    func positions(_ db: SQLConnection) throws -> [ServiceName: Int64] {
        guard db.dialect.isShared else { return state.withLock { $0.delivered } }
        let rows = try db.all("SELECT subscriber, position FROM outbox_cursors") { (ServiceName(rawValue: $0.text(0)), $0.int(1)) }
        return Dictionary(rows.compactMap { name, position in name.map { ($0, position) } }, uniquingKeysWith: { $1 })
    }

    // MARK: - Numbers

    /// How many rows are committed and have no number yet, up to `limit`.
    func unnumbered(_ db: SQLConnection, upTo limit: Int = 1) throws -> Int64 {
        guard db.dialect.isShared else { return 0 }
        return try db.first("SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE position IS NULL LIMIT \(limit)) AS fresh") { $0.int(0) } ?? 0
    }

    func hasUnnumbered(_ db: SQLConnection) throws -> Bool { try unnumbered(db) > 0 }

    /// Numbers what was committed; only one may do so at a time. Answers how many rows it was.
    @discardableResult
    package func number(upTo limit: Int, _ db: SQLConnection) throws -> Int {
        guard db.dialect.isShared else { return 0 }
        return try db.execute(
            """
            WITH fresh AS (
                SELECT id, source, ROW_NUMBER() OVER (ORDER BY arrived, id, source) AS number FROM (
                    SELECT id, source, arrived FROM outbox WHERE position IS NULL ORDER BY arrived, id, source LIMIT \(limit)
                ) AS unnumbered
            )
            UPDATE outbox SET position = (SELECT COALESCE(MAX(position), 0) FROM outbox) + fresh.number
            FROM fresh WHERE outbox.id = fresh.id AND outbox.source = fresh.source
            """)
    }

    /// The last position written; 0 for an empty outbox.
    func lastPosition(_ db: SQLConnection) throws -> Int64 {
        try db.first("SELECT COALESCE(MAX(position), 0) FROM outbox") { $0.int(0) } ?? 0
    }

    /// False when `position`, or the event that was last heard there, is not of this outbox: then the store is an earlier copy of the one that said it.
    func hasSaid(upTo position: Int64, _ last: Wire.LastEvent?, _ db: SQLConnection) throws -> Bool {
        if try position > lastPosition(db) { return false }
        guard let last else { return true }
        if try db.exists("SELECT 1 FROM outbox WHERE position = \(last.position) AND id = \(last.id) AND source = \(last.source)") { return true }
        // Not there, or another: unless it is older than anything kept here.
        let oldest = try db.first("SELECT COALESCE(MIN(position), 0) FROM outbox") { $0.int(0) } ?? 0
        return last.position < oldest
    }

    /// Begins a new epoch where `old` is still the present one; answers the present one.
    static func renewEpoch(_ db: SQLConnection, replacing old: String) throws -> String {
        try db.execute("UPDATE meta SET content = \(TypeID.make("epoch", at: VefaClock.machineNow)) WHERE name = 'epoch' AND content = \(old)")
        return try epoch(db)
    }

    /// The store's epoch: made once, changed when it is found that the store was set back to an earlier state.
    static func epoch(_ db: SQLConnection) throws -> String {
        if let epoch = try db.first("SELECT content FROM meta WHERE name = 'epoch'", { $0.text(0) }) { return epoch }
        let epoch = TypeID.make("epoch", at: VefaClock.machineNow)
        try db.execute("INSERT INTO meta (name, content) VALUES ('epoch', \(epoch)) ON CONFLICT (name) DO NOTHING")
        return epoch
    }

    // MARK: - What became of an event

    public struct Entry: Sendable {
        /// nil until the event has its number: then nobody can have heard of it.
        public let position: Int64?
        public let event: CloudEvent
        public let customer: String?
        public let storedAt: Timestamp
    }

    /// The events of this id; of one source where `source` is given.
    public func find(id: String, source: String?) async throws -> [Entry] {
        try await store.read { db in
            let read: (SQLRow) throws -> Entry? = { row in
                guard let event = CloudEvent(stored: row.json(1)) else { return nil }
                return Entry(position: row.intOrNil(0), event: event, customer: row.textOrNil(2), storedAt: row.time(3))
            }
            let rows =
                if let source {
                    try db.all("SELECT position, body, customer_id, stored_at FROM outbox WHERE id = \(id) AND source = \(source)", read)
                } else {
                    try db.all("SELECT position, body, customer_id, stored_at FROM outbox WHERE id = \(id) ORDER BY source LIMIT 20", read)
                }
            return rows.compactMap { $0 }
        }
    }

    public struct Delivery: Sendable {
        /// `waiting`, `done`, `parked` or `refused`.
        public let state: String
        public let code: String?
        public let detail: String?
    }

    /// What each subscriber has made of an entry: from its position, and what it reported of single events.
    public func deliveries(of entry: Entry) async throws -> [(service: ServiceName, delivery: Delivery)] {
        let source = entry.event.source
        let id = entry.event.id
        let (exceptions, positions) = try await store.read { db in
            let exceptions = try db.all("SELECT subscriber, state, code, detail FROM outbox_exceptions WHERE source = \(source) AND id = \(id)") { row in
                (row.text(0), Delivery(state: row.text(1), code: row.text(2), detail: row.text(3)))
            }
            return (exceptions, try self.positions(db))
        }
        return EventRouting.subscribers(of: entry.event.type, from: service).map { subscriber in
            if let exception = exceptions.first(where: { $0.0 == subscriber.rawValue }) { return (subscriber, exception.1) }
            let isDone = entry.position.map { (positions[subscriber] ?? 0) >= $0 } ?? false
            let state = isDone ? "done" : "waiting"
            return (subscriber, Delivery(state: state, code: nil, detail: nil))
        }
    }
}
