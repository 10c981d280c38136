import Shared
import Testing

@testable import GatewayService

@Suite("Refunds of Shopify")
struct ShopifyRefundTests {
    @Test("by lines, without transactions: the lines' subtotals and no amount")
    func byLines() {
        let events = StoreFixtures.shopify("refunds/create", StoreFixtures.shopifyLineRefund)
        #expect(events.ids == ["refund-8001"])
        let refund = events.refunds.first
        #expect(refund?.orderID == "5100001")
        #expect(refund?.refundID == "8001")
        #expect(refund?.amount == nil)
        #expect(refund?.items == [RefundItem(lineID: "11", quantity: 1, amount: 2_700)])
    }

    @Test("by amount only: the refunds that succeeded")
    func byAmount() {
        let refund = StoreFixtures.shopify("refunds/create", StoreFixtures.shopifyAmountRefund).refunds.first
        #expect(refund?.amount == 1_250)
        #expect(refund?.items.isEmpty == true)
    }

    @Test("money on its way counts where nothing else tells of the refund")
    func pending() {
        let transactions: JSON = [["kind": "refund", "status": "pending", "amount": "5.00"]]
        let body = StoreFixtures.changed(StoreFixtures.shopifyAmountRefund, ["transactions": transactions])
        #expect(StoreFixtures.shopify("refunds/create", body).refunds.first?.amount == 500)
    }

    @Test("shipping given back without a transaction is an amount")
    func adjustment() {
        let adjustments: JSON = [["kind": "shipping_refund", "amount": "-8.00"]]
        let body = StoreFixtures.changed(StoreFixtures.shopifyAmountRefund, ["transactions": [], "order_adjustments": adjustments])
        #expect(StoreFixtures.shopify("refunds/create", body).refunds.first?.amount == 800)
    }

    @Test("the currency is the order's, else what the body says, else two decimals are assumed")
    func currency() {
        let body = StoreFixtures.changed(
            StoreFixtures.shopifyAmountRefund, ["transactions": [["kind": "refund", "status": "success", "amount": "500"]]])
        let yen = ConnectorState(currencyOfOrder: { $0 == "5100001" ? Currency("JPY") : nil }, customerOfOrder: { _ in "7001" })
        #expect(StoreFixtures.shopify("refunds/create", body, state: yen).refunds.first?.amount == 500)
        #expect(StoreFixtures.shopify("refunds/create", body, state: yen).first?.event.subject == "7001")
        #expect(StoreFixtures.shopify("refunds/create", body).refunds.first?.amount == 50_000)
        let shopMoney: JSON = [
            [
                "line_item_id": 11, "quantity": 1, "subtotal": 1.5,
                "subtotal_set": ["shop_money": ["amount": "1.500", "currency_code": "KWD"]],
            ]
        ]
        let dinar = StoreFixtures.changed(StoreFixtures.shopifyLineRefund, ["refund_line_items": shopMoney])
        #expect(StoreFixtures.shopify("refunds/create", dinar).refunds.first?.items.first?.amount == 1_500)
    }

    @Test("a transaction in the buyer's currency is not added to the order's")
    func presentmentCurrency() {
        let body = StoreFixtures.changed(
            StoreFixtures.shopifyLineRefund,
            ["transactions": [["kind": "refund", "status": "success", "amount": "9.10", "currency": "EUR"]]])
        let state = ConnectorState(currencyOfOrder: { _ in Currency("TRY") })
        let refund = StoreFixtures.shopify("refunds/create", body, state: state).refunds.first
        #expect(refund?.amount == nil)
        #expect(refund?.items.first?.amount == 2_700)
    }

    @Test("an order's update tells its refunds under the same ids, so each is one event for ever")
    func withinOrder() {
        let refunds: JSON = [StoreFixtures.shopifyLineRefund, StoreFixtures.shopifyAmountRefund]
        let events = StoreFixtures.shopify(
            "orders/updated", StoreFixtures.changed(StoreFixtures.shopifyOrder, ["refunds": refunds]), delivery: "d-9")
        #expect(events.types == ["order.updated", "order.refunded", "order.refunded"])
        #expect(events.ids == ["d-9", "refund-8001", "refund-8002"])
    }

    @Test("a refund of nothing, or of nobody's order, is kept raw")
    func nothing() {
        let empty = StoreFixtures.changed(StoreFixtures.shopifyAmountRefund, ["transactions": []])
        #expect(StoreFixtures.shopify("refunds/create", empty).types == ["shopify.refunds.create"])
        let lost = StoreFixtures.changed(StoreFixtures.shopifyAmountRefund, ["order_id": .some(nil)])
        #expect(StoreFixtures.shopify("refunds/create", lost).types == ["shopify.refunds.create"])
        let absurd = StoreFixtures.changed(
            StoreFixtures.shopifyOrder, ["refunds": [["id": 1, "transactions": [["kind": "refund", "amount": "99999999999999999"]]]]])
        let events = StoreFixtures.shopify("orders/updated", absurd)
        #expect(events.types == ["order.updated", "shopify.orders.updated"])
        #expect(events.ids == ["d-1", "d-1#raw"])
    }
}
