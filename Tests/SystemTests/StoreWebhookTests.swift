import Shared
import SharedRuntime
import SharedTesting
import Testing

extension FiveTogether {
    @Suite("Stores' own webhooks", .onOneSuite())
    struct StoreWebhookTests {
        private let secret = "shpss_4f8a2c"

        /// 100.00 before a discount of 10.00, shipping 7.50, paid.
        private var shopifyOrder: JSON {
            [
                "id": 5_100_001, "name": "#1001", "email": "kaya@example.com", "currency": "TRY",
                "created_at": .string(VefaClock.machineNow.rfc3339),
                "total_price": "97.50", "subtotal_price": "90.00", "total_line_items_price": "100.00", "total_discounts": "10.00",
                "total_tax": "15.00",
                "taxes_included": true, "financial_status": "paid", "customer_locale": "en",
                "total_shipping_price_set": ["shop_money": ["amount": "7.50", "currency_code": "TRY"]],
                "line_items": [
                    [
                        "id": 11, "product_id": 900, "title": "Shirt", "quantity": 2, "price": "30.00",
                        "discount_allocations": [["amount": "6.00"]],
                    ],
                    [
                        "id": 12, "product_id": 901, "title": "Scarf", "quantity": 1, "price": "40.00",
                        "discount_allocations": [["amount": "4.00"]],
                    ],
                ],
                "customer": ["id": 7_001, "email": "kaya@example.com", "first_name": "Ayşe"],
            ]
        }

        /// One of the two shirts: 27.00 of the net basis.
        private let shopifyRefund: JSON = [
            "id": 8_001, "order_id": 5_100_001,
            "transactions": [["kind": "refund", "status": "success", "amount": "27.00", "currency": "TRY"]],
            "refund_line_items": [["id": 1, "line_item_id": 11, "quantity": 1, "subtotal": 27.0, "total_tax": 4.5]],
        ]

        @Test("Shopify: created, paid and refunded, each delivered three times, count once; the refund takes its points back")
        func shopify() async throws {
            let suite = try Running.suite()
            #expect(try await suite.put("/v1/connectors/shopify", ["webhook_secret": .string(secret)]).status == 200)
            var accepted: Int64 = 0
            for round in 0..<3 {
                // A redelivery has the same id and body; a second webhook for the same topic another id.
                let suffix = round == 2 ? "-other" : ""
                for (topic, body) in [("orders/create", shopifyOrder), ("orders/paid", shopifyOrder), ("refunds/create", shopifyRefund)] {
                    let answer = try await suite.deliver(.shopify(topic, delivery: "d-\(topic)\(suffix)", body, secret: secret))
                    #expect((200..<300).contains(answer.status), "\(topic): \(answer.status) \(answer.text)")
                    accepted += answer.json["accepted"]?.int ?? 0
                }
            }
            #expect(accepted == 3)
            for id in ["order-5100001-placed", "order-5100001-paid", "refund-8001"] {
                try await suite.untilDone(CloudEvent(id: id, source: "shopify/demo.myshopify.com", type: id, time: .epoch, data: .null))
            }
            // 90.00 net earned 90; the shirt's 27.00 back leaves 63.00.
            let member = try await suite.member("7001")
            #expect(member["balance"] == 63)
            let history = try await suite.get("/v1/loyalty/members/7001/transactions").json["data"]?.array ?? []
            #expect(history.compactMap { $0["points"]?.int }.sorted() == [-27, 90])
            #expect(history.allSatisfy { $0["order_id"] == "5100001" })
            let mail = try await suite.mail(to: "kaya@example.com")
            #expect(mail.text.contains("90 points"))
            try await suite.verifyLedger()
        }

