import LoyaltyDomain
import Shared
import SharedStore

/// What somebody at a till knows a member by.
enum MemberSearch {
    case phone(PhoneNumber)
    case email(String)
    case card(String)

    /// Members of one telephone number or address that are shown.
    static let most = 50
    private static let mostCandidates = 500

    /// Those it may be: registered ones first, those known longest first.
    func matches(_ db: SQLConnection) throws -> [CustomerRecord] {
        switch self {
        case .phone(let number):
            return Array(
                try records("c.phone_key = \(number.key)", limit: Self.mostCandidates, db)
                    .filter { $0.customer.phone.flatMap(PhoneNumber.init)?.matches(number) ?? false }.prefix(Self.most))
        case .email(let key):
            return try records("c.email_key = \(key)", limit: Self.most, db)
        case .card(let code):
            guard let card = try MemberCards.find(code: code, db) else { return [] }
            let owner = try Self.present(card.customerID, db)
            return try CustomerStore.find(owner, db).map { $0.customer.deletedAt == nil ? [$0] : [] } ?? []
        }
    }

    /// Whom a customer is by now, who may have become one with others since they were given their card.
    private static func present(_ customerID: String, _ db: SQLConnection) throws -> String {
        var seen = [customerID]
        while let last = seen.last, seen.count < 20 {
            let next = try db.first(
                "SELECT into_id FROM customer_merges WHERE from_id = \(last) ORDER BY at DESC, into_id LIMIT 1"
            ) { $0.text(0) }
            guard let next, !seen.contains(next) else { return last }
            seen.append(next)
        }
        return seen.last ?? customerID
    }

    private func records(_ condition: SQL, limit: Int, _ db: SQLConnection) throws -> [CustomerRecord] {
        try db.all(
            """
            SELECT \(raw: CustomerRecord.columns) FROM \(raw: CustomerRecord.source)
            WHERE \(condition) AND c.deleted_at IS NULL ORDER BY c.guest, c.created_at, c.customer_id LIMIT \(limit)
            """, CustomerRecord.init)
    }
}
