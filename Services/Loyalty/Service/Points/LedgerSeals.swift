import Crypto
import LoyaltyDomain
import ServiceLifecycle
import Shared
import SharedRuntime
import SharedStore

/// What proves that the ledger was not rewritten by somebody who holds the store: for each member the chain's head as it stood after so many entries,
/// under a key that is not in the store.
struct LedgerSealer: Sendable {
    private let key: SymmetricKey

    /// The key is derived from `VEFA_LINK_KEY`: with another key there, older seals are found broken.
    init(linkKey: [UInt8]) {
        key = SymmetricKey(
            data: HMAC<SHA256>.authenticationCode(for: Array("vefa ledger seal".utf8), using: SymmetricKey(data: linkKey)))
    }

    func code(memberID: String, entries: Int64, chain: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Self.text(memberID, entries, chain), using: key))
    }

    func isValid(_ code: [UInt8], memberID: String, entries: Int64, chain: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Self.text(memberID, entries, chain), using: key)
    }

    private static func text(_ memberID: String, _ entries: Int64, _ chain: [UInt8]) -> [UInt8] {
        Array("\(memberID)\n\(entries)\n".utf8) + chain
    }
}

/// Seals the heads of the members' chains, once an hour.
struct LedgerSeals: Sendable {
    let house: House
    private let sealer: LedgerSealer

    /// Members looked at in one read, and sealed in one write.
    private static let page = 5_000
    private static let batch = 500

    init(house: House) {
        self.house = house
        sealer = LedgerSealer(linkKey: house.configuration.linkKey)
    }

    private struct Head: Sendable {
        let memberID: String
        let entries: Int64
        let chain: [UInt8]
        let sealed: Int64?
    }

    /// Seals every head that was not. A member whose present seal does not fit the ledger keeps it: the verification names them. Reads look for who is
    /// due, so that whoever posts has nothing to do with it; two replicas at once seal the same. Answers how many were sealed.
    @discardableResult
    func seal() async throws -> Int {
        var last = ""
        var count = 0
        while !Task.isCancelled {
            let after = last
            let heads = try await house.read { db in
                try db.all(
                    """
                    SELECT m.member_id, m.entries, m.chain, s.entries FROM (
                        SELECT member_id, entries, chain FROM members WHERE member_id > \(after) ORDER BY member_id LIMIT \(Self.page)
                    ) m LEFT JOIN ledger_seals s ON s.member_id = m.member_id ORDER BY m.member_id
                    """
                ) { Head(memberID: $0.text(0), entries: $0.int(1), chain: $0.bytes(2), sealed: $0.intOrNil(3)) }
            }
            guard let end = heads.last?.memberID else { break }
            last = end
            var due = heads.filter { $0.entries > $0.sealed ?? 0 }[...]
            while !due.isEmpty {
                let batch = Array(due.prefix(Self.batch))
                due = due.dropFirst(batch.count)
                count += try await house.write { change in try seal(batch, change) }
            }
        }
        return count
    }

    private func seal(_ heads: [Head], _ change: Change) throws -> Int {
        var count = 0
        for head in heads where try head.sealed == nil || isIntact(head.memberID, change.db) {
            let code = sealer.code(memberID: head.memberID, entries: head.entries, chain: head.chain)
            try change.db.execute(
                """
                INSERT INTO ledger_seals (member_id, entries, chain, mac, sealed_at)
                VALUES (\(head.memberID), \(head.entries), \(head.chain), \(code), \(change.now))
                ON CONFLICT (member_id) DO UPDATE SET entries = excluded.entries, chain = excluded.chain, mac = excluded.mac,
                    sealed_at = excluded.sealed_at
                WHERE ledger_seals.entries < excluded.entries
                """)
            count += 1
        }
        return count
    }

    /// Whether the ledger still has the head that was sealed, under a seal that was made here.
    private func isIntact(_ memberID: String, _ db: SQLConnection) throws -> Bool {
        let seal = try db.first(
            """
            SELECT s.entries, s.chain, s.mac, e.hash FROM ledger_seals s
            LEFT JOIN ledger_entries e ON e.member_id = s.member_id AND e.sequence = s.entries WHERE s.member_id = \(memberID)
            """
        ) { (entries: $0.int(0), chain: $0.bytes(1), mac: $0.bytes(2), hash: $0.bytesOrNil(3)) }
        guard let seal else { return true }
        return seal.hash == seal.chain && sealer.isValid(seal.mac, memberID: memberID, entries: seal.entries, chain: seal.chain)
    }
}

/// Has the seals made, by the machine's time: an hour of a sandbox's clock is no hour in which anybody could have tampered.
struct LedgerSealing: Service {
    private static let pause = Duration.seconds(3_600)

    let house: House

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // A moment after the start, so that what starts together does not seal together.
                try? await Task.sleep(for: .seconds(Int64.random(in: 30...300)))
                if Task.isCancelled { break }
                do {
                    try await LedgerSeals(house: house).seal()
                } catch {
                    house.logger.notice("the ledger could not be sealed", metadata: ["reason": "\(error)"])
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
