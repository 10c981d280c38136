import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// Exits that came lately: an order may be heard before the cart that it was made of.
enum FlowExits {
    /// So long an exit for a key keeps the same key out. A shop that goes on using a cart's id after the order loses a reminder within the day; the
    /// other way round somebody who has just bought would be reminded to.
    static let memorySeconds: Int64 = 86_400

    /// Whose runs an exit ends: those for the key where the event carries it, else the customer's.
    enum Whom {
        case key(String)
        case customer(String)

        init?(_ event: CloudEvent, keyPath: String?) {
            if let key = keyPath.flatMap({ FieldPath.key($0, in: event.data) }) {
                self = .key(key)
            } else if let person = event.person {
                self = .customer(person)
            } else {
                return nil
            }
        }

        fileprivate var matchKey: String {
            switch self {
            case .key(let key): "key=\(key)"
            case .customer(let id): "customer=\(id)"
            }
        }
    }

    static func remember(_ whom: Whom, flowID: String, _ event: CloudEvent, _ change: Change) throws {
        guard !event.isStale(now: change.now) else { return }
        try change.db.execute(
            """
            INSERT INTO flow_exits (flow_id, match_key, exited_at, heard_at) VALUES (\(flowID), \(whom.matchKey), \(event.time), \(change.now))
            ON CONFLICT (flow_id, match_key) DO UPDATE SET heard_at = excluded.heard_at,
                exited_at = CASE WHEN excluded.exited_at > flow_exits.exited_at THEN excluded.exited_at ELSE flow_exits.exited_at END
            """)
    }

    /// Whether what the event would begin is over already: its key was left within the day, or its customer at the event's time or later.
    static func hasLeft(_ flowID: String, key: String?, customerID: String, _ event: CloudEvent, _ change: Change) throws -> Bool {
        let since = change.now.adding(seconds: -memorySeconds)
        if let key {
            let left = try change.db.exists(
                """
                SELECT 1 FROM flow_exits WHERE flow_id = \(flowID) AND match_key = \(Whom.key(key).matchKey) AND heard_at > \(since)
                    AND exited_at > \(event.time.adding(seconds: -memorySeconds))
                """)
            if left { return true }
        }
        return try change.db.exists(
            """
            SELECT 1 FROM flow_exits WHERE flow_id = \(flowID) AND match_key = \(Whom.customer(customerID).matchKey) AND exited_at >= \(event.time)
                AND heard_at > \(since)
            """)
    }
}
