import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// Who may be whom: customers that share a mailbox are one person to the rules against fraud.
enum KnownPersons {
    /// Notes a mailbox of a customer; true when it is new. Later ones do not replace earlier ones.
    @discardableResult
    static func note(_ id: String, email: String?, _ db: SQLConnection) throws -> Bool {
        guard let key = PersonHash.email(email) else { return false }
        return try db.execute(
            "INSERT INTO known_addresses (person_key, customer_id) VALUES (\(key), \(id)) ON CONFLICT (person_key, customer_id) DO NOTHING")
            > 0
    }

    /// Everybody who may be the person of this id or this address: the id itself, the guest that the address makes, and all who were seen with the
    /// address or with one of the id's own.
    static func ids(id: String?, email: String?, _ db: SQLConnection) throws -> [String] {
        var ids = [id, Guest.id(email: email)].compactMap { $0 }
        var keys = [PersonHash.email(email)].compactMap { $0 }
        if let id {
            keys += try db.all("SELECT person_key FROM known_addresses WHERE customer_id = \(id) ORDER BY person_key LIMIT 100") {
                $0.text(0)
            }
        }
        guard !keys.isEmpty else { return ids }
        let others = try db.all("SELECT DISTINCT customer_id FROM known_addresses WHERE person_key IN \(list: keys) LIMIT 1000") {
            $0.text(0)
        }
        for other in others where !ids.contains(other) { ids.append(other) }
        return ids
    }

    /// The mailboxes of these customers.
    static func keys(of ids: [String], _ db: SQLConnection) throws -> [String] {
        try db.all("SELECT DISTINCT person_key FROM known_addresses WHERE customer_id IN \(list: ids) LIMIT 1000") { $0.text(0) }
    }

    /// Whether one of them has an order that was placed and not cancelled.
    static func haveBought(_ ids: [String], _ db: SQLConnection) throws -> Bool {
        try db.exists("SELECT 1 FROM known_customers WHERE customer_id IN \(list: ids) AND orders > 0")
    }

    /// Whether no other order of theirs that counts was placed before this one.
    static func isFirstOrder(_ orderID: String, placedAt: Timestamp, of ids: [String], _ db: SQLConnection) throws -> Bool {
        try !db.exists(
            """
            SELECT 1 FROM known_orders WHERE customer_id IN \(list: ids) AND order_id <> \(orderID) AND cancelled_at IS NULL
                AND (placed_at < \(placedAt) OR (placed_at = \(placedAt) AND order_id < \(orderID)))
            """)
    }

    static func merge(_ from: String, into: String, _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO known_addresses (person_key, customer_id) SELECT person_key, \(into) FROM known_addresses WHERE customer_id = \(from)
            ON CONFLICT (person_key, customer_id) DO NOTHING
            """)
        try forget(from, db)
    }

    static func forget(_ id: String, _ db: SQLConnection) throws {
        try db.execute("DELETE FROM known_addresses WHERE customer_id = \(id)")
    }

    /// Once, after the upgrade that brought mailboxes: those of the customers that were known before.
    static func prepare(_ house: House) async throws {
        let name = "addresses of known customers"
        guard try await !house.read({ try $0.exists("SELECT 1 FROM meta WHERE name = \(name)") }) else { return }
        var last = ""
        while true {
            let after = last
            let rows = try await house.write { change in
                let rows = try change.db.all(
                    "SELECT customer_id, email_key FROM known_customers WHERE customer_id > \(after) ORDER BY customer_id LIMIT 1000"
                ) { ($0.text(0), $0.textOrNil(1)) }
                for (id, email) in rows { try note(id, email: email, change.db) }
                return rows.map(\.0)
            }
            guard let end = rows.last else { break }
            last = end
        }
        try await house.write { change in
            _ = try change.db.execute("INSERT INTO meta (name, content) VALUES (\(name), 'noted') ON CONFLICT (name) DO NOTHING")
        }
    }
}
