import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

enum MessageStore {
    /// The timer of a message that is to be tried.
    static let timerKind = "message.send"

    private static let columns = """
        id, customer_id, class, template_id, template_version, locale, flow_id, run_id, node_id, order_id, state, reason, address, subject, mail_id, \
        attempts, created_at, updated_at, next_attempt_at, sent_at, last_response
        """

    static func find(_ id: String, _ db: SQLConnection) throws -> Message? {
        try db.first("SELECT \(raw: columns) FROM messages WHERE id = \(id)", read)
    }

    /// Writes the message down and has it tried at once. Nothing happens when its business key is taken.
    static func queue(_ message: NewMessage, _ change: Change) throws {
        let id = TypeID.make("msg", at: change.now)
        let rows = try change.db.execute(
            """
            INSERT INTO messages (id, business_key, customer_id, class, template_id, flow_id, run_id, node_id, order_id, state, attempts, created_at,
                updated_at, next_attempt_at)
            VALUES (\(id), \(message.businessKey), \(message.customerID), \(message.messageClass.rawValue), \(message.templateID), \(message.flowID),
                \(message.runID), \(message.nodeID), \(message.orderID), \(MessageState.queued.rawValue), 0, \(change.now), \(change.now), \(change.now))
            ON CONFLICT (business_key) DO NOTHING
            """)
        if rows > 0 { try change.schedule(timerKind, key: id, at: change.now) }
    }

    /// Newest first; one row more than asked for.
    static func list(customerID: String?, state: MessageState?, _ page: PageRequest, _ db: SQLConnection) throws -> [Message] {
        var query: SQL = "SELECT \(raw: columns) FROM messages WHERE 1 = 1"
        if let customerID { query.append(" AND customer_id = \(customerID)") }
        if let state { query.append(" AND state = \(state.rawValue)") }
        if let time = page.after?.first?.int, let id = page.after?.last?.string {
            query.append(" AND (created_at < \(time) OR (created_at = \(time) AND id < \(id)))")
        }
        query.append(" ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)")
        return try db.all(query, read)
    }

    // MARK: - Attempts

    /// Writes down that an attempt begins: committed before anything goes out.
    static func beginAttempt(_ message: Message, _ change: Change) throws {
        try change.db.execute(
            """
            UPDATE messages SET state = \(MessageState.sending.rawValue), reason = NULL, attempts = \(message.attempts), address = \(message.address),
                subject = \(message.subject), locale = \(message.locale), template_version = \(message.templateVersion), mail_id = \(message.mailID),
                updated_at = \(change.now), next_attempt_at = NULL
            WHERE id = \(message.id)
            """)
        try change.db.execute(
            "INSERT INTO message_attempts (message_id, attempt, started_at) VALUES (\(message.id), \(message.attempts), \(change.now))")
    }

    static func endAttempt(_ id: String, _ attempt: Int64, outcome: String, response: String?, _ change: Change) throws {
        try change.db.execute(
            """
            UPDATE message_attempts SET ended_at = \(change.now), outcome = \(outcome), response = \(response)
            WHERE message_id = \(id) AND attempt = \(attempt) AND outcome IS NULL
            """)
    }

    /// Puts a message into a state, with what belongs to it.
    static func settle(
        _ id: String, _ state: MessageState, reason: MessageReason? = nil, response: String? = nil, nextAttemptAt: Timestamp? = nil,
        _ change: Change
    ) throws {
        let sentAt = state == .sent ? change.now : nil
        try change.db.execute(
            """
            UPDATE messages SET state = \(state.rawValue), reason = \(reason?.rawValue), updated_at = \(change.now), next_attempt_at = \(nextAttemptAt),
                sent_at = \(sentAt), last_response = COALESCE(\(response), last_response)
            WHERE id = \(id)
            """)
    }

    static func attemptLog(_ id: String, _ db: SQLConnection) throws -> [JSON] {
        try db.all(
            "SELECT attempt, started_at, ended_at, outcome, response FROM message_attempts WHERE message_id = \(id) ORDER BY attempt LIMIT 200"
        ) { row in
            [
                "attempt": .int(row.int(0)), "started_at": .from(row.time(1)), "ended_at": .from(row.timeOrNil(2)),
                "outcome": .from(row.textOrNil(3)),
                "response": .from(row.textOrNil(4)),
            ]
        }
    }

    private static func read(_ row: SQLRow) -> Message {
        Message(
            id: row.text(0), customerID: row.text(1), messageClass: MessageClass(rawValue: row.text(2)) ?? .marketing,
            templateID: row.text(3),
            templateVersion: row.intOrNil(4), locale: row.textOrNil(5), flowID: row.textOrNil(6), runID: row.textOrNil(7),
            nodeID: row.textOrNil(8),
            orderID: row.textOrNil(9), state: MessageState(rawValue: row.text(10)) ?? .failed, reason: row.textOrNil(11),
            address: row.textOrNil(12),
            subject: row.textOrNil(13), mailID: row.textOrNil(14), attempts: row.int(15), createdAt: row.time(16), updatedAt: row.time(17),
            nextAttemptAt: row.timeOrNil(18), sentAt: row.timeOrNil(19), lastResponse: row.textOrNil(20))
    }
}
