import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// What events do to flows: they end runs, move runs that wait for them, and begin runs, in that order.
struct FlowEvents {
    let books: FlowBook

    func add(to events: inout EventHandlers) {
        events.on("*", perform: hear)
    }

    @Sendable private func hear(_ event: CloudEvent, _ change: Change) throws {
        for type in try PlacedOrders.meaning(of: event, change) {
            let interests = try FlowStore.interests(in: type, change.db)
            guard !interests.isEmpty else { continue }
            var heard = event
            heard.type = type
            try remember(heard, interests, change)
            for interest in interests where interest.role == .exit { try leave(heard, interest, change) }
            if interests.contains(where: { $0.role == .waitFor }) { try wake(heard, interests, change) }
            for interest in interests where interest.role == .trigger {
                if try repeated(heard, interest, change) { continue }
                if interest.version == interest.currentVersion { try enter(heard, interest, change) }
            }
        }
    }

    /// Kept once a key, for as long as the flows that wait for it may have to look back; not for what a flow has turned down as too old: of
    /// an imported order's points nobody will ask.
    private func remember(_ event: CloudEvent, _ interests: [FlowInterest], _ change: Change) throws {
        let wanted = try interests.filter { interest in
            guard interest.role == .waitFor, interest.memorySeconds > 0 else { return false }
            guard let key = interest.keyPath.flatMap({ FieldPath.key($0, in: event.data) }) else { return true }
            return try !FlowDecisions.exists(.tooOld, flowID: interest.flowID, key: key, change.db)
        }
        for (key, memory) in waitKeys(event, wanted) { try RecentEvents.remember(event, as: key, seconds: memory, change) }
    }

    private func waitKeys(_ event: CloudEvent, _ interests: [FlowInterest]) -> [(key: String, memory: Int64)] {
        var memories: [String: Int64] = [:]
        for interest in interests where interest.role == .waitFor {
            guard let key = RunWait.matchKey(path: interest.keyPath, in: event.data, customerID: event.person) else { continue }
            memories[key] = max(memories[key] ?? 0, interest.memorySeconds)
        }
        return memories.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func leave(_ event: CloudEvent, _ interest: FlowInterest, _ change: Change) throws {
        guard let definition = try books.definition(interest.flowID, interest.version, change.db) else { return }
        let facts = RunWalker.facts(type: event.type, data: event.data)
        let isExit = definition.exits.contains { $0.event == event.type && $0.filter?.holds(for: facts, now: change.now) ?? true }
        guard isExit, let whom = try FlowExits.Whom(event, keyPath: interest.keyPath, change.db) else { return }
        if interest.version == interest.currentVersion { try FlowExits.remember(whom, flowID: interest.flowID, event, change) }
        let runs: [Run]
        switch whom {
        case .key(let key): runs = try RunStore.inProgress(interest.flowID, version: interest.version, key: key, change.db)
        case .customers(let ids):
            // By customer only what came after the run's own beginning counts: last year's order is no answer to today's cart.
            runs = try ids.flatMap { try RunStore.inProgress(interest.flowID, version: interest.version, customerID: $0, change.db) }
                .filter { event.time >= $0.triggeredAt }
        }
        for run in runs { try RunStore.end(run, as: .exited, reason: event.type, change) }
        try MessageStore.recall(flowID: interest.flowID, version: interest.version, whom, at: event.time, change)
    }

    private func wake(_ event: CloudEvent, _ interests: [FlowInterest], _ change: Change) throws {
        for (key, _) in waitKeys(event, interests) {
            for run in try RunStore.waiting(for: event.type, matching: key, change.db) {
                guard let node = run.nodeID, let definition = try books.definition(run.flowID, run.version, change.db) else { continue }
                try change.unschedule(RunTimer.kind, key: run.id)
                try RunWalker(definition: definition, change: change).move(run, .happened(nodeID: node, event.data))
            }
        }
    }

    /// What the event does to the run that is in progress for its key, or has a mail that still waits to go. False where there is none, or the flow
    /// ignores repetitions.
    private func repeated(_ event: CloudEvent, _ interest: FlowInterest, _ change: Change) throws -> Bool {
        guard let definition = try books.definition(interest.flowID, interest.version, change.db), definition.onRepeat != .ignore,
            let key = interest.keyPath.map({ FieldPath.key($0, in: event.data) }) ?? event.person,
            var run = try RunStore.inProgress(interest.flowID, version: interest.version, key: key, change.db).first
                ?? RunStore.withWaitingMail(interest.flowID, version: interest.version, key: key, change.db)
        else { return false }
        let facts = RunWalker.facts(type: event.type, data: event.data)
        let repetition = FlowEntry.repetition(
            definition.onRepeat, isNewer: event.time >= run.eventTime && !event.isStale(now: change.now),
            filterHolds: definition.trigger.filter?.holds(for: facts, now: change.now) ?? true,
            hasSent: try RunStore.hasSent(run.id, change.db))
        // Whoever signs in takes the cart along.
        run.customerID = event.person ?? run.customerID
        if case .object(var context) = run.context {
            context["event"] = Run.context(of: event, over: run.eventData)
            run.context = .object(context)
        }
        switch repetition {
        case .nothing: break
        case .refresh: try RunStore.refresh(run, change)
        case .restart: try RunWalker(definition: definition, change: change).restart(run)
        case .takeBack:
            if run.state == .waiting { try RunStore.end(run, as: .exited, reason: FlowEntry.Refusal.filter.rawValue, change) }
            // A mail that still waits to go would speak of what is no more.
            try MessageStore.recall(flowID: interest.flowID, version: interest.version, .key(key), at: event.time, change)
            try FlowDecisions.note(.filter, interest, key: key, run.customerID, event, change)
        }
        return true
    }

    private func enter(_ event: CloudEvent, _ interest: FlowInterest, _ change: Change) throws {
        guard let person = event.person else { return }
        guard let key = interest.keyPath.map({ FieldPath.key($0, in: event.data) }) ?? person else {
            return try FlowDecisions.note(.noKey, interest, key: event.id, person, event, change)
        }
        func refuse(_ reason: FlowEntry.Refusal) throws { try FlowDecisions.note(reason, interest, key: key, person, event, change) }
        if event.isStale(now: change.now) { return try refuse(.tooOld) }
        guard interest.flowState == .published else { return interest.flowState == .paused ? try refuse(.flowPaused) : () }
        guard let definition = try books.definition(interest.flowID, interest.version, change.db) else { return }
        let facts = RunWalker.facts(type: event.type, data: event.data)
        if let filter = definition.trigger.filter, !filter.holds(for: facts, now: change.now) { return try refuse(.filter) }
        // Events overtake each other: the cart may be empty again, or bought, as of a later event that came first.
        if definition.onRepeat != .ignore,
            try FlowDecisions.exists(.filter, flowID: interest.flowID, key: key, after: event.time, change.db)
        {
            return
        }
        if try FlowExits.hasLeft(interest.flowID, key: interest.keyPath == nil ? nil : key, event, change) {
            return try refuse(.alreadyLeft)
        }
        switch FlowEntry.decide(definition.reentry, after: try RunStore.latest(interest.flowID, key: key, change.db), now: change.now) {
        case .failure(let refused): try refuse(refused.reason)
        case .success(let entry):
            let run = Run(
                id: TypeID.make("run", at: change.now), flowID: interest.flowID, version: interest.version, customerID: person, key: key,
                entry: entry,
                state: .waiting, triggeredAt: event.time, enteredAt: change.now,
                context: ["event": Run.context(of: event)])
            if try !RunWalker(definition: definition, change: change).begin(run) { try refuse(.inProgress) }
        }
    }
}

/// An `order.paid` for an order never placed counts as placed too; and an order is placed once, however often that is said.
enum PlacedOrders {
    /// Orders placed longer ago than this are not remembered: an import of years costs nothing here, and an order paid weeks late is still
    /// known.
    private static let memorySeconds: Int64 = 30 * 86_400