        @Test("a wrong, missing or borrowed signature is 401 and nothing is kept")
        func signatures() async throws {
            let suite = try Running.suite()
            #expect(try await suite.put("/v1/connectors/shopify", ["webhook_secret": .string(secret)]).status == 200)
            var order = shopifyOrder.object ?? JSONObject()
            order["id"] = 5_100_666
            let body = JSON.object(order)
            let right = StoreWebhook.shopify("orders/paid", delivery: "d-forged", body, secret: secret)
            var forgeries: [(String, [UInt8])] = [(StoreWebhook.sign(right.body, "guess"), right.body), ("", right.body)]
            // The same JSON in other bytes: signed is what came, not what it means.
            forgeries.append((right.headers["X-Shopify-Hmac-Sha256"] ?? "", right.body + [UInt8(ascii: " ")]))
            for (signature, bytes) in forgeries {
                var headers = right.headers
                headers["X-Shopify-Hmac-Sha256"] = signature
                let answer = try await suite.request("POST", right.path, body: bytes, headers: headers, key: nil)
                #expect(answer.status == 401, "\(answer.text)")
            }
            var unsigned = right.headers
            unsigned["X-Shopify-Hmac-Sha256"] = nil
            #expect(try await suite.request("POST", right.path, body: right.body, headers: unsigned, key: nil).status == 401)
            #expect(try await suite.get("/v1/events/order-5100666-paid").status == 404)
            #expect(try await suite.deliver(right).status == 202)
            #expect(try await suite.get("/v1/events/order-5100666-paid").status == 200)
        }

        @Test("WooCommerce: a guest's order that is processing is paid; its refunds, listed again in every update, count once")
        func wooCommerce() async throws {
            let suite = try Running.suite()
            #expect(try await suite.put("/v1/connectors/woocommerce", ["webhook_secret": .string(secret)]).status == 200)
            let ping = try await suite.request(
                "POST", "/v1/connectors/woocommerce/webhooks", body: Array("webhook_id=7".utf8),
                headers: ["Content-Type": "application/x-www-form-urlencoded"], key: nil)
            #expect(ping.status == 200)
            // Lines 18.00 less 3.00: net 15.00; with shipping 10.00 and tax 1.35 on top: 26.35.
            func order(_ refunds: JSON) -> JSON {
                [
                    "id": 727, "number": "727", "status": "processing", "currency": "USD",
                    "date_created_gmt": .string(String(VefaClock.machineNow.rfc3339.prefix(19))),
                    "discount_total": "3.00", "shipping_total": "10.00", "total": "26.35", "total_tax": "1.35", "prices_include_tax": false,
                    "customer_id": 0, "billing": ["first_name": "John", "email": "John.Doe@Example.com", "country": "US"],
                    "line_items": [
                        [
                            "id": 315, "name": "Mug", "product_id": 93, "quantity": 2, "subtotal": "6.00", "total": "5.00",
                            "total_tax": "0.45",
                        ],
                        [
                            "id": 316, "name": "Poster", "product_id": 22, "quantity": 1, "subtotal": "12.00", "total": "10.00",
                            "total_tax": "0.90",
                        ],
                    ], "refunds": refunds,
                ]
            }
            func deliver(_ topic: String, _ delivery: String, _ body: JSON) async throws {
                let answer = try await suite.deliver(.wooCommerce(topic, delivery: delivery, body, secret: secret))
                #expect(answer.status == 202, "\(answer.text)")
            }
            try await deliver("order.created", "w-1", order([]))
            try await deliver("order.updated", "w-2", order([["id": 730, "reason": "", "total": "-10.00"]]))
            let both: JSON = [["id": 730, "reason": "", "total": "-10.00"], ["id": 731, "reason": "late", "total": "-2.50"]]
            for delivery in ["w-3", "w-3", "w-4"] { try await deliver("order.updated", delivery, order(both)) }
            let source = "woocommerce/shop.example"
            for id in ["order-727-paid", "order-727-refund-730", "order-727-refund-731"] {
                try await suite.untilDone(CloudEvent(id: id, source: source, type: id, time: .epoch, data: .null))
            }
            let guest = try #require(Guest.id(email: "john.doe@example.com"))
            // 12.50 of 26.35 went back: 15.00 × 12.50 ÷ 26.35 = 7.12 of the basis, 7.88 are left.
            #expect(try await suite.balance(guest) == 7)
            #expect(try await suite.get("/v1/customers/\(guest)/overview").json.at("orders", "guest") == 1)
            let mail = try await suite.mail(to: "John.Doe@Example.com")
            #expect(mail.text.contains("727"))
        }
    }
}
