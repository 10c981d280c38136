import LoyaltyDomain
import Shared
import Testing

@Suite("A ledger entry as it is kept and hashed")
struct LedgerEntryTests {
    private func entry(_ chance: inout Chance) -> LedgerEntry {
        let lots = (0..<chance.int(0...4)).map { LotMove(lot: "lot_\($0)", points: chance.int(1...1_000_000)) }
        return LedgerEntry(
            id: "txn", memberID: "mbr_é\(chance.int(0...99))", sequence: chance.int(0...Int64.max),
            kind: LedgerEntry.Kind.allCases.randomElement(using: &chance) ?? .earned,
            from: LedgerAccount.allCases.randomElement(using: &chance) ?? .issued,
            to: LedgerAccount.allCases.randomElement(using: &chance) ?? .issued,
            points: chance.int(Int64.min...Int64.max), lots: lots, cause: "earn:order:ß\n\(chance.int(0...9))",
            at: Timestamp(milliseconds: chance.int(-5...Int64.max)))
    }

    @Test("the bytes that are hashed are those of the text")
    func hashed() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var chance = Chance(seed: seed)
        for _ in 0..<500 {
            let entry = entry(&chance)
            var bytes: [UInt8] = [1]
            entry.appendHashed(to: &bytes)
            #expect(bytes == [1] + Array(entry.hashedText.utf8), "seed \(seed)")
            #expect(LedgerEntry.lots(LedgerEntry.text(entry.lots)) == entry.lots, "seed \(seed)")
        }
        for broken in ["lot", "lot:x", "a:1,", ",a:1", "a:1,b"] { #expect(LedgerEntry.lots(broken) == nil, "\(broken)") }
    }

    @Test("what moves between two members moves what was earned and spent, wherever it is by now")
    func merged() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var chance = Chance(seed: seed)
        for _ in 0..<200 {
            var from = MemberCounters()
            let (earned, spent, expired, taken, debt) = (
                chance.int(50...900), chance.int(0...9), chance.int(0...9), chance.int(0...9), chance.int(0...9)
            )
            func move(_ a: LedgerAccount, _ b: LedgerAccount, _ points: Int64, _ counters: inout MemberCounters) {
                guard points > 0 else { return }
                let fits = counters.count(from: a, to: b, points: points)
                #expect(fits)
            }
            move(.issued, .memberActive, earned, &from)
            move(.memberActive, .reserved, spent + 3, &from)
            move(.reserved, .redeemed, spent, &from)
            move(.memberActive, .expired, expired, &from)
            move(.memberActive, .adjusted, taken, &from)
            move(.memberDebt, .clawedBack, debt, &from)
            let before = from
            var into = MemberCounters()
            for (account, points) in [
                (LedgerAccount.memberActive, from.active), (.reserved, from.reserved), (.redeemed, spent), (.expired, expired),
                (.adjusted, taken),
            ] {
                move(account, .merged, points, &from)
                move(.merged, account, points, &into)
            }
            move(.merged, .memberDebt, debt, &from)
            move(.memberDebt, .merged, debt, &into)
            #expect(into == before, "seed \(seed)")
            #expect(from == MemberCounters(), "seed \(seed)")
        }
    }
}
