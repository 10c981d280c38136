import Shared

@testable import GatewayService

/// Bodies in the shapes stores send, small, and our own.
enum StoreFixtures {
    static let receivedAt = Timestamp(milliseconds: 1_772_355_600_000)

    static func shopify(
        _ topic: String, _ body: JSON, delivery: String = "d-1", shop: String? = "Demo.myshopify.com",
        state: ConnectorState = ConnectorState()
    ) -> [TranslatedEvent] {
        ShopifyConnector().translate(topic: topic, deliveryID: delivery, shop: shop, body: body, receivedAt: receivedAt, state: state)
    }

    static func woo(
        _ topic: String, _ body: JSON, delivery: String = "w-1", shop: String? = "https://shop.example/",
        state: ConnectorState = ConnectorState()
    ) -> [TranslatedEvent] {
        WooCommerceConnector().translate(topic: topic, deliveryID: delivery, shop: shop, body: body, receivedAt: receivedAt, state: state)
    }

    /// The fixture with some members replaced; a nil takes the member away.
    static func changed(_ body: JSON, _ changes: [String: JSON?]) -> JSON {
        guard var object = body.object else { return body }
        for (name, value) in changes { object[name] = value }
        return .object(object)
    }

    // MARK: - Shopify

    /// Two lines, 100.00 before discounts, 10.00 off by a code, shipping 7.50, tax within.
    static let shopifyOrder: JSON = [
        "id": 5_100_001, "name": "#1001", "email": "ayse@example.com", "contact_email": "ayse@example.com", "currency": "TRY",
        "presentment_currency": "EUR", "created_at": "2026-03-01T12:00:01+03:00", "processed_at": "2026-03-01T12:00:00+03:00",
        "total_price": "97.50", "subtotal_price": "90.00", "total_line_items_price": "100.00", "total_discounts": "10.00",
        "total_tax": "15.00",
        "taxes_included": true, "financial_status": "paid", "buyer_accepts_marketing": false, "cart_token": "cart-abc?key=1f",
        "checkout_token": "checkout-abc", "source_name": "web", "customer_locale": "tr-TR",
        "total_shipping_price_set": ["shop_money": ["amount": "7.50", "currency_code": "TRY"]],
        "discount_codes": [["code": "BAHAR10", "amount": "10.00", "type": "fixed_amount"]],
        "note_attributes": [["name": "gift", "value": "no"], ["name": "vefa_ref", "value": "AYSE77"]],
        "shipping_address": ["country_code": "TR", "city": "İstanbul"], "billing_address": ["country_code": "DE", "city": "Köln"],
        "line_items": [
            [
                "id": 11, "product_id": 900, "sku": "T-1", "name": "Tişört - M", "title": "Tişört", "quantity": 2, "price": "30.00",
                "total_discount": "0.00", "discount_allocations": [["amount": "4.00"], ["amount": "2.00"]],
                "tax_lines": [["price": "9.00"]],
            ],
            [
                "id": 12, "product_id": nil, "sku": "", "title": "El yapımı", "quantity": 1, "price": "40.00", "total_discount": "4.00",
                "discount_allocations": [], "tax_lines": [["price": 6.0]],
            ],
        ],
        "shipping_lines": [["price": "9.00"]], "refunds": [], "fulfillments": [],
        "customer": [
            "id": 7_001, "email": "ayse.account@example.com", "first_name": "Ayşe", "last_name": "Kaya", "phone": nil,
            "tags": "VIP, newsletter ,",
            "email_marketing_consent": ["state": "not_subscribed"],
            "default_address": ["country_code": "TR", "province": "İstanbul", "city": "Kadıköy"],
        ],
    ]

    /// Nothing but decimals as integers of a currency without minor units, and a guest.
    static let shopifyYenOrder: JSON = [
        "id": "5100002", "email": nil, "contact_email": "guest@example.jp", "currency": "JPY", "created_at": "2026-03-01T09:00:00Z",
        "total_price": "1500", "subtotal_price": "1500", "total_discounts": nil, "total_tax": nil,
        "customer": ["id": nil, "email": "other@example.jp"],
        "line_items": [["id": 1, "product_id": 2, "quantity": 3, "price": "500.00", "title": "Tea"]],
        "billing_address": ["first_name": "Yuki", "last_name": "Sato", "country_code": "JP", "city": "Kyoto"],
    ]

    /// Three decimals, `customer` null.
    static let shopifyDinarOrder: JSON = [
        "id": 5_100_003, "email": "fahad@example.com", "currency": "KWD", "created_at": "2026-03-01T09:00:00Z", "total_price": "12.345",
        "subtotal_price": "12.345", "total_line_items_price": "12.345", "customer": nil, "checkout_token": "ct-3",
        "line_items": [["id": 1, "product_id": 2, "quantity": 1, "price": "12.345", "title": "Oud"]],
        "shipping_lines": [["price": "0.000"]],
    ]

