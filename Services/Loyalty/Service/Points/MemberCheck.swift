import LoyaltyDomain
import Shared
import SharedStore

/// A member's account as the verification reads it, with the seal on it.
struct MemberHead: Sendable {
    struct Seal: Sendable {
        let entries: Int64
        let chain: [UInt8]
        let mac: [UInt8]
        let at: Timestamp
    }

    let memberID: String
    let counters: MemberCounters
    let entries: Int64
    let chain: [UInt8]
    let seal: Seal?

    /// The members after one, in the order of their ids.
    static func page(after last: String, limit: Int, _ db: SQLConnection) throws -> [MemberHead] {
        try db.all(
            """
            SELECT m.member_id, m.active, m.pending, m.reserved, m.debt, m.lifetime_earned, m.lifetime_spent, m.entries, m.chain,
                s.entries, s.chain, s.mac, s.sealed_at
            FROM (
                SELECT member_id, active, pending, reserved, debt, lifetime_earned, lifetime_spent, entries, chain
                FROM members WHERE member_id > \(last) ORDER BY member_id LIMIT \(limit)
            ) m LEFT JOIN ledger_seals s ON s.member_id = m.member_id ORDER BY m.member_id
            """
        ) { row in
            MemberHead(
                memberID: row.text(0),
                counters: MemberCounters(
                    active: row.int(1), pending: row.int(2), reserved: row.int(3), debt: row.int(4), lifetimeEarned: row.int(5),
                    lifetimeSpent: row.int(6)),
                entries: row.int(7), chain: row.bytes(8),
                seal: row.isNull(9) ? nil : Seal(entries: row.int(9), chain: row.bytes(10), mac: row.bytes(11), at: row.time(12)))
        }
    }
}

/// Goes through one member's entries and says what does not add up: the sums, the chain, the seal, the lots.
struct MemberCheck {
    let head: MemberHead
    let sealer: LedgerSealer?
    var lots: [Lot] = []
    private var chain = MemberAccount.genesis
    private var audit = MemberAudit()

    init(_ head: MemberHead, sealer: LedgerSealer?) {
        self.head = head
        self.sealer = sealer
    }

    /// The next entry: member_id, sequence, entry_id, kind, from_account, to_account, points, lots, cause, at, hash.
    mutating func check(_ row: SQLRow) -> LedgerVerifier.Finding? {
        guard let kind = LedgerEntry.Kind(rawValue: row.text(3)), let from = LedgerAccount(rawValue: row.text(4)),
            let to = LedgerAccount(rawValue: row.text(5)), let lots = LedgerEntry.lots(row.text(7))
        else { return bad("cannot be read", row.text(2)) }
        // The id is not hashed: it is read where it is to be named.
        let entry = LedgerEntry(
            id: "", memberID: head.memberID, sequence: row.int(1), kind: kind, from: from, to: to, points: row.int(6), lots: lots,
            cause: row.text(8), at: row.time(9))
        if let reason = audit.add(entry) { return bad(reason, row.text(2)) }
        chain = LedgerStore.hash(entry, after: chain)
        if chain != row.bytes(10) { return bad("its hash does not follow from the chain", row.text(2)) }
        if let seal = head.seal, seal.entries == entry.sequence, seal.chain != chain { return bad("is not what was sealed", row.text(2)) }
        return nil
    }

    /// After the last entry.
    func finish() -> LedgerVerifier.Finding? {
        if let reason = audit.finish(counters: head.counters, sequence: head.entries, lots: lots) { return bad(reason) }
        if chain != head.chain { return bad("the chain does not end where the member's account says") }
        guard let seal = head.seal else { return nil }
        if seal.entries > head.entries { return bad("\(seal.entries) entries were sealed, \(head.entries) are there") }
        if let sealer, !sealer.isValid(seal.mac, memberID: head.memberID, entries: seal.entries, chain: seal.chain) {
            return bad("the seal was not made with this suite's key")
        }
        return nil
    }

    private func bad(_ reason: String, _ entryID: String? = nil) -> LedgerVerifier.Finding {
        LedgerVerifier.Finding(entryID: entryID, memberID: head.memberID, reason: reason)
    }
}
