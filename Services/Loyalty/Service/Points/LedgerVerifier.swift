import LoyaltyDomain
import Shared
import SharedStore

/// Goes over the whole ledger, row by row in one snapshot, and finds the first thing that does not add up. Holds one member at a time.
struct LedgerVerifier {
    struct Finding: Sendable, Equatable {
        /// The entry; nil where a member's sums are wrong rather than one entry.
        let entryID: String?
        let memberID: String
        let reason: String
    }

    private(set) var entries: Int64 = 0
    private(set) var firstBad: Finding?

    private struct Member {
        let id: String
        let counters: MemberCounters
        let entries: Int64
        let chainHead: [UInt8]
        var chain = MemberAccount.genesis
        var audit = MemberAudit()
    }

    /// Members read at once: an engine may hold an answer in memory as a whole.
    private static let page = 500

    static func run(_ db: SQLConnection) throws -> LedgerVerifier {
        var verifier = LedgerVerifier()
        var open: Member?
        var last: String?
        repeat {
            let before = last
            let behind: SQL = last.map { "WHERE member_id > \($0)" } ?? ""
            try db.each(
                """
                SELECT m.member_id, m.active, m.pending, m.debt, m.lifetime_earned, m.lifetime_spent, m.entries, m.chain,
                    e.sequence, e.entry_id, e.kind, e.from_account, e.to_account, e.points, e.lots, e.cause, e.at, e.hash, m.reserved
                FROM (
                    SELECT member_id, active, pending, debt, lifetime_earned, lifetime_spent, entries, chain, reserved
                    FROM members \(behind) ORDER BY member_id LIMIT \(page)
                ) m LEFT JOIN ledger_entries e ON e.member_id = m.member_id
                ORDER BY m.member_id, e.sequence
                """
            ) { row in
                let id = row.text(0)
                if open?.id != id {
                    try verifier.close(open, db)
                    open = Member(
                        id: id,
                        counters: MemberCounters(
                            active: row.int(1), pending: row.int(2), reserved: row.int(18), debt: row.int(3), lifetimeEarned: row.int(4),
                            lifetimeSpent: row.int(5)),
                        entries: row.int(6), chainHead: row.bytes(7))
                    last = id
                }
                if !row.isNull(8) { verifier.check(row, &open) }
            }
            if last == before { break }
        } while true
        try verifier.close(open, db)
        try verifier.findOrphans(db)
        return verifier
    }

    private mutating func check(_ row: SQLRow, _ open: inout Member?) {
        entries += 1
        guard firstBad == nil, let memberID = open?.id else { return }
        let entryID = row.text(9)
        guard let kind = LedgerEntry.Kind(rawValue: row.text(10)), let from = LedgerAccount(rawValue: row.text(11)),
            let to = LedgerAccount(rawValue: row.text(12)), let lots = LedgerEntry.lots(row.text(14))
        else {
            firstBad = Finding(entryID: entryID, memberID: memberID, reason: "cannot be read")
            return
        }
        let entry = LedgerEntry(
            id: entryID, memberID: memberID, sequence: row.int(8), kind: kind, from: from, to: to, points: row.int(13), lots: lots,
            cause: row.text(15),
            at: row.time(16))
        if let reason = open?.audit.add(entry) {
            firstBad = Finding(entryID: entryID, memberID: memberID, reason: reason)
            return
        }
        let hash = LedgerStore.hash(entry, after: open?.chain ?? [])
        if hash != row.bytes(17) {
            firstBad = Finding(entryID: entryID, memberID: memberID, reason: "its hash does not follow from the chain")
        }
        open?.chain = hash
    }

    private mutating func close(_ member: Member?, _ db: SQLConnection) throws {
        guard firstBad == nil, let member else { return }
        let lots = try db.all("SELECT \(raw: LotRecord.columns) FROM lots WHERE member_id = \(member.id)", LotRecord.init).map(\.lot)
        let reason =
            member.audit.finish(counters: member.counters, sequence: member.entries, lots: lots)
            ?? (member.chain == member.chainHead ? nil : "the chain does not end where the member's account says")
        if let reason { firstBad = Finding(entryID: nil, memberID: member.id, reason: reason) }
    }

    /// Entries and lots of a member that there is not.
    private mutating func findOrphans(_ db: SQLConnection) throws {
        let orphan = try db.first(
            """
            SELECT e.entry_id, e.member_id FROM ledger_entries e LEFT JOIN members m ON m.member_id = e.member_id
            WHERE m.member_id IS NULL LIMIT 1
            """
        ) { (id: $0.text(0), member: $0.text(1)) }
        if let orphan, firstBad == nil { firstBad = Finding(entryID: orphan.id, memberID: orphan.member, reason: "belongs to no member") }
    }

    /// What is wrong, in words; nil when everything adds up.
    var complaint: String? {
        firstBad.map { "the ledger: member \($0.memberID)\($0.entryID.map { ", entry \($0)" } ?? ""): \($0.reason)" }
    }

    var json: JSON {
        [
            "balanced": .bool(firstBad == nil), "entries": .int(entries),
            "first_bad": firstBad.map { ["id": .from($0.entryID), "member": .string($0.memberID), "reason": .string($0.reason)] } ?? .null,
        ]
    }
}
