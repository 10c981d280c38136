public import Shared
public import SharedStore

/// What one write may touch: the store, what is said about it, and what shall happen later. All of it commits together or not at all.
/// Valid only inside the closure it was handed to. That closure may run twice (group commit reruns survivors): it must not do anything else.
public final class Change {
    public let db: SQLConnection
    /// The clock's time when the write began.
    public let now: Timestamp
    let service: ServiceName
    var said = false
    var scheduled = false
    var revised: Set<String> = []
    /// What is worth a line in the log once it is on disk: a closure that runs again must not have said it.
    var remarks: [(message: String, metadata: [String: String])] = []
    /// Keys whose parked events are to be applied after the present one.
    var released: [String] = []

    init(db: SQLConnection, now: Timestamp, service: ServiceName) {
        self.db = db
        self.now = now
        self.service = service
    }

    /// Runs `body` behind a savepoint: what it throws undoes what it did, keys it released included.
    func attempt<T>(_ body: () throws -> T) throws -> T {
        let before = released.count
        do {
            return try db.savepoint(body)
        } catch {
            released.removeLast(released.count - before)
            throw error
        }
    }

    // MARK: - Saying

    /// Says that something happened: `source` is `vefa/<service>`, `id` is made when none is given; the same id twice is said once.
    public func emit(_ type: String, subject: String?, data: JSON, id: String? = nil, at time: Timestamp? = nil) throws {
        let event = CloudEvent(
            id: id ?? TypeID.make("evt", at: now), source: "vefa/\(service.rawValue)", type: type, time: time ?? now, subject: subject, data: data)
        try append(event, body: event.json.text, customer: subject)
    }

    /// Puts an event into the outbox as it came. False when its (source, id) is there already.
    @discardableResult
    public func append(_ event: CloudEvent, body: String, customer: String?) throws -> Bool {
        let rows = try db.execute(
            """
            INSERT INTO outbox (source, id, type, customer_id, occurred_at, stored_at, body)
            VALUES (\(event.source), \(event.id), \(event.type), \(customer), \(event.time), \(now), \(body))
            ON CONFLICT (id, source) DO NOTHING
            """)
        if rows > 0 { said = true }
        return rows > 0
    }

    // MARK: - Other replicas

    /// Has every replica, this one included, call what it gave ``Revisions/follow(_:_:)`` for `name`, soon after the commit.
    public func revise(_ name: String) throws {
        revised.insert(name)
        try db.execute(
            """
            INSERT INTO revisions (name, revision) VALUES (\(name), 1)
            ON CONFLICT (name) DO UPDATE SET revision = revisions.revision + 1
            """)
    }

    // MARK: - Later

    /// Has the handler of `kind` run at `time`. There is one timer a key: scheduling again moves it.
    public func schedule(_ kind: String, key: String, at time: Timestamp, payload: JSON = .null) throws {
        scheduled = true
        try db.execute(
            """
            INSERT INTO timers (kind, timer_key, due_at, payload, attempt, lease, lease_until, last_error)
            VALUES (\(kind), \(key), \(time), \(payload.text), 0, NULL, NULL, NULL)
            ON CONFLICT (kind, timer_key) DO UPDATE SET
                due_at = excluded.due_at, payload = excluded.payload, attempt = 0, lease = NULL, lease_until = NULL, last_error = NULL
            """)
    }

    public func unschedule(_ kind: String, key: String) throws {
        try db.execute("DELETE FROM timers WHERE kind = \(kind) AND timer_key = \(key)")
    }

    public func isScheduled(_ kind: String, key: String) throws -> Bool {
        try db.exists("SELECT 1 FROM timers WHERE kind = \(kind) AND timer_key = \(key)")
    }

    // MARK: - Parked events

    /// What `key` names is there now: events parked for it are applied right after the present one, in the order they came.
    public func release(_ key: String) throws {
        released.append(key)
    }
}
