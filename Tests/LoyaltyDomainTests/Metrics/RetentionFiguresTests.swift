import LoyaltyDomain
import Shared
import Testing

@Suite("Retention figures")
struct RetentionFiguresTests {
    @Test("ratios are what their definitions say")
    func ratios() {
        var figures = RetentionFigures()
        figures.orders = 5
        figures.guestOrders = 2
        figures.customers = 3
        figures.repeatCustomers = 1
        figures.gross = 1_000
        figures.refunded = 250
        figures.gapMilliseconds = 3 * 86_400_000
        figures.gaps = 2
        let json = figures.json(from: nil, to: nil, currency: Currency("TRY"))
        #expect(json["guest_checkout_rate"]?.double == 0.4)
        #expect(json["purchase_frequency"]?.double == 5.0 / 3)
        #expect(json["average_order_value"]?.double == 200)
        #expect(json["repeat_purchase_rate"]?.double == 1.0 / 3)
        #expect(json["days_between_orders"]?.double == 1.5)
        #expect(json["lifetime_value"]?.double == 250)
        #expect(json["net_revenue"] == 750)
    }

    @Test("without orders the sums are 0 and the ratios unknown")
    func empty() {
        let json = RetentionFigures().json(from: nil, to: nil, currency: nil)
        #expect(json["orders"] == 0)
        #expect(json["gross_revenue"] == 0)
        #expect(json["average_order_value"] == .null)
        #expect(json["currency"] == .null)
    }
}
