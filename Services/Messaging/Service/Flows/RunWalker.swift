import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// Moves runs on: asks the domain how far one gets, and writes down what came of it, all in the transaction of whatever moved it.
struct RunWalker {
    let definition: FlowDefinition
    let change: Change

    /// Begins `run` (whose state and place are filled in here). False when its business key is taken.
    func begin(_ run: Run) throws -> Bool {
        var run = run
        let walk = try self.walk(run, .begin)
        let wait = settle(walk, into: &run)
        guard try RunStore.insert(run, waitingFor: wait, change) else { return false }
        try carryOut(walk, run)
        return true
    }

    func move(_ run: Run, _ move: FlowWalk.Move) throws {
        var run = run
        let walk = try self.walk(run, move)
        let wait = settle(walk, into: &run)
        try RunStore.update(run, waitingFor: wait, change)
        try carryOut(walk, run)
    }

    /// Has a run that rests begin anew.
    func restart(_ run: Run) throws {
        try change.unschedule(RunTimer.kind, key: run.id)
        try RunStore.leaveStep(of: run, as: "restarted", change)
        try move(run, .begin)
    }

    private func walk(_ run: Run, _ move: FlowWalk.Move) throws -> FlowWalk {
        let facts = Self.facts(type: run.eventType, data: run.eventData)
        return try FlowWalk.walk(definition, move, now: change.now, facts: facts) { wait in
            guard let key = RunWait.matchKey(path: wait.key, in: run.eventData, customerID: run.customerID) else { return nil }
            let since = run.enteredAt.adding(seconds: -wait.lookbackSeconds)
            return try RecentEvents.latest(wait.event, matching: key, since: since, change.db)
        }
    }

    /// Puts the run where the walk left it; answers what it waits for there.
    private func settle(_ walk: FlowWalk, into run: inout Run) -> RunWait? {
        if case .object(var context) = run.context {
            for step in walk.steps {
                if case .happened(let data) = step.outcome { context[step.nodeID] = data }
            }
            run.context = .object(context)
        }
        switch walk.rest {
        case .finished:
            run.state = .finished
            run.nodeID = walk.steps.last?.nodeID ?? run.nodeID
            run.dueAt = nil
            run.leftAt = change.now
            return nil
        case .waiting(let node, let until, let wait):
            run.state = .waiting
            run.nodeID = node
            run.dueAt = until
            return wait.flatMap { wait in
                RunWait.matchKey(path: wait.key, in: run.eventData, customerID: run.customerID).map { RunWait(event: wait.event, key: $0) }
            }
        }
    }

    private func carryOut(_ walk: FlowWalk, _ run: Run) throws {
        try RunStore.note(walk.steps, of: run, change)
        for step in walk.steps {
            guard case .queued(let templateID) = step.outcome else { continue }
            try MessageStore.queue(
                NewMessage(
                    businessKey: "run:\(run.id):\(step.nodeID):1", customerID: run.customerID, messageClass: definition.messageClass,
                    templateID: templateID, preferredLocale: definition.locale, coupon: definition.node(step.nodeID)?.coupon,
                    flowID: run.flowID, runID: run.id, nodeID: step.nodeID, orderID: FieldPath.key("order_id", in: run.eventData)),
                change)
        }
        if case .waiting(let node, let until, _) = walk.rest {
            try change.schedule(RunTimer.kind, key: run.id, at: until, payload: ["node": .string(node)])
        }
    }

    /// What conditions are about: the event under `event` and, for an order's event, under `order` too.
    static func facts(type: String, data: JSON) -> JSON {
        var facts = JSONObject([.init(name: "event", value: data), .init(name: "type", value: .string(type))])
        facts["customer"] = data["customer"]
        if type.hasPrefix("order.") { facts["order"] = data }
        if type.hasPrefix("cart.") || type.hasPrefix("checkout.") { facts["cart"] = data }
        return .object(facts)
    }
}

/// The timer of a run that rests: one a run.
enum RunTimer {
    static let kind = "flow.step"

    static func timeUp(_ timer: DueTimer, _ books: FlowBook, _ change: Change) throws {
        guard let run = try RunStore.find(timer.key, change.db), run.state == .waiting, let node = run.nodeID,
            node == timer.payload["node"]?.string,
            let definition = try books.definition(run.flowID, run.version, change.db)
        else { return }
        try RunWalker(definition: definition, change: change).move(run, .timeUp(nodeID: node))
    }
}
