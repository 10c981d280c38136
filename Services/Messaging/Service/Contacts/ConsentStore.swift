import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

enum ConsentStore {
    static func find(_ customerID: String, topic: String, _ db: SQLConnection) throws -> Consent? {
        try db.first(
            """
            SELECT topic, state, consent_source, consent_text, said_at FROM consents WHERE customer_id = \(customerID) AND topic = \(topic)
            """, read)
    }

    /// Whether the message may go as far as its reader's consent is concerned: marketing needs one that was granted.
    static func allows(_ message: Message, _ db: SQLConnection) throws -> Bool {
        guard message.messageClass == .marketing else { return true }
        return try find(message.customerID, topic: message.topic ?? Consent.newsletter, db)?.state == .granted
    }

    /// By topic, alphabetically.
    static func all(_ customerID: String, _ db: SQLConnection) throws -> [Consent] {
        try db.all(
            "SELECT topic, state, consent_source, consent_text, said_at FROM consents WHERE customer_id = \(customerID) ORDER BY topic",
            read)
    }

    /// Puts a consent and writes the change into the log.
    static func keep(_ consent: Consent, of customerID: String, _ change: Change) throws {
        try change.db.execute(
            """
            INSERT INTO consents (customer_id, topic, state, consent_source, consent_text, said_at)
            VALUES (\(customerID), \(consent.topic), \(consent.state.rawValue), \(consent.source), \(consent.text), \(consent.at))
            ON CONFLICT (customer_id, topic) DO UPDATE SET
                state = excluded.state, consent_source = excluded.consent_source, consent_text = excluded.consent_text, said_at = excluded.said_at
            """)
        try change.db.execute(
            """
            INSERT INTO consent_log (customer_id, topic, state, consent_source, consent_text, said_at, noted_at)
            VALUES (\(customerID), \(consent.topic), \(consent.state.rawValue), \(consent.source), \(consent.text), \(consent.at), \(change.now))
            """)
    }

    /// `{"newsletter": {"state", "source", "text", "at"}}`
    static func json(_ consents: [Consent]) -> JSON {
        var object = JSONObject()
        for consent in consents {
            object[consent.topic] = [
                "state": .string(consent.state.rawValue), "source": .from(consent.source), "text": .from(consent.text),
                "at": .from(consent.at),
            ]
        }
        return .object(object)
    }

    private static func read(_ row: SQLRow) -> Consent {
        Consent(
            topic: row.text(0), state: ConsentState(rawValue: row.text(1)) ?? .denied, source: row.textOrNil(2), text: row.textOrNil(3),
            at: row.time(4))
    }
}
