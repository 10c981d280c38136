import MessagingDomain
import Shared

/// The two mails of the abandoned cart, in English and Turkish: a reminder that only helps, and an offer with a coupon.
enum AbandonedCartTemplates {
    static let reminder = BuiltInTemplate(
        id: "abandoned_cart_reminder",
        content: TemplateContent(
            name: "Abandoned cart: reminder",
            locales: [
                "en": parts(
                    .english, subject: "You left something in your cart{{#store.name}} at {{store.name}}{{/store.name}}",
                    preheader: "We have kept it for you.", heading: "Still thinking it over?",
                    lead: "Your cart is just as you left it. Pick up where you stopped whenever it suits you.", offer: "",
                    button: "Back to my cart",
                    close: "Something not clear, or did something go wrong at checkout? Just reply to this mail: a person reads it."),
                "tr": parts(
                    .turkish, subject: "Sepetinizde sizi bekleyen ürünler var",
                    preheader: "Ürünlerinizi sizin için sakladık.", heading: "Hâlâ düşünüyor musunuz?",
                    lead: "Sepetiniz bıraktığınız gibi duruyor. Dilediğiniz zaman kaldığınız yerden devam edebilirsiniz.", offer: "",
                    button: "Sepetime dön",
                    close:
                        "Aklınıza takılan bir şey mi var, ya da ödeme sırasında bir sorun mu çıktı? Bu e-postayı yanıtlamanız yeterli, sizinle ilgilenelim."
                ),
            ], sample: sample(coupon: nil)))

    static let offer = BuiltInTemplate(
        id: "abandoned_cart_offer",
        content: TemplateContent(
            name: "Abandoned cart: best offer",
            locales: [
                "en": parts(
                    .english,
                    subject: "{{#coupon}}{{coupon.value}} for the cart you left{{/coupon}}{{^coupon}}Your cart is still here{{/coupon}}",
                    preheader:
                        "{{#coupon}}A code just for you{{#coupon.ends_on}}, good until {{coupon.ends_on}}{{/coupon.ends_on}}.{{/coupon}}",
                    heading: "{{#coupon}}A little push from us{{/coupon}}{{^coupon}}Your cart is still here{{/coupon}}",
                    lead: "We would be glad to send you what you picked.",
                    offer: """
                        Enter this code at checkout for {{coupon.value}}\
                        {{#coupon.minimum_order}} on orders of {{coupon.minimum_order}} or more{{/coupon.minimum_order}}:
                        """, button: "Use my code",
                    close:
                        "{{#coupon}}The code is yours alone and works once{{#coupon.ends_on}}, until {{coupon.ends_on}}{{/coupon.ends_on}}. This is our last mail about this cart.{{/coupon}}"
                ),
                "tr": parts(
                    .turkish,
                    subject: "{{#coupon}}Sepetinize özel {{coupon.value}}{{/coupon}}{{^coupon}}Sepetiniz hâlâ sizi bekliyor{{/coupon}}",
                    preheader: "{{#coupon}}Size özel kodunuz{{#coupon.ends_on}}, son gün {{coupon.ends_on}}{{/coupon.ends_on}}.{{/coupon}}",
                    heading:
                        "{{#coupon}}Sepetiniz için küçük bir armağanımız var{{/coupon}}{{^coupon}}Sepetiniz hâlâ sizi bekliyor{{/coupon}}",
                    lead: "Seçtiğiniz ürünleri size ulaştırmaktan mutluluk duyarız.",
                    offer: """
                        {{#coupon.minimum_order}}{{coupon.minimum_order}} ve üzeri alışverişlerde {{/coupon.minimum_order}}\
                        {{coupon.value}} için ödeme adımında bu kodu girin:
                        """, button: "Kodumu kullan",
                    close:
                        "{{#coupon}}Kod yalnızca size özeldir ve bir kez kullanılabilir{{#coupon.ends_on}}; son gün {{coupon.ends_on}}{{/coupon.ends_on}}. Bu sepetle ilgili son e-postamız bu.{{/coupon}}"
                ),
            ],
            sample: sample(
                coupon: ["code": "A7K9M2QX", "value": "10% off", "ends_on": "8 March 2026", "minimum_order": nil])))

    private struct Words {
        let lang, greeting, item, quantity, amount, total, why, unsubscribe: String

        static let english = Words(
            lang: "en", greeting: "Hello", item: "Item", quantity: "Qty", amount: "Amount", total: "Total",
            why: "You receive this mail because you agreed to hear from us and left items in your cart.", unsubscribe: "Unsubscribe")
        static let turkish = Words(
            lang: "tr", greeting: "Merhaba", item: "Ürün", quantity: "Adet", amount: "Tutar", total: "Toplam",
            why: "Bu e-postayı bizden haber almayı kabul ettiğiniz ve sepetinizde ürün bıraktığınız için alıyorsunuz.",
            unsubscribe: "Abonelikten çık")
    }

