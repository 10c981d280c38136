import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// Whose a code is, and in which programme.
struct CodeOwner: Sendable, Equatable {
    let code: ReferralCode
    let programmeID: String
    let advocateID: String
}

/// An advocate in one programme.
struct Advocate: Sendable {
    let customerID: String
    let programmeID: String
    let code: String
    /// Of all the codes they had in this programme.
    let clicks: Int64

    func json(publicURL: String) -> JSON {
        [
            "customer_id": .string(customerID), "program_id": .string(programmeID), "code": .string(code),
            "link": .string(Self.link(code, publicURL)), "clicks": .int(clicks),
        ]
    }

    static func link(_ code: String, _ publicURL: String) -> String { "\(publicURL)/r/\(code)" }
}

enum AdvocateStore {
    static func find(_ customerID: String, programme: String, _ db: SQLConnection) throws -> Advocate? {
        try db.first(
            """
            SELECT a.code, (SELECT CAST(SUM(c.clicks) AS BIGINT) FROM referral_codes c
                WHERE c.advocate_id = a.customer_id AND c.programme_id = a.programme_id)
            FROM advocates a WHERE a.programme_id = \(programme) AND a.customer_id = \(customerID)
            """
        ) { Advocate(customerID: customerID, programmeID: programme, code: $0.text(0), clicks: $0.int(1)) }
    }

    /// The programme that somebody became an advocate of first.
    static func firstProgramme(of customerID: String, _ db: SQLConnection) throws -> String? {
        try db.first("SELECT programme_id FROM advocates WHERE customer_id = \(customerID) ORDER BY created_at, programme_id LIMIT 1") {
            $0.text(0)
        }
    }

    /// Nobody for the code of one who is no advocate any more; it stays taken, since links to it are out in the world.
    static func owner(of code: ReferralCode, _ db: SQLConnection) throws -> CodeOwner? {
        try db.first(
            """
            SELECT c.programme_id, c.advocate_id FROM referral_codes c
            JOIN advocates a ON a.programme_id = c.programme_id AND a.customer_id = c.advocate_id WHERE c.code = \(code.text)
            """
        ) { CodeOwner(code: code, programmeID: $0.text(0), advocateID: $0.text(1)) }
    }

    static func owners(of codes: [ReferralCode], _ db: SQLConnection) throws -> [CodeOwner] {
        try codes.prefix(100).compactMap { try owner(of: $0, db) }
    }

    /// Makes a code theirs; false when somebody else, or they in another programme, have it.
    static func take(_ code: ReferralCode, for customerID: String, programme: String, _ change: Change) throws -> Bool {
        let db = change.db
        let rows = try db.execute(
            """
            INSERT INTO referral_codes (code, programme_id, advocate_id, clicks, created_at)
            VALUES (\(code.text), \(programme), \(customerID), 0, \(change.now)) ON CONFLICT (code) DO NOTHING
            """)
        if rows == 0 {
            let isTheirs = try db.exists(
                "SELECT 1 FROM referral_codes WHERE code = \(code.text) AND advocate_id = \(customerID) AND programme_id = \(programme)")
            guard isTheirs else { return false }
        }
        try db.execute(
            """
            INSERT INTO advocates (programme_id, customer_id, code, created_at) VALUES (\(programme), \(customerID), \(code.text), \(change.now))
            ON CONFLICT (programme_id, customer_id) DO UPDATE SET code = excluded.code
            """)
        return true
    }

    /// A code that nobody has, made theirs.
    static func takeGenerated(for customerID: String, programme: String, _ change: Change) throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 where try take(.generate(using: &generator), for: customerID, programme: programme, change) { return }
        throw Problem.unavailable("No code could be made just now.")
    }

    /// Whoever was deleted refers nobody any more.
    static func forget(_ customerID: String, _ db: SQLConnection) throws {
        try db.execute("DELETE FROM advocates WHERE customer_id = \(customerID)")
    }

    /// The codes of one who was merged into another are the other's.
    static func merge(_ from: String, into: String, _ db: SQLConnection) throws {
        try db.execute("UPDATE referral_codes SET advocate_id = \(into) WHERE advocate_id = \(from)")
        try db.execute(
            """
            INSERT INTO advocates (programme_id, customer_id, code, created_at)
            SELECT programme_id, \(into), code, created_at FROM advocates WHERE customer_id = \(from)
            ON CONFLICT (programme_id, customer_id) DO NOTHING
            """)
        try db.execute("DELETE FROM advocates WHERE customer_id = \(from)")
    }
}
