import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// That a mail was opened, or a link in it followed.
struct Visit: Sendable {
    enum Kind: String, Sendable {
        case open, click
    }

    var kind: Kind
    var visitor: VisitorKind
    var url: String?
    var at: Timestamp

    var json: JSON {
        var object = JSONObject([.init(name: "kind", value: .string(visitor.rawValue)), .init(name: "at", value: .from(at))])
        if kind == .click { object["url"] = .from(url) }
        return .object(object)
    }
}

enum VisitStore {
    /// Rows a message; what comes after changes nothing that anybody asks for.
    private static let most: Int64 = 200

    /// Writes a visit down and says the first of each kind of visitor. Nothing where the message is gone or its reader does not want to be counted.
    static func note(_ kind: Visit.Kind, _ messageID: String, by visitor: VisitorKind, url: String? = nil, _ change: Change) throws {
        guard let message = try MessageStore.find(messageID, change.db),
            try ConsentStore.find(message.customerID, topic: Consent.tracking, change.db)?.state != .denied
        else { return }
        try write(kind, message, visitor, url, change)
        guard kind == .click, visitor != .machine else { return }
        // Who follows a link has the mail open, pictures or not.
        let isOpen = try change.db.exists(
            "SELECT 1 FROM message_visits WHERE message_id = \(messageID) AND kind = 'open' AND visitor = \(visitor.rawValue)")
        if !isOpen { try write(.open, message, visitor, nil, change) }
    }

    static func all(_ messageID: String, _ db: SQLConnection) throws -> [Visit] {
        try db.all(
            "SELECT kind, visitor, url, visited_at FROM message_visits WHERE message_id = \(messageID) ORDER BY entry LIMIT \(most + 2)"
        ) { row in
            Visit(
                kind: Visit.Kind(rawValue: row.text(0)) ?? .open, visitor: VisitorKind(rawValue: row.text(1)) ?? .unknown,
                url: row.textOrNil(2),
                at: row.time(3))
        }
    }

    private static func write(_ kind: Visit.Kind, _ message: Message, _ visitor: VisitorKind, _ url: String?, _ change: Change) throws {
        let count = try change.db.first("SELECT COUNT(*) FROM message_visits WHERE message_id = \(message.id)") { $0.int(0) } ?? 0
        guard count < most else { return }
        try change.db.execute(
            """
            INSERT INTO message_visits (message_id, kind, visitor, url, visited_at)
            VALUES (\(message.id), \(kind.rawValue), \(visitor.rawValue), \(url), \(change.now))
            """)
        if visitor != .machine {
            switch kind {
            case .open: try change.db.execute("UPDATE messages SET opened_at = COALESCE(opened_at, \(change.now)) WHERE id = \(message.id)")
            case .click:
                try change.db.execute("UPDATE messages SET clicked_at = COALESCE(clicked_at, \(change.now)) WHERE id = \(message.id)")
            }
        }
        // The event's id says it once for each kind of visitor.
        switch kind {
        case .open:
            try change.emit(
                "message.opened", subject: message.customerID, data: message.eventData(["kind": .string(visitor.rawValue)]),
                id: "\(message.id).opened.\(visitor.rawValue)")
        case .click:
            try change.emit(
                "message.clicked", subject: message.customerID,
                data: message.eventData(["kind": .string(visitor.rawValue), "url": .from(url)]),
                id: "\(message.id).clicked.\(visitor.rawValue)")
        }
    }
}
