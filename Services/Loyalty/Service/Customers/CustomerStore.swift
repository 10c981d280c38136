import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore

/// Customers in the store. Every customer has a member row: they are written together.
enum CustomerStore {
    /// The customer of this id, or whom they were merged into.
    static func find(_ id: String, _ db: SQLConnection) throws -> CustomerRecord? {
        let record = try findAsKept(id, db)
        guard let into = record?.mergedInto else { return record }
        return try findAsKept(into, db) ?? record
    }

    /// The customer of this id, merged or not.
    static func findAsKept(_ id: String, _ db: SQLConnection) throws -> CustomerRecord? {
        try db.first(
            "SELECT \(raw: CustomerRecord.columns) FROM \(raw: CustomerRecord.source) WHERE c.customer_id = \(id)", CustomerRecord.init)
    }

    static func find(memberID: String, _ db: SQLConnection) throws -> CustomerRecord? {
        try db.first(
            "SELECT \(raw: CustomerRecord.columns) FROM \(raw: CustomerRecord.source) WHERE m.member_id = \(memberID)", CustomerRecord.init)
    }

    /// What the ledger knows the member by, and those whom they turned out to be.
    static func memberIDs(of record: CustomerRecord, _ db: SQLConnection) throws -> [String] {
        let merged = try db.all(
            "SELECT m.member_id FROM customers c JOIN members m ON m.customer_id = c.customer_id WHERE c.merged_into = \(record.customer.id)"
        ) { $0.text(0) }
        return [record.account.memberID] + merged
    }

    /// The registered customer of an e-mail that is theirs as far as the store says; the first one where there are several.
    static func registered(emailKey: String, _ db: SQLConnection) throws -> CustomerRecord? {
        try db.first(
            """
            SELECT \(raw: CustomerRecord.columns) FROM \(raw: CustomerRecord.source)
            WHERE c.email_key = \(emailKey) AND c.guest = 0 AND c.deleted_at IS NULL AND COALESCE(c.verified_email, 1) = 1
            ORDER BY c.created_at, c.customer_id LIMIT 1
            """, CustomerRecord.init)
    }

    static func insert(_ record: CustomerRecord, _ db: SQLConnection) throws {
        let customer = record.customer
        let account = record.account
        try db.execute(
            """
            INSERT INTO customers (customer_id, person_id, guest, email, email_key, phone, phone_key, first_name, last_name, name_key, last_name_key,
                locale, timezone, country, region, city, birthday, accepts_marketing, tags, traits, created_at, updated_at, deleted_at, said_at,
                said_times, verified_email)
            VALUES (\(customer.id), \(record.personID), \(customer.isGuest), \(customer.email), \(customer.emailKey), \(customer.phone),
                \(phoneKey(customer)), \(customer.firstName), \(customer.lastName), \(nameKey(customer)), \(customer.lastName?.lowercased()),
                \(customer.locale), \(customer.timezone), \(customer.country), \(customer.region), \(customer.city), \(customer.birthday?.text),
                \(customer.acceptsMarketing), \(customer.tags.map(JSON.from)), \(customer.traits.map(JSON.object)), \(customer.createdAt),
                \(record.updatedAt), \(customer.deletedAt), \(customer.times.base), \(customer.times.json),
                \(customer.verifiedEmail))
            """)
        try Birthdays.note(record, isNew: true, db)
        try db.execute(
            """
            INSERT INTO members (customer_id, member_id, enrolled_at, active, pending, debt, lifetime_earned, lifetime_spent, entries, chain)
            VALUES (\(customer.id), \(account.memberID), \(account.enrolledAt), 0, 0, 0, 0, 0, 0, \(account.chain))
            """)
    }