    private static func parts(
        _ words: Words, subject: String, preheader: String, heading: String, lead: String, offer: String, button: String, close: String
    ) -> TemplateParts {
        let code =
            offer.isEmpty
            ? ""
            : """
            {{#coupon}}
            <p style="margin:0 0 8px 0">\(offer)</p>
            <p style="margin:0 0 16px 0;padding:16px;background:#eef4ea;border-radius:6px;font-size:22px;letter-spacing:2px;text-align:center;\
            font-family:Consolas,Menlo,monospace"><strong>{{coupon.code}}</strong></p>
            {{/coupon}}
            """
        let body = """
            <h1 style="margin:0 0 16px 0;font-size:24px;line-height:32px">\(heading)</h1>
            <p style="margin:0 0 8px 0">\(words.greeting){{#customer.first_name}} {{customer.first_name}}{{/customer.first_name}},</p>
            <p style="margin:0 0 16px 0">\(lead)</p>
            \(code)
            <table width="100%" cellpadding="0" cellspacing="0" border="0" style="font-size:15px;line-height:22px;border-collapse:collapse">
            <tr><th scope="col" style="padding:8px 0;text-align:left;border-bottom:2px solid #1c1c1c">\(words.item)</th>\
            <th scope="col" style="padding:8px;text-align:right;border-bottom:2px solid #1c1c1c">\(words.quantity)</th>\
            <th scope="col" style="padding:8px 0;text-align:right;border-bottom:2px solid #1c1c1c">\(words.amount)</th></tr>
            {{#cart.items}}
            <tr><td style="padding:8px 0;border-bottom:1px solid #e4e4e0">{{name}}</td>\
            <td style="padding:8px;text-align:right;border-bottom:1px solid #e4e4e0;white-space:nowrap">× {{quantity}}</td>\
            <td style="padding:8px 0;text-align:right;border-bottom:1px solid #e4e4e0;white-space:nowrap">{{total}}</td></tr>
            {{/cart.items}}
            {{#cart.total}}
            <tr><th scope="row" colspan="2" style="padding:8px 0;text-align:left">\(words.total)</th>\
            <td style="padding:8px 0;text-align:right;font-weight:bold;white-space:nowrap">{{cart.total}}</td></tr>
            {{/cart.total}}
            </table>
            \(MailLayout.button("cart.recovery_url", button))
            <p style="margin:0 0 24px 0">\(close)</p>
            """
        let codeText =
            offer.isEmpty
            ? ""
            : """
            {{#coupon}}
            \(offer) {{coupon.code}}

            {{/coupon}}

            """
        let text = """
            \(words.greeting){{#customer.first_name}} {{customer.first_name}}{{/customer.first_name}},

            \(lead)

            \(codeText){{#cart.items}}
            {{name}} × {{quantity}}: {{total}}
            {{/cart.items}}
            {{#cart.total}}
            \(words.total): {{cart.total}}
            {{/cart.total}}

            {{#cart.recovery_url}}
            \(button): {{cart.recovery_url}}

            {{/cart.recovery_url}}
            \(close)

            \(MailLayout.textFooter(why: words.why, unsubscribe: words.unsubscribe))
            """
        return TemplateParts(
            subject: subject, preheader: preheader,
            html: MailLayout.html(lang: words.lang, title: heading, body: body, why: words.why, unsubscribe: words.unsubscribe), text: text)
    }

    private static func sample(coupon: JSON?) -> JSON {
        let store = StoreIdentity(name: "Çarşı", url: "https://shop.example/", address: "Bağdat Cad. 1, 34710 İstanbul")
        var cart = CartData(cartID: "cart-1")
        cart.currency = Currency("TRY")
        cart.total = 54_900
        cart.items = [
            OrderItem(productID: "tea-250", name: "Rize black tea, 250 g", quantity: 2, unitPrice: 12_450),
            OrderItem(productID: "glass-6", name: "Tea glasses, set of 6", quantity: 1, unitPrice: 30_000),
        ]
        cart.recoveryURL = "https://shop.example/cart/1"
        return [
            "store": store.json, "locale": "en", "customer": CustomerNames(firstName: "Ayşe", lastName: "Yılmaz").json,
            "cart": CartMail.data(cart, store: store, locale: "en"), "coupon": coupon ?? .null,
            "unsubscribe_url": "https://shop.example/u/sample",
        ]
    }
}
