import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// A member's card: a code nobody can guess, which a till reads off a phone or a piece of plastic.
struct MemberCard: Sendable {
    let customerID: String
    let code: String
    let createdAt: Timestamp

    /// What a QR code shows in front of the code.
    private static let scheme = "vefa:m:"

    var payload: String { Self.scheme + code }

    var json: JSON {
        ["customer_id": .string(customerID), "code": .string(code), "payload": .string(payload), "created_at": .from(createdAt)]
    }

    /// The code in what a till has read or somebody has typed; nil for what can be none.
    static func code(_ text: String) -> String? {
        let isPayload = text.utf8.count > scheme.utf8.count && text.prefix(scheme.count).lowercased() == scheme
        return CodeText.fold(isPayload ? String(text.dropFirst(scheme.count)) : text).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Cards in the store.
enum MemberCards {
    /// 31^12 codes: guessing finds none.
    private static let pattern = CouponPattern(String(repeating: "#", count: 12))

    static func find(_ customerID: String, _ db: SQLConnection) throws -> MemberCard? {
        try db.first(
            "SELECT customer_id, code, created_at FROM member_cards WHERE customer_id = \(customerID) AND replaced_at IS NULL", card)
    }

    static func find(code: String, _ db: SQLConnection) throws -> MemberCard? {
        try db.first("SELECT customer_id, code, created_at FROM member_cards WHERE code = \(code) AND replaced_at IS NULL", card)
    }

    private static func card(_ row: SQLRow) -> MemberCard {
        MemberCard(customerID: row.text(0), code: row.text(1), createdAt: row.time(2))
    }

    /// The member's card; made where there is none.
    static func make(for customerID: String, _ change: Change) throws -> MemberCard {
        for _ in 0..<20 {
            if let known = try find(customerID, change.db) { return known }
            var generator = SystemRandomNumberGenerator()
            guard let code = pattern?.code(using: &generator) else { break }
            try change.db.execute(
                """
                INSERT INTO member_cards (code, customer_id, created_at, replaced_at) VALUES (\(code.text), \(customerID), \(change.now), NULL)
                ON CONFLICT DO NOTHING
                """)
        }
        throw Problem.internalError
    }

    /// A new card in the place of the old one, which is good for nothing from then on.
    static func replace(for customerID: String, _ change: Change) throws -> MemberCard {
        try change.db.execute(
            "UPDATE member_cards SET replaced_at = \(change.now) WHERE customer_id = \(customerID) AND replaced_at IS NULL")
        return try make(for: customerID, change)
    }
}
