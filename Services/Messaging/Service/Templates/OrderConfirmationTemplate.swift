import MessagingDomain
import Shared

/// The order confirmation that a fresh suite has, in English and Turkish. It can be edited like any other template.
enum OrderConfirmationTemplate {
    static let id = "order_confirmation"

    static let content = TemplateContent(
        name: "Order confirmation",
        locales: [
            "en": parts(
                lang: "en", subject: "Your order {{order.number}} is confirmed",
                preheader:
                    "Thank you for your order{{#store.name}} at {{store.name}}{{/store.name}}.{{#points}} You earned {{earned}} points.{{/points}}",
                greeting: "Hello", thanks: "Thank you for your order. Here is what we have noted:", order: "Order", item: "Item",
                quantity: "Qty",
                amount: "Amount", subtotal: "Subtotal", discount: "Discount", shipping: "Shipping", tax: "Tax",
                taxIncluded: "Tax (included)", total: "Total",
                points: "You earned {{earned}} points with this order{{#balance}}; your balance is {{balance}}{{/balance}}.",
                later: "We will write to you again when your order is on its way.",
                why: "You receive this mail because you placed an order with us."),
            "tr": parts(
                lang: "tr", subject: "{{order.number}} numaralı siparişiniz onaylandı",
                preheader: "Siparişiniz için teşekkür ederiz.{{#points}} {{earned}} puan kazandınız.{{/points}}",
                greeting: "Merhaba", thanks: "Siparişiniz için teşekkür ederiz. Sipariş ayrıntılarınız:", order: "Sipariş", item: "Ürün",
                quantity: "Adet",
                amount: "Tutar", subtotal: "Ara toplam", discount: "İndirim", shipping: "Kargo", tax: "Vergi", taxIncluded: "Vergi (dahil)",
                total: "Toplam",
                points: "Bu siparişle {{earned}} puan kazandınız{{#balance}}; güncel puan bakiyeniz: {{balance}}{{/balance}}.",
                later: "Siparişiniz yola çıktığında size yeniden yazacağız.",
                why: "Bu e-postayı bizden alışveriş yaptığınız için alıyorsunuz."),
        ],
        sample: sample)

    /// The order's lines are a table with headers for screen readers.
    private static func parts(
        lang: String, subject: String, preheader: String, greeting: String, thanks: String, order: String, item: String, quantity: String,
        amount: String, subtotal: String, discount: String, shipping: String, tax: String, taxIncluded: String, total: String,
        points: String,
        later: String, why: String
    ) -> TemplateParts {
        func sum(_ label: String, _ name: String, sign: String = "") -> String {
            """
            {{#order.\(name)}}
            <tr><th scope="row" colspan="2" style="padding:4px 0;text-align:left;font-weight:normal;color:#555555">\(label)</th>\
            <td style="padding:4px 0;text-align:right;white-space:nowrap">\(sign){{order.\(name)}}</td></tr>
            {{/order.\(name)}}

            """
        }
        let body = """
            <h1 style="margin:0 0 16px 0;font-size:24px;line-height:32px">\(order) {{order.number}}</h1>
            <p style="margin:0 0 8px 0">\(greeting){{#customer.first_name}} {{customer.first_name}}{{/customer.first_name}},</p>
            <p style="margin:0 0 16px 0">\(thanks)</p>
            <table width="100%" cellpadding="0" cellspacing="0" border="0" style="font-size:15px;line-height:22px;border-collapse:collapse">
            <tr><th scope="col" style="padding:8px 0;text-align:left;border-bottom:2px solid #1c1c1c">\(item)</th>\
            <th scope="col" style="padding:8px;text-align:right;border-bottom:2px solid #1c1c1c">\(quantity)</th>\
            <th scope="col" style="padding:8px 0;text-align:right;border-bottom:2px solid #1c1c1c">\(amount)</th></tr>
            {{#order.items}}
            <tr><td style="padding:8px 0;border-bottom:1px solid #e4e4e0">{{name}}</td>\
            <td style="padding:8px;text-align:right;border-bottom:1px solid #e4e4e0;white-space:nowrap">× {{quantity}}</td>\
            <td style="padding:8px 0;text-align:right;border-bottom:1px solid #e4e4e0;white-space:nowrap">{{total}}</td></tr>
            {{/order.items}}
            \(sum(subtotal, "subtotal"))\(sum(discount, "discount", sign: "−"))\(sum(shipping, "shipping"))\
            {{^order.tax_included}}
            \(sum(tax, "tax")){{/order.tax_included}}
            {{#order.tax_included}}
            \(sum(taxIncluded, "tax")){{/order.tax_included}}
            {{#order.total}}
            <tr><th scope="row" colspan="2" style="padding:8px 0;text-align:left;border-top:2px solid #1c1c1c">\(total)</th>\
            <td style="padding:8px 0;text-align:right;font-weight:bold;white-space:nowrap;border-top:2px solid #1c1c1c">{{order.total}}</td></tr>
            {{/order.total}}
            </table>
            {{#points}}
            <p style="margin:24px 0 0 0;padding:16px;background:#eef4ea;border-radius:6px">\(points)</p>
            {{/points}}
            <p style="margin:24px 0 24px 0">\(later)</p>
            """
        let text = """
            \(greeting){{#customer.first_name}} {{customer.first_name}}{{/customer.first_name}},

            \(thanks)

            \(order) {{order.number}}

            {{#order.items}}
            {{name}} × {{quantity}}: {{total}}
            {{/order.items}}

            {{#order.subtotal}}
            \(subtotal): {{order.subtotal}}
            {{/order.subtotal}}
            {{#order.discount}}
            \(discount): −{{order.discount}}
            {{/order.discount}}
            {{#order.shipping}}
            \(shipping): {{order.shipping}}
            {{/order.shipping}}
            {{#order.tax}}
            {{#order.tax_included}}\(taxIncluded){{/order.tax_included}}{{^order.tax_included}}\(tax){{/order.tax_included}}: {{order.tax}}
            {{/order.tax}}
            {{#order.total}}
            \(total): {{order.total}}
            {{/order.total}}

            {{#points}}
            \(points)

            {{/points}}
            \(later)

            \(why)
            {{#store.name}}
            {{store.name}}
            {{/store.name}}

            """
        return TemplateParts(
            subject: subject, preheader: preheader, html: MailLayout.html(lang: lang, title: subject, body: body, why: why), text: text)
    }

    /// An order to try the template on.
    private static var sample: JSON {
        var order = OrderData(orderID: "1001")
        order.currency = Currency("TRY")
        order.subtotal = 54_900
        order.discountTotal = 5_000
        order.shippingTotal = 2_990
        order.taxTotal = 8_815
        order.taxIncluded = true
        order.total = 52_890
        order.items = [
            OrderItem(lineID: "1", productID: "tea-250", name: "Rize black tea, 250 g", quantity: 2, unitPrice: 12_450),
            OrderItem(lineID: "2", productID: "glass-6", name: "Tea glasses, set of 6", quantity: 1, unitPrice: 30_000),
        ]
        return OrderMail(
            store: StoreIdentity(name: "Çarşı"), locale: "en", customer: CustomerNames(firstName: "Ayşe", lastName: "Yılmaz"), order: order,
            pointsEarned: [["points": 499, "balance": 1_499]]
        ).data
    }
}
