import Shared

/// What a flow's steps must be as a graph.
enum FlowGraph {
    /// Notes: no node at all, an id used twice, a step that leads to nothing, a circle (a run would never end), a node that no run can
    /// reach.
    static func check(_ nodes: [FlowNode], _ reader: FieldReader) {
        func issue(_ index: Int, _ code: String, _ detail: String) { reader.issues.add(reader.pointer / "nodes" / index, code, detail) }
        guard let first = nodes.first else {
            reader.fail("nodes", "empty", "a flow needs at least one node")
            return
        }
        var places: [String: Int] = [:]
        for (index, node) in nodes.enumerated() where places.updateValue(index, forKey: node.id) != nil {
            issue(index, "duplicate", "another node has the id \"\(node.id)\" too")
        }
        for (index, node) in nodes.enumerated() {
            for follower in node.followers where places[follower] == nil {
                issue(index, "unknown_node", "there is no node \"\(follower)\" to go on to")
            }
        }
        guard reader.issues.isEmpty else { return }
        var seen: [String: Bool] = [:]
        let circle = findCircle(from: first, nodes, places, &seen)
        if let circle, let index = places[circle] { issue(index, "circle", "the flow comes back to \"\(circle)\" and would never end") }
        guard circle == nil else { return }
        for (index, node) in nodes.enumerated() where seen[node.id] == nil {
            issue(index, "unreachable", "no run can come to \"\(node.id)\"")
        }
    }

    /// Depth first; `seen` is false for nodes on the present way and true for those done. At most 200 nodes, so the recursion is bounded.
    private static func findCircle(
        from node: FlowNode, _ nodes: [FlowNode], _ places: [String: Int], _ seen: inout [String: Bool]
    ) -> String? {
        if let done = seen[node.id] { return done ? nil : node.id }
        seen[node.id] = false
        for follower in node.followers {
            if let index = places[follower], let circle = findCircle(from: nodes[index], nodes, places, &seen) { return circle }
        }
        seen[node.id] = true
        return nil
    }
}
