import Shared
import Testing

@testable import GatewayService

@Suite("Shopify's other topics")
struct ShopifyOtherTopicsTests {
    @Test("customers: who they are, and what they agreed to")
    func customers() throws {
        let created = StoreFixtures.shopify("customers/create", StoreFixtures.shopifyCustomer)
        #expect(created.types == ["customer.created"])
        #expect(created.ids == ["customer-7001-created"])
        #expect(created.first?.event.subject == "7001")
        let customer = try #require(created.customer)
        #expect(customer.acceptsMarketing == true)
        #expect(customer.region == "İzmir")
        #expect(customer.tags == ["VIP", "early"])
        #expect(StoreFixtures.shopify("customers/update", StoreFixtures.shopifyCustomer).ids == ["d-1"])
        for said in [true, false] {
            let body = StoreFixtures.changed(StoreFixtures.shopifyCustomer, ["verified_email": .bool(said)])
            #expect(StoreFixtures.shopify("customers/update", body).customer?.verifiedEmail == said)
        }
        let deleted = StoreFixtures.shopify("customers/delete", ["id": 7_001])
        #expect(deleted.types == ["customer.deleted"])
        #expect(deleted.first?.event.data == ["customer": ["id": "7001"]])
    }

    @Test("cart, checkout and order share the cart's id")
    func carts() throws {
        let started = StoreFixtures.shopify("checkouts/create", StoreFixtures.shopifyCheckout)
        #expect(started.types == ["checkout.started"])
        #expect(started.ids == ["checkout-checkout-abc-started"])
        let updated = StoreFixtures.shopify("checkouts/update", StoreFixtures.shopifyCheckout)
        #expect(updated.types == ["cart.updated"])
        let cart = StoreFixtures.shopify("carts/update", StoreFixtures.shopifyCart)
        #expect(cart.types == ["cart.updated"])
        let order = StoreFixtures.shopify("orders/create", StoreFixtures.shopifyOrder)
        for events in [started, updated, cart, order] { #expect(events.first?.event.data["cart_id"] == "cart-abc") }

        let checkout = try #require(started.cart)
        #expect(checkout.total == 40_994)
        #expect(checkout.recoveryURL == "https://demo.example/recover/450")
        #expect(checkout.customer?.id == "7001")
        #expect(cart.cart?.total == 39_800)
    }

    @Test("a checkout that became an order is no news of a cart")
    func completedCheckout() {
        let body = StoreFixtures.changed(StoreFixtures.shopifyCheckout, ["completed_at": "2026-03-01T09:00:00Z"])
        #expect(StoreFixtures.shopify("checkouts/update", body).types == ["shopify.checkouts.update"])
    }

    @Test("a cart in a currency nobody said takes the shop's, and an emptied cart is worth nothing")
    func cartCurrency() {
        let body: JSON = ["token": "t", "line_items": [["id": 1, "quantity": 2, "price": "500", "line_price": "1000"]]]
        let yen = StoreFixtures.shopify("carts/update", body, state: ConnectorState(storeCurrency: Currency("JPY")))
        #expect(yen.first?.event.data["total"] == 1_000)
        #expect(yen.first?.event.data["currency"] == "JPY")
        let empty = StoreFixtures.shopify("carts/update", ["token": "t", "line_items": []])
        #expect(empty.first?.event.data["total"] == 0)
    }

    @Test("products: the lowest price in the shop's currency, in stock when a variant is")
    func products() throws {
        let state = ConnectorState(storeCurrency: Currency("USD"))
        let events = StoreFixtures.shopify("products/update", StoreFixtures.shopifyProduct, state: state)
        #expect(events.types == ["product.upserted"])
        let product = try #require(events.product)
        #expect(product.id == "632")
        #expect(product.price == 14_900)
        #expect(product.categories == ["Music"])
        #expect(product.url == "https://demo.myshopify.com/products/player")
        #expect(product.imageURL == "https://cdn.example/player.png")
        #expect(product.inStock == true)
        #expect(StoreFixtures.shopify("products/update", StoreFixtures.shopifyProduct).first?.event.data.at("product", "price") == nil)
        let draft = StoreFixtures.changed(StoreFixtures.shopifyProduct, ["status": "draft"])
        #expect(StoreFixtures.shopify("products/update", draft).first?.event.data.at("product", "in_stock") == false)
        #expect(StoreFixtures.shopify("products/delete", ["id": 632]).types == ["product.deleted"])
    }

    @Test("parcels: shipped once, again with a tracking number, then delivered")
    func parcels() {
        let state = ConnectorState(customerOfOrder: { $0 == "5100001" ? "7001" : nil })
        func events(_ changes: [String: JSON?]) -> [TranslatedEvent] {
            StoreFixtures.shopify("fulfillments/update", StoreFixtures.changed(StoreFixtures.shopifyParcel, changes), state: state)
        }
        #expect(events([:]).ids == ["fulfillment-31-shipped"])
        #expect(events([:]).first?.event.subject == "7001")
        let tracked = events(["tracking_number": "YK1", "tracking_url": "https://track.example/YK1"])
        #expect(tracked.types == ["order.shipped"])
        #expect(tracked.ids == ["fulfillment-31-shipped-YK1"])
        #expect(tracked.first?.event.data["carrier"] == "Yurtiçi")
        #expect(events(["shipment_status": "label_printed"]).types == ["order.fulfilled"])
        #expect(events(["shipment_status": "delivered"]).ids == ["fulfillment-31-delivered"])
        #expect(events(["status": "cancelled"]).types == ["shopify.fulfillments.update"])
    }

    @Test("privacy requests are kept under their own types and are no news of the customer")
    func privacy() {
        let body: JSON = [
            "shop_domain": "demo.myshopify.com", "customer": ["id": 7_001, "email": "ayse@example.com"], "orders_to_redact": [],
        ]
        for topic in ["customers/redact", "customers/data_request", "shop/redact"] {
            let event = StoreFixtures.shopify(topic, body).first?.event
            #expect(event?.type == "shopify." + topic.split(separator: "/").joined(separator: "."))
            #expect(event?.data == ["request": body])
            #expect(event?.customerID == nil)
            #expect(event?.customerEmail == nil)
        }
    }

    @Test(
        "an unknown topic is one raw event, never an error",
        arguments: ["orders/edited", "orders/partially_fulfilled", "app/uninstalled", "", "ünlü/topic with spaces"])
    func unknownTopics(topic: String) {
        for body: JSON in [["a": 1], [1, 2], "text", nil] {
            let events = StoreFixtures.shopify(topic, body)
            #expect(events.count == 1)
            #expect(events.first?.isRaw == true)
            #expect(events.first?.event.data.object != nil)
        }
        #expect(StoreFixtures.shopify("orders/edited", [:]).types == ["shopify.orders.edited"])
        #expect(StoreFixtures.shopify("", [:]).types == ["shopify.unknown"])
    }

    @Test("a raw body that names a registered customer is about them")
    func rawSubject() {
        #expect(StoreFixtures.shopify("draft_orders/create", ["customer": ["id": 7_001]]).first?.event.subject == "7001")
        #expect(StoreFixtures.shopify("draft_orders/create", ["customer": ["id": nil]]).first?.event.subject == nil)
    }
}