    /// The types that the event stands for.
    static func meaning(of event: CloudEvent, _ change: Change) throws -> [String] {
        guard event.type == "order.placed" || event.type == "order.paid" else { return [event.type] }
        guard event.time >= change.now.adding(seconds: -memorySeconds), let orderID = event.data["order_id"]?.string else {
            return [event.type]
        }
        let isFirst =
            try change.db.execute(
                "INSERT INTO placed_orders (order_id, noted_at) VALUES (\(orderID), \(change.now)) ON CONFLICT (order_id) DO NOTHING") > 0
        if event.type == "order.placed" { return isFirst ? [event.type] : [] }
        return isFirst ? ["order.placed", event.type] : [event.type]
    }
}

/// Why there was no run.
enum FlowDecisions {
    static func exists(_ reason: FlowEntry.Refusal, flowID: String, key: String, _ db: SQLConnection) throws -> Bool {
        try db.exists("SELECT 1 FROM flow_decisions WHERE flow_id = \(flowID) AND run_key = \(key) AND code = \(reason.rawValue)")
    }

    /// Whether there is such a decision about an event later than `time`.
    static func exists(
        _ reason: FlowEntry.Refusal, flowID: String, key: String, after time: Timestamp, _ db: SQLConnection
    ) throws -> Bool {
        try db.exists(
            """
            SELECT 1 FROM flow_decisions WHERE flow_id = \(flowID) AND run_key = \(key) AND code = \(reason.rawValue) AND event_time > \(time)
            """)
    }

    static func note(
        _ reason: FlowEntry.Refusal, _ interest: FlowInterest, key: String, _ customerID: String, _ event: CloudEvent, _ change: Change
    ) throws {
        try change.db.execute(
            """
            INSERT INTO flow_decisions (flow_id, run_key, code, customer_id, event_type, event_id, event_time, decided_at)
            VALUES (\(interest.flowID), \(key), \(reason.rawValue), \(customerID), \(event.type), \(event.id), \(event.time), \(change.now))
            ON CONFLICT (flow_id, run_key, code) DO UPDATE SET
                event_type = excluded.event_type, event_id = excluded.event_id, event_time = excluded.event_time, decided_at = excluded.decided_at
            """)
    }
}
