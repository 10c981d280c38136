import Shared

/// How far a run gets in one go: the steps it passes and where it comes to rest. Pure; what has happened is asked of `happened`.
public struct FlowWalk: Sendable, Equatable {
    public struct Step: Sendable, Equatable {
        public var nodeID: String
        public var kind: String
        public var outcome: Outcome

        public init(nodeID: String, kind: String, outcome: Outcome) {
            self.nodeID = nodeID
            self.kind = kind
            self.outcome = outcome
        }
    }

    public enum Outcome: Sendable, Equatable {
        case queued(templateID: String)
        /// The awaited event, or what it brought.
        case happened(JSON)
        case timedOut
        case elapsed
        case took(then: Bool)
        /// Not over: this is where the run rests.
        case waiting

        public var name: String {
            switch self {
            case .queued: "queued"
            case .happened: "happened"
            case .timedOut: "timed_out"
            case .elapsed: "elapsed"
            case .took(let then): then ? "then" : "else"
            case .waiting: "waiting"
            }
        }
    }

    public enum Rest: Sendable, Equatable {
        /// At a node, until a time; and for an event, where it waits for one.
        case waiting(nodeID: String, until: Timestamp, for: FlowNode.WaitFor?)
        case finished
    }

    public var steps: [Step] = []
    public var rest: Rest = .finished

    /// What brings a run to a node, or away from the one where it rested.
    public enum Move: Sendable, Equatable {
        case begin
        /// The time at the node is up.
        case timeUp(nodeID: String)
        /// The event it waited for has come, with its data.
        case happened(nodeID: String, JSON)
    }

    /// Walks on. `facts` are what conditions are about; `happened` tells whether the event of a `wait_for` was heard already, and with
    /// which data.
    public static func walk(
        _ definition: FlowDefinition, _ move: Move, now: Timestamp, facts: JSON, happened: (FlowNode.WaitFor) throws -> JSON?
    ) rethrows -> FlowWalk {
        var walk = FlowWalk()
        var current: FlowNode?
        switch move {
        case .begin: current = definition.nodes.first
        case .timeUp(let id): current = walk.leave(definition.node(id), with: nil, in: definition)
        case .happened(let id, let data): current = walk.leave(definition.node(id), with: data, in: definition)
        }
        while let node = current {
            switch node.kind {
            case .send(let templateID, _):
                walk.pass(node, .queued(templateID: templateID))
                current = node.next.flatMap(definition.node)
            case .branch(let condition, let then):
                let holds = condition.holds(for: facts, now: now)
                walk.pass(node, .took(then: holds))
                current = (holds ? then : node.next).flatMap(definition.node)
            case .wait(let seconds):
                guard seconds > 0 else {
                    current = walk.leave(node, with: nil, in: definition)
                    continue
                }
                return walk.resting(at: node, until: now.adding(seconds: seconds), for: nil)
            case .waitFor(let wait):
                if let data = try happened(wait) {
                    current = walk.leave(node, with: data, in: definition)
                } else if wait.timeoutSeconds == 0 {
                    current = walk.leave(node, with: nil, in: definition)
                } else {
                    return walk.resting(at: node, until: now.adding(seconds: wait.timeoutSeconds), for: wait)
                }
            }
        }
        walk.rest = .finished
        return walk
    }

    private mutating func pass(_ node: FlowNode, _ outcome: Outcome) {
        steps.append(Step(nodeID: node.id, kind: node.kindName, outcome: outcome))
    }

    private func resting(at node: FlowNode, until: Timestamp, for wait: FlowNode.WaitFor?) -> FlowWalk {
        var walk = self
        walk.pass(node, .waiting)
        walk.rest = .waiting(nodeID: node.id, until: until, for: wait)
        return walk
    }

    /// Passes a node that waits, and says which comes next.
    private mutating func leave(_ node: FlowNode?, with data: JSON?, in definition: FlowDefinition) -> FlowNode? {
        guard let node else { return nil }
        if case .waitFor(let wait) = node.kind {
            pass(node, data.map(Outcome.happened) ?? .timedOut)
            return (data == nil ? wait.onTimeout : node.next).flatMap(definition.node)
        }
        pass(node, .elapsed)
        return node.next.flatMap(definition.node)
    }
}
