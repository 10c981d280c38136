import Shared
import Testing

@testable import GatewayService

@Suite("Orders of Shopify")
struct ShopifyOrderTests {
    @Test(
        "the topic decides what happened, not financial_status",
        arguments: [
            ("orders/create", "order.placed", "order-5100001-placed"), ("orders/paid", "order.paid", "order-5100001-paid"),
            ("orders/updated", "order.updated", "d-1"), ("orders/cancelled", "order.cancelled", "order-5100001-cancelled"),
            ("orders/fulfilled", "order.fulfilled", "order-5100001-fulfilled"),
        ])
    func topics(topic: String, type: String, id: String) throws {
        let events = StoreFixtures.shopify(topic, StoreFixtures.shopifyOrder)
        #expect(events.types == [type])
        #expect(events.ids == [id])
        let event = try #require(events.first?.event)
        #expect(event.source == "shopify/demo.myshopify.com")
        #expect(event.time == StoreFixtures.receivedAt)
        #expect(event.subject == "7001")
    }

    @Test("amounts, discounts, customer and cart of a registered customer's order")
    func wholeOrder() throws {
        let events = StoreFixtures.shopify("orders/paid", StoreFixtures.shopifyOrder)
        let order = try #require(events.order)
        #expect(order.currency?.code == "TRY")
        #expect(order.subtotal == 10_000)
        #expect(order.discountTotal == 1_000)
        #expect(order.taxTotal == 1_500)
        #expect(order.taxIncluded == true)
        #expect(order.shippingTotal == 750)
        #expect(order.total == 9_750)
        #expect(order.couponCodes == ["BAHAR10"])
        #expect(order.referralCode == "AYSE77")
        #expect(order.channel == "web")
        #expect(order.country == "TR")
        #expect(order.city == "İstanbul")
        #expect(order.cartID == "cart-abc")
        #expect(order.placedAt?.rfc3339 == "2026-03-01T09:00:00Z")
        #expect(
            order.items == [
                OrderItem(
                    lineID: "11", productID: "900", sku: "T-1", name: "Tişört - M", quantity: 2, unitPrice: 3_000, discount: 600, tax: 900),
                OrderItem(
                    lineID: "12", productID: nil, sku: nil, name: "El yapımı", quantity: 1, unitPrice: 4_000, discount: 400, tax: 600),
            ])
        let customer = try #require(order.customer)
        #expect(customer.id == "7001")
        #expect(customer.email == "ayse.account@example.com")
        #expect(customer.tags == ["VIP", "newsletter"])
        #expect(customer.locale == "tr-TR")
        #expect(customer.city == "Kadıköy")
        #expect(customer.acceptsMarketing == nil)
        #expect(events.first?.event.data["number"] == "#1001")
        #expect(events.first?.order == KnownOrder(orderID: "5100001", currency: try #require(Currency("TRY")), customerID: "7001"))
    }

    @Test("yen have no minor unit; a guest is who the order says, named by the billing address")
    func yen() throws {
        let events = StoreFixtures.shopify("orders/create", StoreFixtures.shopifyYenOrder)
        let order = try #require(events.order)
        #expect(order.total == 1_500)
        #expect(order.subtotal == 1_500)
        #expect(order.discountTotal == 0)
        #expect(order.items?.first?.unitPrice == 500)
        #expect(order.customer?.id == nil)
        #expect(order.customer?.email == "guest@example.jp")
        #expect(order.customer?.firstName == "Yuki")
        #expect(events.first?.event.subject == nil)
    }

    @Test("dinars have three decimals; customer null is a guest by the order's e-mail")
    func dinar() throws {
        let order = try #require(StoreFixtures.shopify("orders/paid", StoreFixtures.shopifyDinarOrder).order)
        #expect(order.total == 12_345)
        #expect(order.items?.first?.unitPrice == 12_345)
        #expect(order.shippingTotal == 0)
        #expect(order.customer?.email == "fahad@example.com")
        #expect(order.cartID == "ct-3")
    }

    @Test("subtotal is before discounts, where Shopify's subtotal_price is after them")
    func discountedAway() throws {
        let order = try #require(StoreFixtures.shopify("orders/create", StoreFixtures.shopifyDiscountedAway).order)
        #expect(order.subtotal == 500)
        #expect(order.discountTotal == 500)
        #expect(order.shippingTotal == 1_000)
        #expect(order.total == 1_000)
        #expect(order.items?.map(\.discount) == [0, 500])
        #expect(order.customer?.email == "jon@example.com")
        #expect(order.customer?.acceptsMarketing == true)
        #expect(order.placedAt?.rfc3339 == "2026-03-01T04:14:36Z")
    }

    @Test("what was taken off shipping is no discount on the goods")
    func shippingDiscount() throws {
        let body = StoreFixtures.changed(StoreFixtures.shopifyOrder, ["total_discounts": "17.50"])
        #expect(StoreFixtures.shopify("orders/paid", body).order?.discountTotal == 1_000)
        // Further apart than all discounts together: the subtotals do not speak of the same goods.
        let odd = StoreFixtures.changed(StoreFixtures.shopifyOrder, ["subtotal_price": "20.00"])
        #expect(StoreFixtures.shopify("orders/paid", odd).order?.discountTotal == 1_000)
    }

    @Test("without total_line_items_price the lines are summed")
    func summedLines() {
        let body = StoreFixtures.changed(
            StoreFixtures.shopifyOrder, ["total_line_items_price": .some(nil), "total_shipping_price_set": .some(nil)])
        let order = StoreFixtures.shopify("orders/paid", body).order
        #expect(order?.subtotal == 10_000)
        #expect(order?.shippingTotal == 900)
    }

    @Test("an order that cannot be understood is kept raw, whole")
    func notUnderstood() {
        let changes: [[String: JSON?]] = [
            ["id": .some(nil)], ["currency": "BTC"], ["currency": .some(nil), "total_price_set": .some(nil)], ["total_price": "-1.00"],
            ["total_price": "90071992547409921"], ["total_price": 1e300], ["total_price": .some(nil)],
            ["line_items": [["id": 1, "quantity": -2, "price": "1.00"]]], ["processed_at": "1969-12-31T23:59:59Z"],
        ]
        for change in changes {
            let body = StoreFixtures.changed(StoreFixtures.shopifyOrder, change)
            let events = StoreFixtures.shopify("orders/create", body)
            #expect(events.types == ["shopify.orders.create"], "\(change)")
            #expect(events.ids == ["d-1"])
            #expect(events.first?.event.data == body)
            #expect(events.first?.isRaw == true)
        }
    }

    @Test("an odd field costs itself, not the order")
    func oddFields() throws {
        let body = StoreFixtures.changed(
            StoreFixtures.shopifyOrder,
            [
                "total_tax": "n/a", "tags": 5, "note_attributes": "x", "discount_codes": [["code": nil], "y"], "processed_at": "yesterday",
                "shipping_address": [], "source_name": .string(String(repeating: "x", count: 1_000)),
            ])
        let order = try #require(StoreFixtures.shopify("orders/paid", body).order)
        #expect(order.total == 9_750)
        #expect(order.taxTotal == nil)
        #expect(order.channel == nil)
        #expect(order.couponCodes == [])
        #expect(order.country == "DE")
        #expect(order.placedAt?.rfc3339 == "2026-03-01T09:00:01Z")
    }

    @Test("an update without a currency uses the one the order is known by")
    func knownCurrency() {
        let body = StoreFixtures.changed(StoreFixtures.shopifyDinarOrder, ["currency": .some(nil)])
        let state = ConnectorState(currencyOfOrder: { $0 == "5100003" ? Currency("KWD") : nil })
        #expect(StoreFixtures.shopify("orders/updated", body, state: state).order?.total == 12_345)
    }
}