    static func update(_ record: CustomerRecord, _ db: SQLConnection) throws {
        let customer = record.customer
        try db.execute(
            """
            UPDATE customers SET person_id = \(record.personID), email = \(customer.email), email_key = \(customer.emailKey), phone = \(customer.phone),
                phone_key = \(phoneKey(customer)),
                first_name = \(customer.firstName), last_name = \(customer.lastName), name_key = \(nameKey(customer)),
                last_name_key = \(customer.lastName?.lowercased()), locale = \(customer.locale), timezone = \(customer.timezone),
                country = \(customer.country), region = \(customer.region), city = \(customer.city), birthday = \(customer.birthday?.text),
                accepts_marketing = \(customer.acceptsMarketing), tags = \(customer.tags.map(JSON.from)), traits = \(customer.traits.map(JSON.object)),
                created_at = \(customer.createdAt), updated_at = \(record.updatedAt), deleted_at = \(customer.deletedAt),
                said_at = \(customer.times.base), said_times = \(customer.times.json), verified_email = \(customer.verifiedEmail)
            WHERE customer_id = \(customer.id)
            """)
        try Birthdays.note(record, isNew: false, db)
    }

    /// Sees to it that the guest of an e-mail counts as the registered customer of that e-mail, if there is one, in every figure. To be called for
    /// the old and the new address whenever a registered customer's changes.
    static func relinkGuest(of emailKey: String?, _ db: SQLConnection) throws {
        guard let emailKey, let guestID = Guest.id(email: emailKey) else { return }
        guard let present = try db.first(
            "SELECT person_id FROM customers WHERE customer_id = \(guestID) AND merged_into IS NULL", { $0.text(0) })
        else { return }
        let person = try registered(emailKey: emailKey, db)?.customer.id ?? guestID
        guard person != present else { return }
        try db.execute("UPDATE customers SET person_id = \(person) WHERE customer_id = \(guestID)")
        try db.execute("UPDATE orders SET person_id = \(person) WHERE customer_id = \(guestID)")
    }

    /// Bytes of a name that it is found by: stores index about 2,700, and a name may have 2,049 before its letters grow by being made small.
    private static let longestNameKey = 1_024

    private static func nameKey(_ customer: Customer) -> String? {
        let name = [customer.firstName, customer.lastName].compactMap { $0 }.joined(separator: " ")
        return name.isEmpty ? nil : String(decoding: name.lowercased().utf8.prefix(longestNameKey), as: UTF8.self)
    }

    private static func phoneKey(_ customer: Customer) -> String? { customer.phone.flatMap(PhoneNumber.init)?.key }

    /// Customers whose id, e-mail or name begins with `query` (all without one), by id. One row more than the page's limit.
    static func list(query: String?, page: PageRequest, _ db: SQLConnection) throws -> [CustomerRecord] {
        let after = page.after?.first?.string ?? ""
        guard let query, !query.isEmpty else {
            return try db.all(
                """
                SELECT \(raw: CustomerRecord.columns) FROM \(raw: CustomerRecord.source)
                WHERE c.customer_id > \(after) AND c.deleted_at IS NULL ORDER BY c.customer_id LIMIT \(page.limit + 1)
                """, CustomerRecord.init)
        }
        let key = query.lowercased()
        let end = key + "\u{10FFFF}"
        return try db.all(
            """
            SELECT \(raw: CustomerRecord.columns) FROM \(raw: CustomerRecord.source)
            WHERE c.customer_id IN (
                SELECT customer_id FROM customers WHERE customer_id >= \(query) AND customer_id < \(query + "\u{10FFFF}")
                UNION SELECT customer_id FROM customers WHERE email_key >= \(key) AND email_key < \(end)
                UNION SELECT customer_id FROM customers WHERE name_key >= \(key) AND name_key < \(end)
                UNION SELECT customer_id FROM customers WHERE last_name_key >= \(key) AND last_name_key < \(end)
            ) AND c.customer_id > \(after) AND c.deleted_at IS NULL
            ORDER BY c.customer_id LIMIT \(page.limit + 1)
            """, CustomerRecord.init)
    }
}
