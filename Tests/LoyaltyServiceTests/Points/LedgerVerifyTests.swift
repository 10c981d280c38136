import LoyaltyDomain
import Shared
import SharedRuntime
import SharedStore
import SharedTesting
import Testing

@testable import LoyaltyService

@Suite("The ledger proves itself")
struct LedgerVerifyTests {
    @Test(
        "a tampered row is found and named",
        arguments: [
            "UPDATE ledger_entries SET points = 50, lots = REPLACE(lots, ':49', ':50') WHERE sequence = 1",
            "UPDATE ledger_entries SET at = at + 1 WHERE sequence = 2",
            "UPDATE ledger_entries SET cause = 'other' WHERE sequence = 2",
            "DELETE FROM ledger_entries WHERE sequence = 2",
            "DELETE FROM ledger_entries WHERE sequence = 3",
            "DELETE FROM ledger_entries",
            "UPDATE members SET active = active + 1",
            "UPDATE members SET lifetime_earned = lifetime_earned + 1",
            "UPDATE lots SET remaining = remaining + 1",
            "UPDATE members SET member_id = 'mbr_other'",
            "DELETE FROM members",
        ])
    func tampered(_ statement: String) async throws {
        try await LoyaltyHouse.with { house in
            try await house.send((0..<4).map { event("order.paid", orderData("\($0)", customer: "42"), at: $0) })
            let before = try await house.test.get("/v1/loyalty/ledger/verify").json
            #expect(before == ["balanced": true, "entries": 4, "first_bad": .null, "members": 1, "sealed_at": .null])
            try await house.test.house.write { _ = try $0.db.execute(SQL(raw: statement)) }
            let fault = try await house.fault()
            #expect(fault?["member_id"]?.string?.hasPrefix("mbr_") == true)
            #expect(fault?["reason"]?.string != nil)
        }
    }

    @Test("two rows of one member cannot change places")
    func swapped() async throws {
        try await LoyaltyHouse.with { house in
            try await house.send(
                event("order.paid", orderData("1", customer: "42", total: 100)),
                event("order.paid", orderData("2", customer: "42", total: 200)))
            try await house.test.house.write { change in
                for (from, to) in [(1, 9), (2, 1), (9, 2)] {
                    try change.db.execute("UPDATE ledger_entries SET sequence = \(to) WHERE sequence = \(from)")
                }
            }
            #expect(try await house.fault()?["entry_id"]?.string?.hasPrefix("txn_") == true)
        }
    }

    @Test("a fresh suite's ledger is empty and balanced")
    func empty() async throws {
        try await LoyaltyHouse.with { house in
            let answer = try await house.test.get("/v1/loyalty/ledger/verify").json
            #expect(answer == ["balanced": true, "entries": 0, "first_bad": .null, "members": 0, "sealed_at": .null])
        }
    }

    @Test(
        "who rewrites the chain as well has no key for the seal",
        arguments: [
            "cut the tail", "rewrite an entry", "forge a seal", "take the member away",
        ])
    func sealed(_ attack: String) async throws {
        try await LoyaltyHouse.with { house in
            try await house.send((0..<4).map { event("order.paid", orderData("\($0)", customer: "42", total: 1_000), at: $0) })
            try await house.send(event("order.paid", orderData("b", customer: "43"), at: 9))
            let seals = LedgerSeals(house: house.test.house)
            #expect(try await seals.seal() == 2)
            #expect(try await seals.seal() == 0)
            #expect(try await house.test.get("/v1/loyalty/ledger/verify").json["sealed_at"] == .from(house.test.house.now))
            try await house.test.house.write { change in try Attack(change.db).carryOut(attack) }
            let fault = try #require(try await house.fault())
            #expect(fault["reason"]?.string?.contains("seal") == true, "\(fault)")
            #expect(fault["customer_id"] == (attack == "take the member away" ? .null : "42"))
            // What does not fit is not sealed over.
            try await house.send(event("order.paid", orderData("more", customer: "43"), at: 10))
            _ = try await seals.seal()
            #expect(try await house.fault() == fault)
        }
    }

    @Test("a seal follows the chain, and another key's is none")
    func resealed() async throws {
        try await LoyaltyHouse.with { house in
            let seals = LedgerSeals(house: house.test.house)
            for number in 0..<3 {
                try await house.order("\(number)", points: 10)
                #expect(try await seals.seal() == 1)
                #expect(try await house.fault() == nil)
            }
            let other = LedgerSealer(linkKey: Array("another key, of 32 bytes or more.".utf8))
            let verifier = try await house.test.house.read { try LedgerVerifier.run(sealer: other, $0).firstBad?.reason }
            #expect(verifier == "the seal was not made with this suite's key")
        }
    }
}

/// Somebody who holds the store and knows how the chain is made, and has no key.
private struct Attack {
    let db: SQLConnection

    init(_ db: SQLConnection) { self.db = db }

    func carryOut(_ name: String) throws {
        let member = try db.first("SELECT member_id FROM members WHERE customer_id = '42'") { $0.text(0) } ?? ""
        switch name {
        case "cut the tail":
            try db.execute("DELETE FROM lots WHERE order_id = '3'")
            try db.execute("DELETE FROM ledger_entries WHERE member_id = \(member) AND sequence = 4")
            try db.execute("UPDATE members SET active = 30, lifetime_earned = 30, entries = 3 WHERE member_id = \(member)")
            try rechain(member)
        case "rewrite an entry":
            try db.execute("UPDATE ledger_entries SET points = 99, lots = REPLACE(lots, ':10', ':99') WHERE member_id = \(member) AND sequence = 2")
            try db.execute("UPDATE lots SET points = 99, remaining = 99 WHERE order_id = '1'")
            try db.execute("UPDATE members SET active = 129, lifetime_earned = 129 WHERE member_id = \(member)")
            try rechain(member)
        case "forge a seal":
            let sealer = LedgerSealer(linkKey: Array("a guess".utf8))
            let head = try db.first("SELECT entries, chain FROM members WHERE member_id = \(member)") { ($0.int(0), $0.bytes(1)) }
            let code = sealer.code(memberID: member, entries: head?.0 ?? 0, chain: head?.1 ?? [])
            try db.execute("UPDATE ledger_seals SET mac = \(code) WHERE member_id = \(member)")
        default:
            for table in ["ledger_entries", "lots", "members"] {
                try db.execute("DELETE FROM \(raw: table) WHERE member_id = \(member)")
            }
        }
    }

    /// Makes the chain anew over what stands there now.
    private func rechain(_ member: String) throws {
        let rows = try db.all(
            """
            SELECT sequence, entry_id, kind, from_account, to_account, points, lots, cause, at FROM ledger_entries
            WHERE member_id = \(member) ORDER BY sequence
            """
        ) { row in
            LedgerEntry(
                id: row.text(1), memberID: member, sequence: row.int(0), kind: LedgerEntry.Kind(rawValue: row.text(2)) ?? .earned,
                from: LedgerAccount(rawValue: row.text(3)) ?? .issued, to: LedgerAccount(rawValue: row.text(4)) ?? .issued,
                points: row.int(5), lots: LedgerEntry.lots(row.text(6)) ?? [], cause: row.text(7), at: row.time(8))
        }
        var chain = MemberAccount.genesis
        for entry in rows {
            chain = LedgerStore.hash(entry, after: chain)
            try db.execute("UPDATE ledger_entries SET hash = \(chain) WHERE member_id = \(member) AND sequence = \(entry.sequence)")
        }
        try db.execute("UPDATE members SET chain = \(chain) WHERE member_id = \(member)")
    }
}
