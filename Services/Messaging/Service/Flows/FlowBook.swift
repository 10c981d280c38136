import MessagingDomain
import Shared
import SharedStore
import Synchronization

/// Versions of flows, read once each: they never change, so what is kept is right for ever.
final class FlowBook: Sendable {
    private struct Key: Hashable {
        let flowID: String
        let version: Int64
    }

    private static let most = 1_000
    private let definitions = Mutex<[Key: FlowDefinition]>([:])

    /// Nil for a version that is not there.
    func definition(_ flowID: String, _ version: Int64, _ db: SQLConnection) throws -> FlowDefinition? {
        let key = Key(flowID: flowID, version: version)
        if let known = definitions.withLock({ $0[key] }) { return known }
        let json = try db.first("SELECT definition FROM flow_versions WHERE flow_id = \(flowID) AND version = \(version)") { $0.json(0) }
        guard let definition = json.flatMap(FlowDefinition.init(json:)) else { return nil }
        definitions.withLock { known in
            if known.count >= Self.most { known.removeAll() }
            known[key] = definition
        }
        return definition
    }
}
