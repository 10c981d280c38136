import LoyaltyDomain
import Shared
import Testing

@Suite("What refunds leave of an order")
struct RefundTests {
    @Test("75 of 100 back leaves 25")
    func byAmount() {
        let hundred = order(orderData(subtotal: 10_000, total: 10_000))
        #expect(OrderStanding(hundred, refunds: [amountRefund("a", 7_500)]).remainingNet == 2_500)
        #expect(OrderStanding(hundred, refunds: [amountRefund("a", 5_000), amountRefund("b", 2_500)]).remainingNet == 2_500)
    }

    @Test("an amount lowers the basis by its share of the total, shipping and tax among it")
    func byShare() {
        let said = order(orderData(subtotal: 8_000, shipping: 2_000, total: 10_000))
        #expect(OrderStanding(said, refunds: [amountRefund("a", 5_000)]).remainingNet == 4_000)
    }

    @Test("a line lowers the basis by its amount, or by its price less its share of the discount")
    func byLine() {
        let items = [
            OrderItem(lineID: "a", quantity: 2, unitPrice: 3_000, discount: 1_000), OrderItem(lineID: "b", quantity: 1, unitPrice: 4_000),
        ]
        let said = order(orderData(subtotal: 10_000, discount: 1_000, total: 9_000, items: items))
        func standing(_ items: RefundItem...) -> OrderStanding {
            OrderStanding(said, refunds: [RefundData(orderID: "1", refundID: "r", amount: nil, items: items)])
        }
        #expect(standing(RefundItem(lineID: "a", quantity: 1, amount: 2_000)).remainingNet == 7_000)
        #expect(standing(RefundItem(lineID: "a", quantity: 1, amount: nil)).remainingNet == 6_500)
        #expect(standing(RefundItem(lineID: "a", quantity: 1, amount: nil)).remainingGross == 7_000)
        #expect(standing(RefundItem(lineID: "a", quantity: 1, amount: 2_000)).remainingGross == 7_000)
        #expect(standing(RefundItem(lineID: "b", quantity: nil, amount: nil)).remainingNet == 5_000)
        #expect(
            standing(RefundItem(lineID: "a", quantity: 9, amount: nil), RefundItem(lineID: "b", quantity: 1, amount: nil)).remainingNet == 0
        )
        #expect(standing(RefundItem(lineID: "unknown", quantity: 1, amount: nil)).remainingNet == 9_000)
    }

    @Test("lines and an amount in one refund: the lines lower the basis, the amount is the money")
    func both() {
        let items = [OrderItem(lineID: "a", quantity: 1, unitPrice: 6_000), OrderItem(lineID: "b", quantity: 1, unitPrice: 4_000)]
        let said = order(orderData(subtotal: 10_000, shipping: 500, total: 10_500, items: items))
        let refund = RefundData(orderID: "1", refundID: "r", amount: 6_500, items: [RefundItem(lineID: "a", quantity: 1, amount: 6_000)])
        let standing = OrderStanding(said, refunds: [refund])
        #expect(standing.remainingNet == 4_000)
        #expect(standing.refunded == 6_500)
    }

    @Test("the money back in full leaves nothing, whatever the lines say")
    func full() {
        let said = order(orderData(subtotal: 10_000, shipping: 500, total: 10_500))
        let standing = OrderStanding(said, refunds: [amountRefund("a", 10_499), amountRefund("b", 1)])
        #expect(standing.isFullyRefunded)
        #expect(standing.remainingNet == 0 && standing.remainingGross == 0)
    }

    @Test("neither the order of refunds nor their splitting matters")
    func orderless() {
        for seed in UInt64(1)...200 { checkOrderless(seed) }
    }

    private func checkOrderless(_ seed: UInt64) {
        var chance = Chance(seed: seed)
        let said = order(randomOrder(&chance))
        let total = said.amounts.total
        var refunds: [RefundData] = []
        var left = total
        for index in 0..<chance.int(1...6) where left > 0 {
            let amount = chance.int(0...left)
            left -= amount
            refunds.append(amountRefund("r\(index)", amount))
        }
        let whole = OrderStanding(said, refunds: [amountRefund("r", total - left)])
        for _ in 0..<5 {
            let standing = OrderStanding(said, refunds: refunds.shuffled(using: &chance))
            #expect(standing.remainingNet == whole.remainingNet, "seed \(seed)")
            #expect(standing.remainingGross == whole.remainingGross, "seed \(seed)")
        }
        let full = OrderStanding(said, refunds: refunds + [amountRefund("rest", left)])
        #expect(full.remainingNet == 0 && full.remainingGross == 0, "seed \(seed)")
    }

    @Test("giving every piece of every line back leaves nothing")
    func allLines() {
        for seed in UInt64(1)...200 { checkAllLines(seed) }
    }

    private func checkAllLines(_ seed: UInt64) {
        var chance = Chance(seed: seed)
        var data = randomOrder(&chance)
        data.subtotal = nil
        data.total = nil
        let said = order(data)
        var pieces = (data.items ?? []).flatMap { item in
            (0..<item.quantity).map { _ in RefundItem(lineID: item.lineID, quantity: 1, amount: nil) }
        }
        pieces.shuffle(using: &chance)
        let refunds = pieces.enumerated().map { RefundData(orderID: "1", refundID: "r\($0.offset)", amount: nil, items: [$0.element]) }
        var last = OrderStanding(said, refunds: []).remainingNet
        for count in 1...refunds.count {
            let remaining = OrderStanding(said, refunds: Array(refunds.prefix(count))).remainingNet
            #expect(remaining <= last, "seed \(seed)")
            last = remaining
        }
        #expect(last == 0, "seed \(seed)")
    }
}

/// An order of one to six lines with discounts by line and by header, tax and shipping.
func randomOrder(_ chance: inout Chance) -> OrderData {
    var items: [OrderItem] = []
    for index in 0..<chance.int(1...6) {
        let price = chance.int(1...20_000)
        let quantity = chance.int(1...4)
        let discount = chance.coin() ? chance.int(0...(price * quantity)) : 0
        items.append(OrderItem(lineID: "l\(index)", quantity: quantity, unitPrice: price, discount: discount))
    }
    let subtotal = items.reduce(0) { $0 + $1.unitPrice * $1.quantity }
    let lineDiscount = items.reduce(0) { $0 + $1.discount }
    let discount = chance.coin() ? lineDiscount : chance.int(lineDiscount...max(lineDiscount, subtotal))
    let shipping = chance.int(0...1_000)
    let tax = chance.int(0...2_000)
    return orderData(
        currency: ["TRY", "JPY", "KWD"][Int(chance.int(0...2))], subtotal: subtotal, discount: discount, shipping: shipping, tax: tax,
        total: subtotal - discount + shipping + tax, items: items)
}
