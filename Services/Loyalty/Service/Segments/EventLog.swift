import Crypto
import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// What happened to customers, as far as segments count it. Orders and customers tell their own events; everything else is noted here.
enum EventLog {
    /// One event in so many makes room: what is beyond the newest ``SegmentRule/mostEvents`` of a type goes.
    private static let pruneEvery: UInt64 = 256
    /// Bytes of an answer that are kept.
    private static let longestAnswer = 2_000

    /// To be called once for an event, which the inbox sees to. What a mail program did by itself is nothing that a customer did.
    static func note(_ event: CloudEvent, _ customerID: String, _ change: Change) throws {
        if event.type == "message.opened" || event.type == "message.clicked", event.data["kind"] == "machine" { return }
        let digest = digest(event)
        try change.db.execute(
            """
            INSERT INTO customer_events (customer_id, type, at, digest)
            VALUES (\(customerID), \(event.type), \(event.time), \(Int64(bitPattern: digest)))
            ON CONFLICT (customer_id, type, at, digest) DO NOTHING
            """)
        if digest % pruneEvery == 0 { try prune(customerID, event.type, change.db) }
        if event.type == "survey.completed" { try keepAnswers(event, customerID, change.db) }
    }

    private static func digest(_ event: CloudEvent) -> UInt64 {
        SHA256.hash(data: Array("\(event.source)\u{0}\(event.id)".utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    static func prune(_ customerID: String, _ type: String, _ db: SQLConnection) throws {
        let last = try db.first(
            """
            SELECT at FROM customer_events WHERE customer_id = \(customerID) AND type = \(type)
            ORDER BY at DESC LIMIT 1 OFFSET \(SegmentRule.mostEvents - 1)
            """
        ) { $0.time(0) }
        guard let last else { return }
        try db.execute("DELETE FROM customer_events WHERE customer_id = \(customerID) AND type = \(type) AND at < \(last)")
    }

    private static func keepAnswers(_ event: CloudEvent, _ customerID: String, _ db: SQLConnection) throws {
        guard let surveyID = event.data["survey_id"]?.string, surveyID.utf8.count <= 255, let answers = event.data["answers"]?.object else {
            return
        }
        for member in answers.members where !member.value.isNull && member.name.utf8.count <= 255 {
            let text = member.value.text
            // A long text is no answer to compare with.
            guard text.utf8.count <= longestAnswer else { continue }
            try db.execute(
                """
                INSERT INTO customer_answers (customer_id, survey_id, question_id, answer, at)
                VALUES (\(customerID), \(surveyID), \(member.name), \(text), \(event.time))
                ON CONFLICT (customer_id, survey_id, question_id) DO UPDATE SET answer = excluded.answer, at = excluded.at
                WHERE excluded.at >= customer_answers.at
                """)
        }
    }

    /// One customer turns out to be another: what happened to them happened to the other.
    static func move(from: String, into: String, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO customer_events (customer_id, type, at, digest)
            SELECT \(into), type, at, digest FROM customer_events WHERE customer_id = \(from)
            ON CONFLICT (customer_id, type, at, digest) DO NOTHING
            """)
        try db.execute(
            """
            INSERT INTO customer_answers (customer_id, survey_id, question_id, answer, at)
            SELECT \(into), survey_id, question_id, answer, at FROM customer_answers WHERE customer_id = \(from)
            ON CONFLICT (customer_id, survey_id, question_id) DO UPDATE SET answer = excluded.answer, at = excluded.at
            WHERE excluded.at > customer_answers.at
            """)
        try forget(from, db)
    }

    static func forget(_ customerID: String, _ db: SQLConnection) throws {
        try db.execute("DELETE FROM customer_events WHERE customer_id = \(customerID)")
        try db.execute("DELETE FROM customer_answers WHERE customer_id = \(customerID)")
    }
}