    /// In the shape of the published reference order: discount eats the whole line, `customer.id` null, cancelled.
    static let shopifyDiscountedAway: JSON = [
        "id": 5_100_004, "email": "jon@example.com", "currency": "USD", "total_price": "10.00", "subtotal_price": "0.00",
        "total_discounts": "5.00",
        "total_line_items_price": "5.00", "total_tax": nil, "taxes_included": false, "cart_token": nil, "checkout_token": nil,
        "processed_at": nil,
        "created_at": "2026-03-01T04:14:36-00:00", "financial_status": "voided", "buyer_accepts_marketing": true,
        "line_items": [
            ["id": 1, "product_id": 10, "quantity": 1, "price": "0.00", "total_discount": "0.00", "name": "Soda"],
            ["id": 2, "product_id": 11, "quantity": 1, "price": "5.00", "total_discount": "5.00", "name": "Lemonade"],
        ],
        "shipping_lines": [["price": "10.00"]], "refunds": [],
        "customer": ["id": nil, "email": "john@example.com", "first_name": "John", "accepts_marketing": false],
    ]

    /// By lines, no transaction, amounts as numbers.
    static let shopifyLineRefund: JSON = [
        "id": 8_001, "order_id": 5_100_001, "transactions": [], "order_adjustments": [],
        "refund_line_items": [["id": 1, "line_item_id": 11, "quantity": 1, "subtotal": 27.0, "total_tax": 4.5]],
    ]

    /// By amount only, one transaction of three counting.
    static let shopifyAmountRefund: JSON = [
        "id": 8_002, "order_id": 5_100_001, "refund_line_items": [],
        "transactions": [
            ["kind": "refund", "status": "success", "amount": "12.50", "currency": "TRY"],
            ["kind": "refund", "status": "failure", "amount": "12.50", "currency": "TRY"],
            ["kind": "sale", "status": "success", "amount": "97.50", "currency": "TRY"],
        ],
    ]

    static let shopifyCustomer: JSON = [
        "id": 7_001, "email": "ayse@example.com", "first_name": "Ayşe", "last_name": "Kaya", "phone": "+905550000000", "tags": "VIP, early",
        "accepts_marketing": false, "email_marketing_consent": ["state": "subscribed"],
        "default_address": ["country_code": "TR", "province": "İzmir", "city": "Bornova"],
    ]

    static let shopifyCheckout: JSON = [
        "id": 450, "token": "checkout-abc", "cart_token": "cart-abc", "email": "ayse@example.com", "currency": "USD",
        "total_price": "409.94",
        "completed_at": nil, "abandoned_checkout_url": "https://demo.example/recover/450",
        "customer": ["id": 7_001, "email": "ayse@example.com"],
        "line_items": [
            ["id": 1, "product_id": 632, "quantity": 2, "price": "199.00", "title": "Player", "sku": "P-1", "applied_discounts": []]
        ],
    ]

    static let shopifyCart: JSON = [
        "id": "cart-abc", "token": "cart-abc",
        "line_items": [
            [
                "id": 1, "product_id": 632, "quantity": 2, "price": "199.00", "title": "Player", "line_price": "398.00",
                "price_set": ["shop_money": ["amount": "199.00", "currency_code": "USD"]],
            ]
        ],
    ]

    static let shopifyProduct: JSON = [
        "id": 632, "title": "Player", "handle": "player", "product_type": "Music", "status": "active",
        "images": [["src": "https://cdn.example/player.png"]],
        "variants": [
            ["price": "199.00", "inventory_management": "shopify", "inventory_policy": "deny", "inventory_quantity": 0],
            ["price": "149.00", "inventory_management": "shopify", "inventory_policy": "deny", "inventory_quantity": 3],
        ],
    ]

    static let shopifyParcel: JSON = [
        "id": 31, "order_id": 5_100_001, "status": "success", "shipment_status": nil, "email": "ayse@example.com",
        "tracking_company": "Yurtiçi",
        "tracking_number": nil, "tracking_numbers": [], "tracking_url": nil,
    ]

    // MARK: - WooCommerce

