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
        /// One person under every id that their mailbox is known by: a cart is often left as a guest and bought when signed in, or the other way round.
        case customers([String])

        init?(_ event: CloudEvent, keyPath: String?, _ db: SQLConnection) throws {
            if let key = keyPath.flatMap({ FieldPath.key($0, in: event.data) }) {
                self = .key(key)
                return
            }
            let ids = try FlowExits.ids(of: event, db)
            guard !ids.isEmpty else { return nil }
            self = .customers(ids)
        }

        fileprivate var matchKeys: [String] {
            switch self {
            case .key(let key): ["key=\(key)"]
            case .customers(let ids): ids.map { "customer=\($0)" }
            }
        }
    }

    /// The event's customer, the guest of the same address, and whoever else is written to there.
    private static func ids(of event: CloudEvent, _ db: SQLConnection) throws -> [String] {
        guard let person = event.person else { return [] }
        var ids: Set<String> = [person]
        let address = try event.customerEmail ?? ContactStore.find(person, db)?.email
        if let guest = Guest.id(email: address) { ids.insert(guest) }
        if let key = EmailKey.make(address) { ids.formUnion(try ContactStore.ids(emailKey: key, db)) }
        return ids.sorted()
    }

    static func remember(_ whom: Whom, flowID: String, _ event: CloudEvent, _ change: Change) throws {
        guard !event.isStale(now: change.now) else { return }
        for key in whom.matchKeys {
            try change.db.execute(
                """
                INSERT INTO flow_exits (flow_id, match_key, exited_at, heard_at) VALUES (\(flowID), \(key), \(event.time), \(change.now))
                ON CONFLICT (flow_id, match_key) DO UPDATE SET heard_at = excluded.heard_at,
                    exited_at = CASE WHEN excluded.exited_at > flow_exits.exited_at THEN excluded.exited_at ELSE flow_exits.exited_at END
                """)
        }
    }

    /// Whether what the event would begin is over already: its key was left within the day, or its customer at the event's time or later.
    static func hasLeft(_ flowID: String, key: String?, _ event: CloudEvent, _ change: Change) throws -> Bool {
        let since = change.now.adding(seconds: -memorySeconds)
        if let key {
            let left = try change.db.exists(
                """
                SELECT 1 FROM flow_exits WHERE flow_id = \(flowID) AND match_key IN \(list: Whom.key(key).matchKeys) AND heard_at > \(since)
                    AND exited_at > \(event.time.adding(seconds: -memorySeconds))
                """)
            if left { return true }
        }
        let keys = Whom.customers(try ids(of: event, change.db)).matchKeys
        return try change.db.exists(
            """
            SELECT 1 FROM flow_exits WHERE flow_id = \(flowID) AND match_key IN \(list: keys) AND exited_at >= \(event.time)
                AND heard_at > \(since)
            """)
    }
}
