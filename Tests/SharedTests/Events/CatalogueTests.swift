import Shared
import Testing

@Suite("The catalogue's data") struct CatalogueTests {
    @Test(
        "good examples of every type are taken",
        arguments: [
            (
                "customer.created",
                #"{"customer":{"id":"c1","email":"a@b.c","birthday":"1990-02-28","accepts_marketing":true,"tags":["vip"],"traits":{"x":{"y":1}}}}"#
            ),
            ("customer.deleted", #"{"customer":{"id":"c1"}}"#), ("customers.merged", #"{"from_id":"a","into_id":"b"}"#),
            ("order.placed", #"{"order_id":"o1","currency":"TRY","total":0}"#),
            (
                "order.paid",
                #"{"order_id":"o1","customer":{"id":null,"email":"g@x.y"},"currency":"KWD","total":9007199254740992,"items":[{"quantity":1}],"note":[1]}"#
            ),
            ("order.updated", #"{"order_id":"o1"}"#), ("order.cancelled", #"{"order_id":"o1","reason":"x"}"#),
            ("order.shipped", #"{"order_id":"o1","expected_at":"2026-03-05T00:00:00Z"}"#),
            ("order.refunded", #"{"order_id":"o1","refund_id":"r1","amount":5}"#),
            ("order.refunded", #"{"order_id":"o1","refund_id":"r1","items":[{"line_id":"1","quantity":2}]}"#),
            ("cart.updated", #"{"cart_id":"k1","items":[]}"#), ("checkout.started", #"{"cart_id":"k1","total":5,"currency":"JPY"}"#),
            ("product.upserted", #"{"product":{"id":"p1","price":100,"in_stock":true}}"#), ("newsletter.subscribed", #"{"email":"a@b.c"}"#),
            ("newsletter.unsubscribed", #"{"customer":{"id":"c1"}}"#), ("social.shared", #"{"network":"x"}"#),
            ("subscription.renewed", #"{"subscription_id":"s1","amount":5,"currency":"TRY"}"#), ("page.viewed", "{}"),
            ("custom.what_ever", #"{"quantity":-1}"#),
        ])
    func good(type: String, data: String) throws {
        #expect(try issues(type, data) == [])
    }

    @Test(
        "says what is wrong, and where",
        arguments: [
            // Customers.
            ("customer.created", "{}", ["/data/customer missing"]),
            ("customer.updated", #"{"customer":"c1"}"#, ["/data/customer wrong_type"]),
            ("customer.created", #"{"customer":{"email":"a@b.c"}}"#, ["/data/customer/id missing"]),
            ("customer.created", #"{"customer":{"id":7}}"#, ["/data/customer/id wrong_type"]),
            (
                "customer.created", #"{"customer":{"id":"c","birthday":"1990-02-30","accepts_marketing":"yes","tags":[1],"traits":[]}}"#,
                [
                    "/data/customer/birthday invalid_date", "/data/customer/accepts_marketing wrong_type",
                    "/data/customer/tags/0 wrong_type", "/data/customer/traits wrong_type",
                ]
            ),
            ("customer.deleted", #"{"customer":{}}"#, ["/data/customer/id missing"]),
            ("customers.merged", #"{"from_id":"a"}"#, ["/data/into_id missing"]),
            // Orders.
            ("order.placed", "{}", ["/data/order_id missing", "/data/currency missing", "/data/total missing"]),
            (
                "order.paid", #"{"order_id":"o","currency":"TL","total":-1}"#,
                ["/data/currency unknown_currency", "/data/total out_of_range"]
            ),
            ("order.paid", #"{"order_id":"o","currency":"TRY","total":9007199254740993}"#, ["/data/total out_of_range"]),
            ("order.paid", #"{"order_id":"o","currency":"TRY","total":12.5}"#, ["/data/total out_of_range"]),
            ("order.paid", #"{"order_id":"o","currency":"TRY","total":"12.50"}"#, ["/data/total wrong_type"]),
            ("order.paid", #"{"order_id":"o","currency":"TRY","total":1e300}"#, ["/data/total out_of_range"]),
            (
                "order.updated", #"{"order_id":"o","subtotal":-1,"discount_total":-1,"tax_total":-1,"shipping_total":-1}"#,
                [
                    "/data/subtotal out_of_range", "/data/discount_total out_of_range", "/data/tax_total out_of_range",
                    "/data/shipping_total out_of_range",
                ]
            ),
            (
                "order.updated",
                #"{"order_id":"o","items":[{"quantity":1},{"quantity":0},{"quantity":-1},{"quantity":1000001},{"quantity":1.5}]}"#,
                [
                    "/data/items/1/quantity out_of_range", "/data/items/2/quantity out_of_range", "/data/items/3/quantity out_of_range",
                    "/data/items/4/quantity out_of_range",
                ]
            ),
            (
                "order.updated", #"{"order_id":"o","items":[{"unit_price":-1,"discount":-1,"tax":9007199254740993}]}"#,
                ["/data/items/0/unit_price out_of_range", "/data/items/0/discount out_of_range", "/data/items/0/tax out_of_range"]
            ),
            ("order.updated", #"{"order_id":"o","items":{}}"#, ["/data/items wrong_type"]),
            ("order.updated", #"{"order_id":"o","items":[null]}"#, ["/data/items/0 wrong_type"]),
            (
                "order.updated", #"{"order_id":"o","placed_at":"1969-01-01T00:00:00Z","tax_included":1,"coupon_codes":"X"}"#,
                ["/data/placed_at out_of_range", "/data/tax_included wrong_type", "/data/coupon_codes wrong_type"]
            ),
            ("order.cancelled", "{}", ["/data/order_id missing"]),
            ("order.fulfilled", "{}", ["/data/order_id missing"]),
            ("order.shipped", #"{"order_id":"o","expected_at":"soon"}"#, ["/data/expected_at invalid_time"]),
            ("order.delayed", #"{"order_id":""}"#, ["/data/order_id empty"]),
            ("order.delivered", #"{"order_id":"o","carrier":5}"#, ["/data/carrier wrong_type"]),
            // Refunds.
            ("order.refunded", #"{"order_id":"o","refund_id":"r"}"#, ["/data/amount missing"]),
            ("order.refunded", #"{"order_id":"o","refund_id":"r","items":[]}"#, ["/data/amount missing"]),
            ("order.refunded", #"{"order_id":"o","amount":5}"#, ["/data/refund_id missing"]),
            ("order.refunded", #"{"order_id":"o","refund_id":"r","amount":-5}"#, ["/data/amount out_of_range"]),
            ("order.refunded", #"{"order_id":"o","refund_id":"r","items":[{}]}"#, ["/data/items/0/line_id missing"]),
            (
                "order.refunded", #"{"order_id":"o","refund_id":"r","items":[{"line_id":"1","quantity":-2}]}"#,
                ["/data/items/0/quantity out_of_range"]
            ),
            // The rest.
            ("cart.updated", "{}", ["/data/cart_id missing"]),
            (
                "checkout.started", #"{"cart_id":"k","total":-1,"items":[{"quantity":0}]}"#,
                ["/data/total out_of_range", "/data/items/0/quantity out_of_range"]
            ),
            ("product.upserted", "{}", ["/data/product missing"]),
            ("product.viewed", #"{"product":{}}"#, ["/data/product/id missing"]),
            ("product.deleted", #"{"product":{"id":"p","price":-1}}"#, ["/data/product/price out_of_range"]),
            ("newsletter.subscribed", "{}", ["/data/email missing"]),
            ("newsletter.unsubscribed", #"{"email":5}"#, ["/data/email wrong_type"]),
            ("newsletter.subscribed", #"{"email":"a@b","topics":[{}]}"#, ["/data/topics/0 wrong_type"]),
            ("social.followed", "{}", ["/data/network missing"]),
            ("social.mentioned", #"{"network":["x"]}"#, ["/data/network wrong_type"]),
            ("subscription.started", "{}", ["/data/subscription_id missing"]),
            (
                "subscription.cancelled", #"{"subscription_id":"s","amount":-1,"currency":"X","next_renewal_at":"x"}"#,
                ["/data/amount out_of_range", "/data/currency unknown_currency", "/data/next_renewal_at invalid_time"]
            ),
            ("page.viewed", #"{"url":5,"customer":[]}"#, ["/data/url wrong_type", "/data/customer wrong_type"]),
        ] as [(String, String, [String])])
    func wrong(type: String, data: String, expected: [String]) throws {
        #expect(Set(try issues(type, data)) == Set(expected))
    }

    @Test(
        "a megabyte where a word belongs is only too long",
        arguments: [
            ("order.placed", "order_id", ""), ("customer.created", "first_name", "customer"), ("product.upserted", "name", "product"),
            ("page.viewed", "url", ""),
            ("cart.updated", "recovery_url", ""), ("newsletter.subscribed", "email", ""), ("social.shared", "network", ""),
            ("order.shipped", "tracking_number", ""),
        ])
    func long(type: String, field: String, inside: String) throws {
        let text = String(repeating: "x", count: 1 << 20)
        let inner = #"{"\#(field)":"\#(text)"}"#
        let found = try issues(type, inside.isEmpty ? inner : #"{"\#(inside)":\#(inner)}"#)
        #expect(found.contains("/data/\(inside.isEmpty ? "" : inside + "/")\(field) too_long"))
    }

    @Test("an order is written as it was read, and keeps apart what was not said")
    func order() throws {
        let text =
            #"{"order_id":"o1","customer":{"id":"c1"},"currency":"TRY","subtotal":100,"tax_included":false,"total":90,"coupon_codes":["A"],"placed_at":"2026-03-01T08:00:00Z","items":[{"line_id":"1","categories":["x"],"quantity":2,"unit_price":50,"discount":10,"tax":0}]}"#
        let issues = FieldIssues()
        let order = OrderData(FieldReader(body: try JSONParser.parse(text), issues: issues, strict: false))
        #expect(issues.isEmpty)
        #expect(order.json.text == text)
        #expect(order.discountTotal == nil)
        #expect(order.items?.first?.quantity == 2)
    }
}
