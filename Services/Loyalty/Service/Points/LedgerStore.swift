import Crypto
import LoyaltyDomain
import Shared
import SharedStore

/// What a ledger entry says beside the transfer: where it came from. Not hashed, but for what `cause` holds.
struct EntryOrigin: Sendable {
    var orderID: String?
    var ruleID: String?
    var ruleVersion: Int64?
    /// A person's reason for an adjustment, or what a grant is called.
    var note: String?
}

/// The ledger in the store. Rows are only ever added.
enum LedgerStore {
    static func insert(_ entry: LedgerEntry, _ origin: EntryOrigin, hash: [UInt8], _ db: SQLConnection) throws {
        try db.execute(
            """
            INSERT INTO ledger_entries (member_id, sequence, entry_id, kind, from_account, to_account, points, lots, cause, at, hash, order_id, rule_id,
                rule_version, note)
            VALUES (\(entry.memberID), \(entry.sequence), \(entry.id), \(entry.kind.rawValue), \(entry.from.rawValue), \(entry.to.rawValue),
                \(entry.points), \(LedgerEntry.text(entry.lots)), \(entry.cause), \(entry.at), \(hash), \(origin.orderID), \(origin.ruleID),
                \(origin.ruleVersion), \(origin.note))
            """)
    }

    /// The chain's next link: SHA-256 over the hash before and what the entry says.
    static func hash(_ entry: LedgerEntry, after chain: [UInt8]) -> [UInt8] {
        var bytes = chain
        bytes.reserveCapacity(512)
        entry.appendHashed(to: &bytes)
        return Array(SHA256.hash(data: bytes))
    }

    /// What a member sees of one entry.
    struct Transaction: Sendable {
        let sequence: Int64
        let at: Timestamp
        let json: JSON
    }

    /// A member's transactions, newest first by when they took effect; one row more than the page's limit. Moves between a member's own accounts
    /// (activation, filling a debt, holding for a redemption) change nothing they own and are left out, and so is what a merge moves beside them.
    static func transactions(_ memberID: String, _ page: PageRequest, _ db: SQLConnection) throws -> [Transaction] {
        var after: SQL = ""
        if let keys = page.after {
            guard keys.count == 2, let at = keys[0].int, let sequence = keys[1].int else {
                throw Problem.invalid("?cursor", "invalid_cursor", "take it from next_cursor as it came")
            }
            after = "AND (at < \(at) OR (at = \(at) AND sequence < \(sequence)))"
        }
        return try db.all(
            """
            SELECT sequence, entry_id, kind, from_account, to_account, points, lots, at, order_id, rule_id, rule_version, note FROM ledger_entries
            WHERE member_id = \(memberID) AND kind NOT IN ('activated', 'debt_filled', 'reserved', 'released')
                AND (kind <> 'merged' OR from_account IN ('member_pending', 'member_active', 'member_debt', 'reserved')
                    OR to_account IN ('member_pending', 'member_active', 'member_debt', 'reserved')) \(after)
            ORDER BY at DESC, sequence DESC LIMIT \(page.limit + 1)
            """
        ) { row in
            let entry = LedgerEntry(
                id: row.text(1), memberID: memberID, sequence: row.int(0), kind: LedgerEntry.Kind(rawValue: row.text(2)) ?? .adjusted,
                from: LedgerAccount(rawValue: row.text(3)) ?? .issued, to: LedgerAccount(rawValue: row.text(4)) ?? .issued,
                points: row.int(5),
                lots: LedgerEntry.lots(row.text(6)) ?? [], cause: "", at: row.time(7))
            let origin = EntryOrigin(
                orderID: row.textOrNil(8), ruleID: row.textOrNil(9), ruleVersion: row.intOrNil(10), note: row.textOrNil(11))
            return Transaction(sequence: entry.sequence, at: entry.at, json: json(entry, origin))
        }
    }

    /// `lot` is the one lot it touched; where there were several they stand in `lots`.
    static func json(_ entry: LedgerEntry, _ origin: EntryOrigin) -> JSON {
        [
            "id": .string(entry.id), "points": .int(entry.signedPoints), "kind": .string(entry.kind.rawValue),
            "order_id": .from(origin.orderID),
            "at": .from(entry.at), "rule": .from(origin.ruleID), "rule_version": .from(origin.ruleVersion),
            "lot": .from(entry.lots.count == 1 ? entry.lots.first?.lot : nil),
            "lots": .array(entry.lots.map { ["lot": .string($0.lot), "points": .int($0.points)] }), "reason": .from(origin.note),
        ]
    }
}
