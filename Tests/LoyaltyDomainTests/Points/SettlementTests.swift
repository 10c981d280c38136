import LoyaltyDomain
import Shared
import Testing

@Suite("Settling an accrual")
struct SettlementTests {
    /// Posts what is due, forgiving what `balance` does not hold, and answers the change of the balance.
    private func post(_ accrual: inout Accrual, kept: Int64, balance: Int64) -> Int64 {
        switch accrual.settle(kept: kept) {
        case .nothing: return 0
        case .credit(let points, let unforgiven):
            accrual.credited += points
            accrual.forgiven -= unforgiven
            return points
        case .clawback(let points):
            let taken = min(points, max(0, balance))
            accrual.reversed += taken
            accrual.forgiven += points - taken
            return -taken
        }
    }

    @Test("however an order and its refunds arrive, the member keeps the rule's points on what is left")
    func anyOrder() {
        for seed in UInt64(1)...200 { checkAnyOrder(seed) }
    }

    private func checkAnyOrder(_ seed: UInt64) {
        var chance = Chance(seed: seed)
        let data = randomOrder(&chance)
        let earning = rule(
            .perAmount(points: chance.int(1...7), amount: chance.int(1...500), scale: chance.coin() ? 2 : nil),
            basis: chance.coin() ? .net : .gross)
        let total = order(data).amounts.total
        let refunds = (0..<4).map { amountRefund("r\($0)", chance.int(0...total)) }
        let expected = earning.kept(OrderStanding(order(data), refunds: refunds))
        for _ in 0..<4 {
            var steps = Array(refunds.indices).shuffled(using: &chance)
            let paidAfter = Int(chance.int(0...4))
            var accrual = Accrual(cause: "order:1", ruleID: "rule_1", ruleVersion: 1)
            var balance: Int64 = 0
            var known: [RefundData] = []
            for step in 0...4 {
                let paid = step >= paidAfter
                if step > 0 { known.append(refunds[steps.removeFirst()]) }
                let kept = earning.kept(OrderStanding(order(data, paid: paid), refunds: known))
                balance += post(&accrual, kept: kept, balance: balance)
                #expect(accrual.settle(kept: kept) == .nothing, "a replay posts something, seed \(seed)")
                #expect(accrual.reversed + accrual.forgiven <= accrual.credited, "seed \(seed)")
                #expect(balance >= 0, "seed \(seed)")
            }
            #expect(balance == expected, "seed \(seed)")
        }
    }

    @Test("points that were given up are not credited a second time")
    func regained() {
        var accrual = Accrual(cause: "order:1", ruleID: "rule_1", ruleVersion: 1)
        let change1 = post(&accrual, kept: 100, balance: 0)
        #expect(change1 == 100)
        // Spent meanwhile: nothing to take.
        let change2 = post(&accrual, kept: 40, balance: 0)
        #expect(change2 == 0)
        #expect(accrual.forgiven == 60)
        let change3 = post(&accrual, kept: 120, balance: 0)
        #expect(change3 == 20)
        #expect(accrual.forgiven == 0)
        #expect(accrual.standing == 120)
    }

    @Test("a cap bounds what is kept, before a refund and after")
    func capped() {
        var accrual = Accrual(cause: "order:1", ruleID: "rule_1", ruleVersion: 1, ceiling: 500)
        let change4 = post(&accrual, kept: 1_000, balance: 0)
        #expect(change4 == 500)
        let change5 = post(&accrual, kept: 600, balance: 500)
        #expect(change5 == 0)
        let change6 = post(&accrual, kept: 200, balance: 500)
        #expect(change6 == -300)
    }
}

@Suite("Taking points back")
struct ClawbackTests {
    private func lot(_ id: String, _ remaining: Int64, _ state: Lot.State = .active, expires: Int64? = nil, earned: Int64 = 0) -> Lot {
        Lot(
            id: id, points: 100, remaining: remaining, state: state, earnedAt: Timestamp(milliseconds: earned),
            activeAt: Timestamp(milliseconds: earned),
            expiresAt: expires.map(Timestamp.init(milliseconds:)))
    }

