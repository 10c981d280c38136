import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

enum MessageStore {
    /// The timer of a message that is to be tried.
    static let timerKind = "message.send"

    private static let columns = """
        id, customer_id, class, template_id, template_version, locale, flow_id, run_id, node_id, order_id, state, reason, address, subject, mail_id, \
        attempts, created_at, updated_at, next_attempt_at, sent_at, last_response, topic, preferred_locale, coupon, coupon_code, coupon_ends_at, \
        content, opened_at, clicked_at
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
                updated_at, next_attempt_at, topic, preferred_locale, coupon, content)
            VALUES (\(id), \(message.businessKey), \(message.customerID), \(message.messageClass.rawValue), \(message.templateID), \(message.flowID),
                \(message.runID), \(message.nodeID), \(message.orderID), \(MessageState.queued.rawValue), 0, \(change.now), \(change.now), \(change.now),
                \(message.topic), \(message.preferredLocale), \(message.coupon?.json.text), \(message.content?.text))
            ON CONFLICT (business_key) DO NOTHING
            """)
        if rows > 0 { try change.schedule(timerKind, key: id, at: change.now) }
    }

    /// Newest first; one row more than asked for.
    static func list(
        customerID: String?, state: MessageState?, flowID: String? = nil, _ page: PageRequest, _ db: SQLConnection
    ) throws -> [Message] {
        var query: SQL = "SELECT \(raw: columns) FROM messages WHERE 1 = 1"
        if let customerID { query.append(" AND customer_id = \(customerID)") }
        if let state { query.append(" AND state = \(state.rawValue)") }
        if let flowID { query.append(" AND flow_id = \(flowID)") }
        if let time = page.after?.first?.int, let id = page.after?.last?.string {
            query.append(" AND (created_at < \(time) OR (created_at = \(time) AND id < \(id)))")
        }
        query.append(" ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)")
        return try db.all(query, read)
    }

    /// Takes back the marketing mails of runs that an exit ends (or would have, had they not just finished), as far as no attempt is being made.
    static func recall(flowID: String, version: Int64, _ whom: FlowExits.Whom, at time: Timestamp, _ change: Change) throws {
        var query: SQL = """
            SELECT m.id FROM runs r JOIN messages m ON m.run_id = r.id
            WHERE r.flow_id = \(flowID) AND r.version = \(version) AND m.class = \(MessageClass.marketing.rawValue)
                AND m.state IN (\(MessageState.queued.rawValue), \(MessageState.deferred.rawValue))
            """
        switch whom {
        case .key(let key): query.append(" AND r.run_key = \(key)")
        case .customers(let ids): query.append(" AND r.customer_id IN \(list: ids) AND r.triggered_at <= \(time)")
        }
        for id in try change.db.all(query, { $0.text(0) }) {
            try settle(id, .suppressed, reason: .flowExited, change)
            try change.unschedule(timerKind, key: id)
        }
    }

    // MARK: - Coupons

    /// When the message's coupon ends: fixed before loyalty is asked, so that asking again asks for the same.
    static func couponEnd(_ id: String, _ offer: CouponOffer, _ change: Change) throws -> Timestamp {
        let planned = offer.endsAt(madeAt: change.now)
        try change.db.execute("UPDATE messages SET coupon_ends_at = \(planned) WHERE id = \(id) AND coupon_ends_at IS NULL")
        return try change.db.first("SELECT coupon_ends_at FROM messages WHERE id = \(id)") { $0.timeOrNil(0) }.flatMap { $0 } ?? planned
    }

    static func keepCoupon(_ id: String, code: String, _ change: Change) throws {
        try change.db.execute("UPDATE messages SET coupon_code = \(code), updated_at = \(change.now) WHERE id = \(id)")
    }

    /// Why it is still waiting, for whoever looks.
    static func noteResponse(_ id: String, _ response: String, _ change: Change) throws {
        try change.db.execute("UPDATE messages SET last_response = \(response), updated_at = \(change.now) WHERE id = \(id)")
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

    /// The first word on an attempt stands, but `unknown` gives way to what is known after all.
    static func endAttempt(_ id: String, _ attempt: Int64, outcome: String, response: String?, _ change: Change) throws {
        try change.db.execute(
            """
            UPDATE message_attempts SET ended_at = \(change.now), outcome = \(outcome), response = \(response)
            WHERE message_id = \(id) AND attempt = \(attempt) AND (outcome IS NULL OR (outcome = 'unknown' AND \(outcome) <> 'unknown'))
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
            nextAttemptAt: row.timeOrNil(18), sentAt: row.timeOrNil(19), lastResponse: row.textOrNil(20),
            topic: row.textOrNil(21), preferredLocale: row.textOrNil(22), coupon: readCoupon(row.json(23)), couponCode: row.textOrNil(24),
            couponEndsAt: row.timeOrNil(25), content: row.isNull(26) ? nil : row.json(26), openedAt: row.timeOrNil(27),
            clickedAt: row.timeOrNil(28))
    }

    private static func readCoupon(_ json: JSON) -> CouponOffer? {
        json.object.flatMap { CouponOffer(FieldReader($0, issues: FieldIssues(), strict: false)) }
    }
}
