import LoyaltyDomain
import Shared
import Testing

/// A condition on a line's category.
private func category(_ name: String) -> Condition { .test(ConditionTest(field: "item.categories", op: .contains, value: .string(name))) }

@Suite("What a rule reckons from")
struct RuleBasisTests {
    private let items = [
        OrderItem(lineID: "a", categories: ["kids"], quantity: 2, unitPrice: 3_000, discount: 1_000),
        OrderItem(lineID: "b", categories: ["home"], quantity: 1, unitPrice: 4_000),
    ]

    private func standing(_ refunds: RefundData...) -> OrderStanding {
        OrderStanding(
            order(orderData(subtotal: 10_000, discount: 1_000, shipping: 500, tax: 900, total: 10_400, items: items)), refunds: refunds)
    }

    private func lines(_ id: String, _ items: RefundItem..., amount: Int64? = nil) -> RefundData {
        RefundData(orderID: "1", refundID: id, amount: amount, items: items)
    }

    @Test("chosen lines count with their share of the discount, and fall only by what concerns them")
    func chosenLines() {
        var kids = rule()
        kids.items = category("kids")
        #expect(kids.kept(standing()) == 50)
        #expect(kids.kept(standing(lines("r", RefundItem(lineID: "b", quantity: 1, amount: nil)))) == 50)
        #expect(kids.kept(standing(lines("r", RefundItem(lineID: "a", quantity: 1, amount: nil)))) == 25)
        #expect(kids.kept(standing(lines("r", RefundItem(lineID: "a", quantity: nil, amount: 1_250)))) == 37)
        #expect(kids.kept(standing(lines("r", RefundItem(lineID: "a", quantity: nil, amount: 99_999)))) == 0)
        // Half of all the money.
        #expect(kids.kept(standing(amountRefund("r", 5_200))) == 25)
        kids.basis = .gross
        #expect(kids.kept(standing()) == 60)
        #expect(kids.kept(standing(lines("r", RefundItem(lineID: "a", quantity: nil, amount: 2_500)))) == 30)
        kids.items = category("none")
        #expect(kids.kept(standing()) == 0)
    }

    @Test("pieces count one by one")
    func pieces() {
        var each = rule(.perItem(7))
        #expect(each.kept(standing()) == 21)
        #expect(each.kept(standing(lines("r", RefundItem(lineID: "a", quantity: 1, amount: 2_500)))) == 14)
        #expect(each.kept(standing(lines("r", RefundItem(lineID: "a", quantity: nil, amount: 2_500)))) == 21)
        #expect(each.kept(standing(lines("r", RefundItem(lineID: "a", quantity: nil, amount: 5_000)))) == 7)
        #expect(each.kept(standing(amountRefund("r", 10_399))) == 21)
        #expect(each.kept(standing(amountRefund("r", 10_400))) == 0)
        each.items = category("home")
        #expect(each.kept(standing()) == 7)
        #expect(each.kept(standing(), multiplier: 150) == 10)
    }

    @Test("tax falls as the lines do, shipping by what goes back beyond them")
    func extras() {
        var all = rule()
        all.include = [.tax, .shipping]
        #expect(all.kept(standing()) == 104)
        #expect(all.kept(standing(amountRefund("r", 5_200))) == 52)
        // Line b: 40.00 and 4.00 of tax.
        #expect(all.kept(standing(lines("r", RefundItem(lineID: "b", quantity: 1, amount: nil)))) == 60)
        #expect(all.kept(standing(lines("r", RefundItem(lineID: "b", quantity: 1, amount: nil), amount: 4_400))) == 60)
        #expect(all.kept(standing(lines("r", RefundItem(lineID: "b", quantity: 1, amount: nil), amount: 4_700))) == 57)
        all.include = [.shipping]
        #expect(all.kept(standing()) == 95)
        #expect(all.kept(standing(lines("r", RefundItem(lineID: "b", quantity: 1, amount: nil), amount: 4_700))) == 52)
        all.include = [.tax]
        #expect(all.kept(standing()) == 99)
    }

    @Test("pieces given back one by one are no refund of more than they are")
    func roundedPieces() {
        let items = [OrderItem(lineID: "a", quantity: 2, unitPrice: 3, discount: 1), OrderItem(lineID: "b", quantity: 1, unitPrice: 1)]
        let small = order(orderData(subtotal: 7, discount: 1, total: 6, items: items))
        let back = ["r1", "r2"].map {
            RefundData(orderID: "1", refundID: $0, amount: nil, items: [RefundItem(lineID: "a", quantity: 1, amount: nil)])
        }
        let standing = OrderStanding(small, refunds: back)
        #expect(standing.refunded == 5 && !standing.isFullyRefunded && standing.remainingNet == 1)
    }

    // MARK: - Any rule, any refunds

    @Test("with any rule, neither the order of refunds nor their splitting matters, and all back is nothing")
    func anyRule() {
        for seed in UInt64(1)...300 { checkAnyRule(seed) }
    }

