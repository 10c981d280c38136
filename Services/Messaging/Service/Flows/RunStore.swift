import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// One customer's passage through one version of a flow.
struct Run: Sendable {
    enum State: String, Sendable, CaseIterable {
        /// At a node that waits.
        case waiting
        case finished
        /// An exit event came, or the customer is gone.
        case exited
        /// Somebody ended the flow's runs.
        case ended
    }

    var id: String
    var flowID: String
    var version: Int64
    var customerID: String
    var key: String
    var entry: Int64
    var state: State
    var reason: String?
    var nodeID: String?
    var dueAt: Timestamp?
    /// The time of the event that began it.
    var triggeredAt: Timestamp
    var enteredAt: Timestamp
    var leftAt: Timestamp?
    /// `{"event": {"type", "data", "time"}, "<node id>": <what that node heard>}`
    var context: JSON

    var eventType: String { context["event"]?["type"]?.string ?? "" }
    var eventData: JSON { context["event"]?["data"] ?? .object(JSONObject()) }
    /// The time of the event that it is about: the one that began it, or a later one that took its place.
    var eventTime: Timestamp { context["event"]?["time"]?.string.flatMap(Timestamp.init(rfc3339:)) ?? triggeredAt }

    /// Members that a later event about the same thing may leave out without taking them back: stores know a cart's owner and the way back to it from
    /// the checkout on, and go on sending the bare cart beside it.
    private static let lasting = ["customer", "recovery_url"]

    /// - Parameter earlier: the data of the event whose place this one takes.
    static func context(of event: CloudEvent, over earlier: JSON? = nil) -> JSON {
        var data = event.data
        if let earlier, case .object(var object) = data {
            for name in lasting where object[name] == nil || object[name] == .null { object[name] = earlier[name] ?? object[name] }
            data = .object(object)
        }
        return ["type": .string(event.type), "data": data, "time": .from(event.time)]
    }

    var json: JSON {
        [
            "id": .string(id), "flow_id": .string(flowID), "version": .int(version), "customer_id": .string(customerID),
            "key": .string(key),
            "entry": .int(entry), "state": .string(state.rawValue), "reason": .from(reason), "node": .from(nodeID), "due_at": .from(dueAt),
            "entered_at": .from(enteredAt), "left_at": .from(leftAt),
        ]
    }
}

enum RunStore {
    /// In these words the index over runs in progress serves.
    private static let isWaiting = "state = 'waiting'"
    private static let columns =
        "id, flow_id, version, customer_id, run_key, entry, state, reason, node_id, due_at, triggered_at, entered_at, left_at, context"

    static func find(_ id: String, _ db: SQLConnection) throws -> Run? {
        try db.first("SELECT \(raw: columns) FROM runs WHERE id = \(id)", read)
    }

    /// The latest run of a flow for a key.
    static func latest(_ flowID: String, key: String, _ db: SQLConnection) throws -> FlowEntry.EarlierRun? {
        let found = try db.first(
            "SELECT id, entry, entered_at, state, reason FROM runs WHERE flow_id = \(flowID) AND run_key = \(key) ORDER BY entry DESC LIMIT 1"
        ) { (id: $0.text(0), entry: $0.int(1), enteredAt: $0.time(2), state: $0.text(3), reason: $0.textOrNil(4)) }
        guard let found else { return nil }
        let takenBack = found.state == Run.State.exited.rawValue && found.reason == FlowEntry.Refusal.filter.rawValue
        return FlowEntry.EarlierRun(
            entry: found.entry, enteredAt: found.enteredAt, isInProgress: found.state == Run.State.waiting.rawValue,
            wasTakenBack: try takenBack && !hasSent(found.id, db))
    }

    /// Whether the run has come past a step that sends.
    static func hasSent(_ id: String, _ db: SQLConnection) throws -> Bool {
        try db.exists("SELECT 1 FROM run_steps WHERE run_id = \(id) AND kind = 'send'")
    }