    @Test("the order's own lots come first, pending before active, then the member's others by expiry")
    func sequence() {
        let own = [lot("own-active", 30), lot("own-pending", 20, .pending)]
        let others = [lot("none", 50), lot("late", 50, expires: 9), lot("soon", 10, expires: 3), lot("pending", 70, .pending)] + own
        let plan = ClawbackPolicy.withinBalance.plan(100, own: own, others: { others }, debt: 0)
        #expect(plan.pending == [LotMove(lot: "own-pending", points: 20)])
        #expect(
            plan.active == [
                LotMove(lot: "own-active", points: 30), LotMove(lot: "soon", points: 10), LotMove(lot: "late", points: 40),
            ])
        #expect(plan.forgiven == 0)
    }

    @Test(
        "each policy says what becomes of points that are gone",
        arguments: [
            (ClawbackPolicy.onlyPending, Int64(20), Int64(0), Int64(80)), (.withinBalance, 50, 0, 50),
            (.allowNegative(floor: nil), 100, 50, 0),
            (.allowNegative(floor: -40), 80, 30, 20),
        ])
    func policies(_ policy: ClawbackPolicy, _ taken: Int64, _ debt: Int64, _ forgiven: Int64) {
        let own = [lot("a", 20, .pending), lot("b", 30)]
        let plan = policy.plan(100, own: own, others: { own }, debt: policy.floor == nil ? 0 : 10)
        #expect(plan.taken == taken)
        #expect(plan.debt == debt)
        #expect(plan.forgiven == forgiven)
    }

    @Test("lots are spent shortest expiry first, first in first out on ties")
    func spendOrder() {
        let lots = [
            lot("c", 1), lot("b", 1, expires: 5, earned: 2), lot("a", 1, expires: 5, earned: 1), lot("d", 1, expires: 4, earned: 9),
        ]
        #expect(lots.inSpendOrder.map(\.id) == ["d", "a", "b", "c"])
    }
}

@Suite("The ledger's audit")
struct MemberAuditTests {
    private func entry(
        _ sequence: Int64, _ from: LedgerAccount, _ to: LedgerAccount, _ points: Int64, lots: [LotMove]? = nil
    ) -> LedgerEntry {
        LedgerEntry(
            id: "txn_\(sequence)", memberID: "mbr", sequence: sequence, kind: .earned, from: from, to: to, points: points,
            lots: lots ?? [LotMove(lot: "a", points: points)], cause: "c\(sequence)", at: .epoch)
    }

    @Test("sums that hold pass, and each kind of fault is named")
    func findings() {
        var audit = MemberAudit()
        let finding7 = audit.add(entry(1, .issued, .memberPending, 100))
        #expect(finding7 == nil)
        let finding8 = audit.add(entry(2, .memberPending, .memberActive, 100))
        #expect(finding8 == nil)
        let finding9 = audit.add(entry(3, .memberActive, .clawedBack, 30))
        #expect(finding9 == nil)
        let finding10 = audit.add(entry(4, .memberDebt, .clawedBack, 5, lots: []))
        #expect(finding10 == nil)
        let lot = Lot(id: "a", points: 100, remaining: 70, state: .active, earnedAt: .epoch, activeAt: .epoch, expiresAt: nil)
        let counters = MemberCounters(active: 70, pending: 0, debt: 5, lifetimeEarned: 65, lifetimeSpent: 0)
        #expect(audit.finish(counters: counters, sequence: 4, lots: [lot]) == nil)
        #expect(audit.finish(counters: MemberCounters(active: 71, debt: 5, lifetimeEarned: 65), sequence: 4, lots: [lot]) != nil)
        #expect(audit.finish(counters: counters, sequence: 5, lots: [lot]) != nil)
        #expect(audit.finish(counters: counters, sequence: 4, lots: []) != nil)
        var wrong = audit
        let finding11 = wrong.add(entry(6, .issued, .memberActive, 1))
        #expect(finding11 != nil)
        wrong = audit
        let finding12 = wrong.add(entry(5, .memberActive, .expired, 71))
        #expect(finding12 != nil)
        wrong = audit
        let finding13 = wrong.add(entry(5, .issued, .memberActive, 10, lots: [LotMove(lot: "a", points: 9)]))
        #expect(finding13 != nil)
    }

    @Test("lots survive their text")
    func lotsText() {
        let lots = [LotMove(lot: "lot_a", points: 1), LotMove(lot: "lot_b", points: 22)]
        #expect(LedgerEntry.lots(LedgerEntry.text(lots)) == lots)
        #expect(LedgerEntry.lots("") == [])
        #expect(LedgerEntry.lots("lot_a:x") == nil)
    }
}
