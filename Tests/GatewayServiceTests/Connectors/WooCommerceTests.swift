import Shared
import Testing

@testable import GatewayService

@Suite("WooCommerce")
struct WooCommerceTests {
    @Test("a guest's order: amounts without tax, times in UTC, entities as characters")
    func guestOrder() throws {
        let events = StoreFixtures.woo("order.created", StoreFixtures.wooOrder)
        #expect(events.types == ["order.placed", "order.paid"])
        #expect(events.ids == ["order-727-placed", "order-727-paid"])
        #expect(events.first?.event.source == "woocommerce/shop.example")
        let order = try #require(events.order)
        #expect(order.subtotal == 1_800)
        #expect(order.discountTotal == 300)
        #expect(order.taxTotal == 135)
        #expect(order.taxIncluded == false)
        #expect(order.shippingTotal == 1_000)
        #expect(order.total == 2_635)
        #expect(order.couponCodes == ["summer3"])
        #expect(order.channel == "checkout")
        #expect(order.country == "US")
        #expect(order.placedAt?.rfc3339 == "2026-03-01T19:28:02Z")
        #expect(order.customer?.id == nil)
        #expect(order.customer?.email == "john.doe@example.com")
        #expect(order.customer?.region == "CA")
        #expect(
            order.items == [
                OrderItem(lineID: "315", productID: "93", name: "Single #1", quantity: 2, unitPrice: 300, discount: 100, tax: 45),
                OrderItem(
                    lineID: "316", productID: "22", sku: "Bar3", name: "Ship Your Idea – Color: Black & M’s", quantity: 1, unitPrice: 1_200,
                    discount: 200, tax: 90),
            ])
        #expect(events.first?.event.data["status"] == "processing")
    }

    @Test(
        "the status says what happened, and what happens once has the order's id",
        arguments: [
            ("order.created", "pending", ["order-727-placed"]), ("order.created", "on-hold", ["order-727-placed"]),
            ("order.created", "completed", ["order-727-placed", "order-727-paid"]),
            ("order.updated", "processing", ["order-727-paid", "w-1"]),
            ("order.updated", "completed", ["order-727-paid", "w-1"]), ("order.updated", "wc-completed", ["order-727-paid", "w-1"]),
            ("order.updated", "on-hold", ["order-727-placed", "w-1"]), ("order.updated", "packing", ["w-1"]),
            ("order.updated", "cancelled", ["order-727-cancelled"]), ("order.updated", "failed", ["order-727-failed"]),
            ("order.restored", "processing", ["order-727-paid", "w-1"]), ("order.created", "checkout-draft", ["w-1"]),
        ])
    func statuses(topic: String, status: String, ids: [String]) {
        let events = StoreFixtures.woo(topic, StoreFixtures.changed(StoreFixtures.wooOrder, ["status": .string(status)]))
        #expect(events.ids == ids)
        for translated in events {
            let event = translated.event
            switch event.id {
            case "order-727-paid": #expect(event.type == "order.paid")
            case "order-727-placed": #expect(event.type == "order.placed")
            case "order-727-cancelled", "order-727-failed": #expect(event.type == "order.cancelled")
            default: #expect(event.type == (status == "checkout-draft" ? "woocommerce.order.created" : "order.updated"))
            }
        }
    }

    @Test("an update that lists earlier refunds again says them under the same ids")
    func refundsAgain() {
        let first = StoreFixtures.changed(StoreFixtures.wooOrder, ["refunds": [["id": 730, "total": "-10.00"]]])
        let second = StoreFixtures.changed(StoreFixtures.wooOrder, ["refunds": StoreFixtures.wooRefunds])
        let earlier = StoreFixtures.woo("order.updated", first, delivery: "w-1")
        let later = StoreFixtures.woo("order.updated", second, delivery: "w-2")
        #expect(earlier.ids == ["order-727-paid", "w-1", "order-727-refund-730"])
        #expect(later.ids == ["order-727-paid", "w-2", "order-727-refund-730", "order-727-refund-731"])
        #expect(later.refunds.map(\.amount) == [1_000, 250])
        #expect(later.refunds.map(\.refundID) == ["730", "731"])
        #expect(later.refunds.allSatisfy { $0.items.isEmpty && $0.orderID == "727" })
    }

    @Test("an order said to be refunded is refunded in full, whatever is listed")
    func fullyRefunded() {
        let listed = StoreFixtures.changed(StoreFixtures.wooOrder, ["status": "refunded", "refunds": StoreFixtures.wooRefunds])
        let events = StoreFixtures.woo("order.updated", listed)
        #expect(events.ids == ["w-1", "order-727-refund-730", "order-727-refund-731", "order-727-refund-rest"])
        #expect(events.refunds.map(\.amount) == [1_000, 250, 1_385])
        let all = StoreFixtures.changed(StoreFixtures.wooOrder, ["status": "refunded", "refunds": [["id": 1, "total": "-26.35"]]])
        #expect(StoreFixtures.woo("order.updated", all).refunds.map(\.amount) == [2_635])
    }

    @Test("a deleted order counts as cancelled")
    func deleted() {
        let events = StoreFixtures.woo("order.deleted", ["id": 727], state: ConnectorState(customerOfOrder: { _ in "25" }))
        #expect(events.types == ["order.cancelled"])
        #expect(events.ids == ["order-727-deleted"])
        #expect(events.first?.event.subject == "25")
    }

    @Test("a registered customer's id is the store's, as a string")
    func registered() throws {
        let body = StoreFixtures.changed(StoreFixtures.wooOrder, ["customer_id": 25])
        #expect(StoreFixtures.woo("order.updated", body).first?.event.subject == "25")
        let events = StoreFixtures.woo("customer.created", StoreFixtures.wooCustomer)
        #expect(events.types == ["customer.created"])
        let customer = try #require(events.customer)
        #expect(customer.id == "25")
        #expect(customer.phone == "(555) 555-5555")
        #expect(customer.acceptsMarketing == nil)
        #expect(StoreFixtures.woo("customer.deleted", ["id": 25]).types == ["customer.deleted"])
    }

    @Test("odd lines: price per piece rounded, raised by hand, without pieces, half a piece")
    func lines() {
        let lines: JSON = [
            ["id": 1, "quantity": 3, "subtotal": "10.01", "total": "10.01"], ["id": 2, "quantity": 1, "subtotal": "5.00", "total": "8.00"],
            ["id": 3, "quantity": 0, "subtotal": "0.00", "total": "0.00"], ["id": 4, "quantity": 0.5, "subtotal": "2.50", "total": "2.50"],
            ["id": 5, "quantity": 2, "subtotal": "0.05", "total": "0.05", "total_tax": "0.004999"],
        ]
        let order = StoreFixtures.woo("order.updated", StoreFixtures.changed(StoreFixtures.wooOrder, ["line_items": lines])).order
        #expect(order?.items?.map(\.lineID) == ["1", "2", "4", "5"])
        #expect(order?.items?.map(\.unitPrice) == [334, 800, 250, 3])
        #expect(order?.items?.map(\.discount) == [0, 0, 0, 0])
        #expect(order?.subtotal == 2_056)
    }

    @Test("without the gmt time the local one is taken")
    func localTime() {
        let body = StoreFixtures.changed(StoreFixtures.wooOrder, ["date_created_gmt": .some(nil)])
        #expect(StoreFixtures.woo("order.updated", body).order?.placedAt?.rfc3339 == "2026-03-01T16:28:02Z")
    }

    @Test("products: category names and stock; a variation is not a product of its own")
    func products() {
        let state = ConnectorState(storeCurrency: Currency("EUR"))
        let product = StoreFixtures.woo("product.updated", StoreFixtures.wooProduct, state: state).first("product.upserted")?.data[
            "product"]
        #expect(product?["name"] == "Salt & Pepper")
        #expect(product?["categories"] == ["Food & Home"])
        #expect(product?["price"] == 2_199)
        #expect(product?["in_stock"] == true)
        let variation = StoreFixtures.changed(StoreFixtures.wooProduct, ["type": "variation", "parent_id": 90])
        #expect(StoreFixtures.woo("product.updated", variation).types == ["woocommerce.product.updated"])
        #expect(StoreFixtures.woo("product.deleted", ["id": 93]).types == ["product.deleted"])
    }

    @Test("coupons, actions and unknown topics are kept raw")
    func raw() {
        for topic in ["coupon.created", "action.woocommerce_add_to_cart", "subscription.created"] {
            #expect(StoreFixtures.woo(topic, ["id": 1]).types == ["woocommerce.\(topic)"])
        }
        #expect(StoreFixtures.woo("order.created", ["status": "processing"]).types == ["woocommerce.order.created"])
        let bitcoin = StoreFixtures.changed(StoreFixtures.wooOrder, ["currency": "BTC", "customer_id": 25])
        #expect(StoreFixtures.woo("order.created", bitcoin).types == ["woocommerce.order.created"])
        #expect(StoreFixtures.woo("order.created", bitcoin).first?.event.subject == "25")
    }

    @Test(
        "the source is the shop's host",
        arguments: [
            ("https://Shop.example/", "woocommerce/shop.example"), ("http://shop.example:8080/tr/?x", "woocommerce/shop.example:8080"),
            ("shop.example", "woocommerce/shop.example"), ("", "woocommerce"), ("https://", "woocommerce"),
        ])
    func source(header: String, source: String) {
        #expect(WooCommerceConnector().source(shop: header) == source)
        #expect(WooCommerceConnector().source(shop: nil) == "woocommerce")
    }

    @Test("character references")
    func entities() {
        #expect(HTMLEntities.decode("a &amp;lt; b &#x2013; &unknown; & &#55296; &;") == "a &lt; b – &unknown; & &#55296; &;")
        #expect(HTMLEntities.decode("G&ouml;kta&#351; &") == "Göktaş &")
    }
}