    /// Leaves the step where the run rests, to begin again.
    static func leaveStep(of run: Run, as outcome: String, _ change: Change) throws {
        try change.db.execute(
            "UPDATE run_steps SET outcome = \(outcome), left_at = \(change.now) WHERE run_id = \(run.id) AND left_at IS NULL")
    }

    static func waiting(for event: String, matching key: String, _ db: SQLConnection) throws -> [Run] {
        try db.all("SELECT \(raw: columns) FROM runs WHERE wait_event = \(event) AND wait_key = \(key) ORDER BY id", read)
    }

    static func inProgress(_ flowID: String, version: Int64, key: String, _ db: SQLConnection) throws -> [Run] {
        try db.all(
            """
            SELECT \(raw: columns) FROM runs WHERE flow_id = \(flowID) AND run_key = \(key) AND version = \(version)
                AND \(raw: isWaiting)
            """, read)
    }

    static func inProgress(_ flowID: String, version: Int64, customerID: String, _ db: SQLConnection) throws -> [Run] {
        try db.all(
            """
            SELECT \(raw: columns) FROM runs WHERE customer_id = \(customerID) AND flow_id = \(flowID) AND version = \(version)
                AND \(raw: isWaiting)
            """, read)
    }

    /// The latest run for a key that is through but for a marketing mail that has not gone yet (the mail server or its coupon keeps it waiting).
    static func withWaitingMail(_ flowID: String, version: Int64, key: String, _ db: SQLConnection) throws -> Run? {
        try db.first(
            """
            SELECT \(raw: columns) FROM runs WHERE flow_id = \(flowID) AND run_key = \(key) AND version = \(version)
                AND state = \(Run.State.finished.rawValue) AND EXISTS (
                    SELECT 1 FROM messages WHERE run_id = runs.id AND class = \(MessageClass.marketing.rawValue)
                        AND messages.state IN (\(MessageState.queued.rawValue), \(MessageState.deferred.rawValue)))
            ORDER BY entry DESC LIMIT 1
            """, read)
    }

    static func countInProgress(_ flowID: String, _ db: SQLConnection) throws -> Int64 {
        try db.first("SELECT COUNT(*) FROM runs WHERE flow_id = \(flowID) AND \(raw: isWaiting)") { $0.int(0) } ?? 0
    }

    /// Newest first; one row more than asked for.
    static func list(_ flowID: String, state: Run.State?, _ page: PageRequest, _ db: SQLConnection) throws -> [Run] {
        var query: SQL = "SELECT \(raw: columns) FROM runs WHERE flow_id = \(flowID)"
        if let state { query.append(" AND state = \(state.rawValue)") }
        if let time = page.after?.first?.int, let id = page.after?.last?.string {
            query.append(" AND (entered_at < \(time) OR (entered_at = \(time) AND id < \(id)))")
        }
        query.append(" ORDER BY entered_at DESC, id DESC LIMIT \(page.limit + 1)")
        return try db.all(query, read)
    }

    /// False when the key has a run of this number already: somebody else was first.
    static func insert(_ run: Run, waitingFor wait: RunWait?, _ change: Change) throws -> Bool {
        try change.db.execute(
            """
            INSERT INTO runs (id, flow_id, version, customer_id, run_key, entry, state, node_id, due_at, wait_event, wait_key, triggered_at, entered_at,
                left_at, context)
            VALUES (\(run.id), \(run.flowID), \(run.version), \(run.customerID), \(run.key), \(run.entry), \(run.state.rawValue), \(run.nodeID),
                \(run.dueAt), \(wait?.event), \(wait?.key), \(run.triggeredAt), \(run.enteredAt), \(run.leftAt), \(run.context))
            ON CONFLICT (flow_id, run_key, entry) DO NOTHING
            """) > 0
    }

