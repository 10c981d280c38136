import LoyaltyDomain
import Shared
import Testing

@Suite("What an order earns")
struct EarningTests {
    @Test(
        "points round down at the end, once",
        arguments: [
            ("TRY", Int64(4_995), Int64(49)), ("TRY", 99, 0), ("TRY", 100, 1), ("JPY", 1_000, 1_000), ("KWD", 12_345, 12), ("KWD", 999, 0),
            ("CLF", 12_345, 1),
        ])
    func roundsDown(_ currency: String, _ subtotal: Int64, _ points: Int64) {
        let standing = OrderStanding(order(orderData(currency: currency, subtotal: subtotal, total: subtotal)), refunds: [])
        #expect(rule().kept(standing) == points)
    }

    @Test("an amount without a scale counts the currency's own minor units")
    func withoutScale() {
        let award = PointsAward.perAmount(points: 2, amount: 1_000, scale: nil)
        #expect(rule(award).kept(OrderStanding(order(orderData(currency: "JPY", subtotal: 2_999)), refunds: [])) == 5)
    }

    @Test("net is without the discount, gross with it; tax and shipping count for neither")
    func bases() {
        let said = orderData(subtotal: 10_000, discount: 2_550, shipping: 500, tax: 800, total: 8_750)
        let standing = OrderStanding(order(said), refunds: [])
        #expect(rule().kept(standing) == 74)
        #expect(rule(basis: .gross).kept(standing) == 100)
    }

    @Test("an unpaid order earns nothing, a cancelled one keeps nothing")
    func unpaid() {
        let said = orderData(subtotal: 10_000, total: 10_000)
        #expect(rule().kept(OrderStanding(order(said, paid: false), refunds: [])) == 0)
        #expect(rule().kept(OrderStanding(order(said, cancelled: true), refunds: [])) == 0)
    }

    @Test("fixed points stay until the whole order is gone, for a free order too")
    func fixed() {
        let fixed = rule(.fixed(50))
        let said = order(orderData(subtotal: 10_000, total: 10_000))
        #expect(fixed.kept(OrderStanding(said, refunds: [amountRefund("a", 9_999)])) == 50)
        #expect(fixed.kept(OrderStanding(said, refunds: [amountRefund("a", 10_000)])) == 0)
        #expect(fixed.kept(OrderStanding(order(orderData(subtotal: 0, total: 0)), refunds: [])) == 50)
    }

    @Test("the largest amounts there are neither trap nor pass the bound")
    func extremes() {
        let most = FieldReader.maximumAmount
        let items = (0..<50).map { OrderItem(lineID: "\($0)", quantity: OrderItem.maximumQuantity, unitPrice: most, discount: 1) }
        let huge = order(orderData(currency: "CLF", discount: 3, total: most, items: items))
        let refunds = [
            RefundData(
                orderID: "1", refundID: "r", amount: nil, items: items.map { RefundItem(lineID: $0.lineID, quantity: 7, amount: nil) })
        ]
        for award in [
            PointsAward.perAmount(points: 1_000_000_000, amount: 1, scale: 4), .perAmount(points: 1_000_000_000, amount: 1, scale: nil),
        ] {
            for basis in Basis.allCases {
                let full = rule(award, basis: basis).kept(OrderStanding(huge, refunds: []))
                #expect(full == Exact.maximumPoints)
                #expect((0...full).contains(rule(award, basis: basis).kept(OrderStanding(huge, refunds: refunds))))
            }
        }
    }

    @Test("what the header leaves out follows from the lines, else from the total")
    func derived() {
        let items = [OrderItem(lineID: "a", quantity: 2, unitPrice: 1_500, discount: 500), OrderItem(lineID: "b", unitPrice: 1_000)]
        let fromLines = order(orderData(items: items)).amounts
        #expect(fromLines == OrderAmounts(subtotal: 4_000, discount: 500, total: 3_500))
        let fromTotal = order(orderData(shipping: 300, tax: 200, total: 4_500)).amounts
        #expect(fromTotal.subtotal == 4_000)
        var included = orderData(shipping: 300, tax: 200, total: 4_500)
        included.taxIncluded = true
        #expect(order(included).amounts.subtotal == 4_200)
        #expect(order(orderData(subtotal: 9_000, discount: 0, items: items)).amounts.subtotal == 9_000)
    }

    @Test(
        "a cap's periods are those of the programme's zone",
        arguments: [
            (MemberCap.Period.day, "2026-03-02"), (.week, "week of 2026-03-02"), (.month, "2026-03"), (.year, "2026"),
            (.lifetime, "lifetime"),
        ])
    func capPeriods(_ every: MemberCap.Period, _ expected: String) throws {
        // 22:30 UTC on a Sunday is Monday morning in Istanbul.
        let time = try #require(Timestamp(rfc3339: "2026-03-01T22:30:00Z"))
        #expect(MemberCap(points: 1, every: every).period(of: time, zone: ZoneRules { _ in 3 * 3_600_000 }) == expected)
    }
}
