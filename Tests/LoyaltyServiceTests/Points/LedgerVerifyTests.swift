import Shared
import SharedStore
import SharedTesting
import Testing

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
            #expect(before == ["balanced": true, "entries": 4, "first_bad": .null])
            try await house.test.house.write { _ = try $0.db.execute(SQL(raw: statement)) }
            let fault = try await house.fault()
            #expect(fault?["member"]?.string?.hasPrefix("mbr_") == true)
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
            #expect(try await house.fault()?["id"]?.string?.hasPrefix("txn_") == true)
        }
    }

    @Test("a fresh suite's ledger is empty and balanced")
    func empty() async throws {
        try await LoyaltyHouse.with { house in
            let answer = try await house.test.get("/v1/loyalty/ledger/verify").json
            #expect(answer == ["balanced": true, "entries": 0, "first_bad": .null])
        }
    }
}
