import LoyaltyDomain
import Shared
import SharedStore

/// Goes over the whole ledger, row by row in one snapshot, and finds the first thing that does not add up. Holds one page of members at a time.
struct LedgerVerifier {
    struct Finding: Sendable, Equatable {
        /// The entry; nil where a member's sums are wrong rather than one entry.
        let entryID: String?
        let memberID: String
        let reason: String
    }

    private(set) var entries: Int64 = 0
    private(set) var members: Int64 = 0
    /// When the oldest of the heads that are sealed was; nil where none is.
    private(set) var sealedAt: Timestamp?
    private(set) var firstBad: Finding?
    private var customerID: String?
    private let sealer: LedgerSealer?

    /// Without a sealer the seals are only held against the chain.
    init(sealer: LedgerSealer? = nil) { self.sealer = sealer }

    /// Members read at once: an engine may hold an answer in memory as a whole.
    private static let page = 500

    static func run(sealer: LedgerSealer? = nil, _ db: SQLConnection) throws -> LedgerVerifier {
        var verifier = LedgerVerifier(sealer: sealer)
        var last = ""
        while let end = try verifier.checkPage(after: last, db) { last = end }
        try verifier.findOrphans(db)
        if let member = verifier.firstBad?.memberID {
            verifier.customerID = try db.first("SELECT customer_id FROM members WHERE member_id = \(member)") { $0.text(0) }
        }
        return verifier
    }

    /// Checks the next members; nil where there are no more.
    private mutating func checkPage(after last: String, _ db: SQLConnection) throws -> String? {
        let heads = try MemberHead.page(after: last, limit: Self.page, db)
        guard let first = heads.first, let end = heads.last else { return nil }
        members += Int64(heads.count)
        sealedAt = ([sealedAt] + heads.map { $0.seal?.at }).compactMap { $0 }.min()
        guard firstBad == nil else { return try count(first.memberID, end.memberID, db) }
        var audits = heads.map { MemberCheck($0, sealer: sealer) }
        let places = Dictionary(uniqueKeysWithValues: heads.enumerated().map { ($1.memberID, $0) })
        try db.each(
            "SELECT \(raw: LotRecord.columns) FROM lots WHERE member_id >= \(first.memberID) AND member_id <= \(end.memberID)"
        ) { row in
            guard let place = places[row.text(1)] else { return }
            audits[place].lots.append(LotRecord(row).lot)
        }
        var place = 0
        try db.each(
            """
            SELECT member_id, sequence, entry_id, kind, from_account, to_account, points, lots, cause, at, hash FROM ledger_entries
            WHERE member_id >= \(first.memberID) AND member_id <= \(end.memberID) ORDER BY member_id, sequence
            """
        ) { row in
            entries += 1
            guard firstBad == nil else { return }
            let id = row.text(0)
            while place < audits.count, audits[place].head.memberID != id {
                // Of a member that there is not: the orphans are looked for by themselves.
                guard places[id] != nil else { return }
                firstBad = audits[place].finish()
                place += 1
                guard firstBad == nil else { return }
            }
            guard place < audits.count else { return }
            firstBad = audits[place].check(row)
        }
        while firstBad == nil, place < audits.count {
            firstBad = audits[place].finish()
            place += 1
        }
        return end.memberID
    }

    private mutating func count(_ first: String, _ end: String, _ db: SQLConnection) throws -> String {
        entries +=
            try db.first("SELECT COUNT(*) FROM ledger_entries WHERE member_id >= \(first) AND member_id <= \(end)") { $0.int(0) } ?? 0
        return end
    }

    /// Entries and seals of a member that there is not.
    private mutating func findOrphans(_ db: SQLConnection) throws {
        guard firstBad == nil else { return }
        let orphan = try db.first(
            """
            SELECT e.entry_id, e.member_id FROM ledger_entries e LEFT JOIN members m ON m.member_id = e.member_id
            WHERE m.member_id IS NULL LIMIT 1
            """
        ) { Finding(entryID: $0.text(0), memberID: $0.text(1), reason: "belongs to no member") }
        firstBad =
            try orphan
            ?? db.first(
                "SELECT s.member_id FROM ledger_seals s LEFT JOIN members m ON m.member_id = s.member_id WHERE m.member_id IS NULL LIMIT 1"
            ) { Finding(entryID: nil, memberID: $0.text(0), reason: "was sealed, and is no member any more") }
    }

    /// What is wrong, in words; nil when everything adds up.
    var complaint: String? {
        firstBad.map { "the ledger: member \($0.memberID)\($0.entryID.map { ", entry \($0)" } ?? ""): \($0.reason)" }
    }

    var json: JSON {
        [
            "balanced": .bool(firstBad == nil), "entries": .int(entries),
            "first_bad": firstBad.map {
                [
                    "entry_id": .from($0.entryID), "member_id": .string($0.memberID), "customer_id": .from(customerID),
                    "reason": .string($0.reason),
                ]
            } ?? .null,
            "members": .int(members), "sealed_at": .from(sealedAt),
        ]
    }
}