    static func update(_ run: Run, waitingFor wait: RunWait?, _ change: Change) throws {
        try change.db.execute(
            """
            UPDATE runs SET state = \(run.state.rawValue), node_id = \(run.nodeID), due_at = \(run.dueAt), wait_event = \(wait?.event),
                wait_key = \(wait?.key), left_at = \(run.leftAt), context = \(run.context), customer_id = \(run.customerID)
            WHERE id = \(run.id)
            """)
    }

    /// Puts what the run is about, and leaves it where it is.
    static func refresh(_ run: Run, _ change: Change) throws {
        try change.db.execute("UPDATE runs SET context = \(run.context), customer_id = \(run.customerID) WHERE id = \(run.id)")
    }

    /// Takes a run out before its end.
    static func end(_ run: Run, as state: Run.State, reason: String, _ change: Change) throws {
        try change.db.execute(
            """
            UPDATE runs SET state = \(state.rawValue), reason = \(reason), due_at = NULL, wait_event = NULL, wait_key = NULL, left_at = \(change.now)
            WHERE id = \(run.id)
            """)
        if let node = run.nodeID {
            try change.db.execute(
                "UPDATE run_steps SET outcome = \(state.rawValue), left_at = \(change.now) WHERE run_id = \(run.id) AND node_id = \(node) AND left_at IS NULL"
            )
        }
        try change.unschedule(RunTimer.kind, key: run.id)
    }

    /// Takes a customer out of every flow.
    static func endAll(of customerID: String, reason: String, _ change: Change) throws {
        let runs = try change.db.all(
            "SELECT \(raw: columns) FROM runs WHERE customer_id = \(customerID) AND \(raw: isWaiting)", read)
        for run in runs { try end(run, as: .exited, reason: reason, change) }
    }

    /// Ends every run in progress of a flow; answers how many.
    static func endAll(ofFlow flowID: String, _ change: Change) throws -> Int {
        let runs = try change.db.all(
            "SELECT \(raw: columns) FROM runs WHERE flow_id = \(flowID) AND \(raw: isWaiting)", read)
        for run in runs { try end(run, as: .ended, reason: "flow_ended", change) }
        return runs.count
    }

    /// One row a step: written when it is come to, completed when it is left.
    static func note(_ steps: [FlowWalk.Step], of run: Run, _ change: Change) throws {
        for step in steps {
            let leftAt = step.outcome == .waiting ? nil : change.now
            try change.db.execute(
                """
                INSERT INTO run_steps (run_id, node_id, visit, kind, outcome, entered_at, left_at)
                VALUES (\(run.id), \(step.nodeID), 1, \(step.kind), \(step.outcome.name), \(change.now), \(leftAt))
                ON CONFLICT (run_id, node_id, visit) DO UPDATE SET outcome = excluded.outcome, left_at = excluded.left_at,
                    entered_at = CASE WHEN excluded.left_at IS NULL THEN excluded.entered_at ELSE run_steps.entered_at END
                """)
        }
    }

    private static func read(_ row: SQLRow) -> Run {
        Run(
            id: row.text(0), flowID: row.text(1), version: row.int(2), customerID: row.text(3), key: row.text(4), entry: row.int(5),
            state: Run.State(rawValue: row.text(6)) ?? .ended, reason: row.textOrNil(7), nodeID: row.textOrNil(8), dueAt: row.timeOrNil(9),
            triggeredAt: row.time(10), enteredAt: row.time(11), leftAt: row.timeOrNil(12), context: row.json(13))
    }
}

/// What a resting run waits to hear.
struct RunWait: Sendable {
    let event: String
    let key: String

    /// `order_id=1001`, or `customer=c1` where the customer is the key; nil where the data does not carry the key.
    static func matchKey(path: String?, in data: JSON, customerID: String?) -> String? {
        guard let path else { return customerID.map { "customer=\($0)" } }
        return FieldPath.key(path, in: data).map { "\(path)=\($0)" }
    }
}