    private func checkAnyRule(_ seed: UInt64) {
        var chance = Chance(seed: seed)
        let said = order(randomOrder(&chance))
        let earning = randomRule(&chance)
        let multiplier = [100, 150, 233][Int(chance.int(0...2))] as Int64
        let refunds = randomRefunds(of: said, &chance)
        func kept(_ refunds: [RefundData]) -> Int64 { earning.kept(OrderStanding(said, refunds: refunds), multiplier: multiplier) }

        let full = kept([])
        let expected = kept(refunds)
        #expect((0...full).contains(expected), "seed \(seed)")
        for _ in 0..<3 { #expect(kept(refunds.shuffled(using: &chance)) == expected, "another order of refunds, seed \(seed)") }
        #expect(kept(refunds.flatMap { split($0, &chance) }.shuffled(using: &chance)) == expected, "split, seed \(seed)")
        var last = full
        for count in 0...refunds.count {
            let now = kept(Array(refunds.prefix(count)))
            #expect(now <= last, "a refund gave points, seed \(seed)")
            last = now
        }
        #expect(kept(refunds + [amountRefund("rest", said.amounts.total)]) == 0, "seed \(seed)")
    }

    /// A refund as two that say the same.
    private func split(_ refund: RefundData, _ chance: inout Chance) -> [RefundData] {
        guard refund.items.count < 2 else {
            guard refund.amount == nil else { return [refund] }
            return refund.items.enumerated().map {
                RefundData(orderID: "1", refundID: "\(refund.refundID)-\($0.offset)", amount: nil, items: [$0.element])
            }
        }
        guard let item = refund.items.first else {
            let part = chance.int(0...(refund.amount ?? 0))
            return [amountRefund(refund.refundID + "a", part), amountRefund(refund.refundID + "b", (refund.amount ?? 0) - part)]
        }
        guard refund.amount == nil, item.amount == nil, let quantity = item.quantity, quantity > 1 else { return [refund] }
        let part = chance.int(1...(quantity - 1))
        return [part, quantity - part].enumerated().map {
            let piece = RefundItem(lineID: item.lineID, quantity: $0.element, amount: nil)
            return RefundData(orderID: "1", refundID: "\(refund.refundID)-\($0.offset)", amount: nil, items: [piece])
        }
    }

    private func randomRefunds(of said: Order, _ chance: inout Chance) -> [RefundData] {
        (0..<Int(chance.int(0...5))).map { index in
            if chance.int(0...2) == 0 { return amountRefund("r\(index)", chance.int(0...max(1, said.amounts.total / 2))) }
            let items = (said.items ?? []).filter { _ in chance.coin() }.map { item in
                let quantity = chance.int(1...item.quantity)
                return RefundItem(
                    lineID: chance.int(0...9) == 0 ? "unknown" : item.lineID, quantity: chance.int(0...4) == 0 ? nil : quantity,
                    amount: chance.int(0...3) == 0 ? chance.int(0...item.unitPrice) : nil)
            }
            guard !items.isEmpty else { return amountRefund("r\(index)", 1) }
            return RefundData(
                orderID: "1", refundID: "r\(index)", amount: chance.int(0...3) == 0 ? chance.int(0...said.amounts.total) : nil, items: items
            )
        }
    }

    @Test("however an order is edited, refunded and said again, an accrual stands at what the rule keeps")
    func settled() {
        for seed in UInt64(1)...150 {
            var chance = Chance(seed: seed)
            let earning = randomRule(&chance)
            var accrual = Accrual(cause: "order:1", ruleID: "rule_1", ruleVersion: 1, multiplier: 150)
            var said = order(randomOrder(&chance))
            var refunds: [RefundData] = []
            for step in 0..<8 {
                switch chance.int(0...2) {
                case 0:
                    // The store edits the order: other lines, other sums.
                    said.apply(randomOrder(&chance), stage: .updated, at: Timestamp(milliseconds: 5_000 + Int64(step)))
                case 1: refunds.append(contentsOf: randomRefunds(of: said, &chance).prefix(1))
                default: break
                }
                let kept = earning.kept(OrderStanding(said, refunds: refunds), multiplier: accrual.multiplier)
                switch accrual.settle(kept: kept) {
                case .nothing: break
                case .credit(let points, let unforgiven):
                    accrual.credited += points
                    accrual.forgiven -= unforgiven
                case .clawback(let points):
                    let taken = chance.int(0...points)
                    accrual.reversed += taken
                    accrual.forgiven += points - taken
                }
                #expect(accrual.standing == kept, "seed \(seed), step \(step)")
                #expect(accrual.settle(kept: kept) == .nothing, "seed \(seed)")
                #expect(accrual.reversed + accrual.forgiven <= accrual.credited, "seed \(seed)")
            }
        }
    }
}

/// A rule of any form an order may set off.
func randomRule(_ chance: inout Chance) -> EarningRule {
    var earning: EarningRule
    switch chance.int(0...4) {
    case 0: earning = rule(.fixed(chance.int(1...500)))
    case 1: earning = rule(.perItem(chance.int(1...20)))
    default: earning = rule(.perAmount(points: chance.int(1...7), amount: chance.int(1...500), scale: chance.coin() ? 2 : nil))
    }
    earning.basis = chance.coin() ? .net : .gross
    if case .fixed = earning.award { return earning }
    if chance.coin() {
        earning.items = .test(ConditionTest(field: "item.unit_price", op: chance.coin() ? .gte : .lt, value: .int(chance.int(1...20_000))))
    } else if case .perAmount = earning.award, chance.coin() {
        earning.include = [[.tax], [.shipping], [.tax, .shipping]][Int(chance.int(0...2))]
    }
    return earning
}