    static let wooOrder: JSON = [
        "id": 727, "number": "727", "status": "processing", "currency": "USD", "date_created": "2026-03-01T16:28:02",
        "date_created_gmt": "2026-03-01T19:28:02", "date_paid": nil, "discount_total": "3.00", "shipping_total": "10.00", "total": "26.35",
        "total_tax": "1.35", "prices_include_tax": true, "customer_id": 0, "created_via": "checkout",
        "billing": [
            "first_name": "John", "last_name": "Doe", "city": "San Francisco", "state": "CA", "country": "US",
            "email": "john.doe@example.com",
            "phone": "(555) 555-5555",
        ],
        "shipping": ["first_name": "", "city": "", "country": ""],
        "line_items": [
            [
                "id": 315, "name": "Single #1", "product_id": 93, "variation_id": 0, "quantity": 2, "subtotal": "6.00", "total": "5.00",
                "total_tax": "0.45", "sku": "",
            ],
            [
                "id": 316, "name": "Ship Your Idea &ndash; Color: Black &amp; M&#8217;s", "product_id": 22, "variation_id": 23,
                "quantity": 1,
                "subtotal": "12.00", "total": "10.00", "total_tax": "0.90", "sku": "Bar3", "price": 10,
            ],
        ],
        "coupon_lines": [["id": 9, "code": "summer3", "discount": "3.00"]], "fee_lines": [], "refunds": [],
    ]

    static let wooRefunds: JSON = [["id": 730, "reason": "", "total": "-10.00"], ["id": 731, "reason": "late", "total": "-2.50"]]

    static let wooCustomer: JSON = [
        "id": 25, "email": "john.doe@example.com", "first_name": "John", "last_name": "Doe",
        "billing": ["phone": "(555) 555-5555", "country": "US", "state": "CA", "city": "San Francisco", "email": "john.doe@example.com"],
    ]

    static let wooProduct: JSON = [
        "id": 93, "name": "Salt &amp; Pepper", "permalink": "https://shop.example/p/93", "type": "simple", "status": "publish",
        "price": "21.99",
        "stock_status": "instock", "categories": [["id": 9, "name": "Food &amp; Home"]], "images": [["src": "https://shop.example/93.jpg"]],
    ]

    /// Every fixture with the topics it comes under.
    static let all: [(name: String, topics: [String], body: JSON)] = [
        ("order", ["orders/create", "orders/paid", "orders/updated", "orders/cancelled", "orders/fulfilled"], shopifyOrder),
        ("yen order", ["orders/create", "orders/paid"], shopifyYenOrder),
        ("dinar order", ["orders/create", "orders/paid"], shopifyDinarOrder),
        ("discounted away", ["orders/create", "orders/cancelled"], shopifyDiscountedAway),
        ("refunded order", ["orders/updated"], changed(shopifyOrder, ["refunds": [shopifyLineRefund, shopifyAmountRefund]])),
        ("line refund", ["refunds/create"], shopifyLineRefund), ("amount refund", ["refunds/create"], shopifyAmountRefund),
        ("customer", ["customers/create", "customers/update", "customers/delete", "customers/redact"], shopifyCustomer),
        ("checkout", ["checkouts/create", "checkouts/update"], shopifyCheckout), ("cart", ["carts/create", "carts/update"], shopifyCart),
        ("product", ["products/create", "products/update", "products/delete"], shopifyProduct),
        ("parcel", ["fulfillments/create", "fulfillments/update"], shopifyParcel),
        ("woo order", ["order.created", "order.updated", "order.restored", "order.deleted"], wooOrder),
        ("woo refunds", ["order.updated"], changed(wooOrder, ["refunds": wooRefunds, "status": "refunded"])),
        ("woo customer", ["customer.created", "customer.updated", "customer.deleted"], wooCustomer),
        ("woo product", ["product.created", "product.updated", "product.deleted"], wooProduct),
    ]

    static func translate(_ topic: String, _ body: JSON) -> [TranslatedEvent] {
        topic.contains("/") ? shopify(topic, body) : woo(topic, body)
    }
}

extension [TranslatedEvent] {
    var types: [String] { map(\.event.type) }
    var ids: [String] { map(\.event.id) }
    func first(_ type: String) -> CloudEvent? { first { $0.event.type == type }?.event }
    var refunds: [RefundData] { filter { $0.event.type == "order.refunded" }.map { RefundData(Self.reader($0)) } }
    // The first event's data, read as a service reads it.
    var order: OrderData? { first.map { OrderData(Self.reader($0)) } }
    var cart: CartData? { first.map { CartData(Self.reader($0)) } }
    var customer: CustomerData? { first.flatMap { Self.reader($0).reader("customer") }.map { CustomerData($0) } }
    var product: ProductData? { first.flatMap { Self.reader($0).reader("product") }.map { ProductData($0) } }

    private static func reader(_ translated: TranslatedEvent) -> FieldReader {
        FieldReader(translated.event.data.object ?? JSONObject(), issues: FieldIssues(), strict: false)
    }
}
