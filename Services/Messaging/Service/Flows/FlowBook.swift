import MessagingDomain
import Shared
import SharedStore
import Synchronization

/// Versions of flows, made sense of once each. What is kept is good as long as the store says the same: a version may have been seen in a
/// transaction that came to nothing, and its number be another replica's by now.
final class FlowBook: Sendable {
    private struct Key: Hashable {
        let flowID: String
        let version: Int64
    }

    private static let most = 1_000
    private let definitions = Mutex<[Key: (text: String, definition: FlowDefinition)]>([:])

    /// Nil for a version that is not there.
    func definition(_ flowID: String, _ version: Int64, _ db: SQLConnection) throws -> FlowDefinition? {
        let key = Key(flowID: flowID, version: version)
        let text = try db.first("SELECT definition FROM flow_versions WHERE flow_id = \(flowID) AND version = \(version)") { $0.text(0) }
        guard let text else { return nil }
        if let known = definitions.withLock({ $0[key] }), known.text == text { return known.definition }
        guard let json = try? JSONParser.parse(text, depthLimit: JSONParser.ownDepth), let definition = FlowDefinition(json: json) else {
            return nil
        }
        definitions.withLock { known in
            if known.count >= Self.most { known.removeAll() }
            known[key] = (text, definition)
        }
        return definition
    }
}
