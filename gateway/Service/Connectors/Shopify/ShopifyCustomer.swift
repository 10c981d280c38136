import Shared

/// A customer of Shopify in Vefa's terms.
enum ShopifyCustomer {
    /// The body of `customers/…`.
    static func read(_ fields: StoreFields) -> CustomerData {
        var customer = profile(fields)
        customer.email = fields.text("email", max: CustomerData.maximumEmail)
        customer.acceptsMarketing = consentState(fields).map { $0 == "subscribed" } ?? fields.flag("accepts_marketing")
        customer.verifiedEmail = fields.flag("verified_email")
        return customer
    }

    /// The buyer of an order or a checkout: registered where `customer.id` is there, else a guest known by e-mail; nil when the body names
    /// nobody.
    static func ofOrder(_ fields: StoreFields) -> CustomerData? {
        let buyer = fields.child("customer")
        var customer = buyer.map(profile) ?? CustomerData()
        let typed = fields.text("email", max: CustomerData.maximumEmail) ?? fields.text("contact_email", max: CustomerData.maximumEmail)
        let own = buyer?.text("email", max: CustomerData.maximumEmail)
        // A registered customer keeps the address of the account; a guest is who the order says.
        customer.email = customer.id == nil ? typed ?? own : own ?? typed
        if customer.phone == nil { customer.phone = fields.text("phone", max: 64) }
        if customer.locale == nil { customer.locale = fields.text("customer_locale", max: 35) }
        customer.acceptsMarketing = consentAtCheckout(fields, buyer)
        guard customer.id != nil || customer.email != nil || customer.phone != nil else { return nil }
        if customer.id == nil { fillFromAddress(fields.child("billing_address") ?? fields.child("shipping_address"), into: &customer) }
        return customer
    }

    private static func profile(_ fields: StoreFields) -> CustomerData {
        var customer = CustomerData()
        customer.id = fields.id("id")
        customer.firstName = fields.text("first_name")
        customer.lastName = fields.text("last_name")
        customer.phone = fields.text("phone", max: 64)
        customer.locale = fields.text("locale", max: 35)
        customer.tags = fields.words("tags")
        if let address = fields.child("default_address") {
            customer.country = address.text("country_code", max: 64)
            customer.region = address.text("province", max: 255) ?? address.text("province_code", max: 255)
            customer.city = address.text("city", max: 255)
        }
        return customer
    }

    private static func fillFromAddress(_ address: StoreFields?, into customer: inout CustomerData) {
        guard let address else { return }
        if customer.firstName == nil, customer.lastName == nil {
            customer.firstName = address.text("first_name")
            customer.lastName = address.text("last_name")
        }
        if customer.country == nil, customer.city == nil {
            customer.country = address.text("country_code", max: 64)
            customer.region = address.text("province", max: 255)
            customer.city = address.text("city", max: 255)
        }
    }

    private static func consentState(_ fields: StoreFields) -> String? {
        fields.child("email_marketing_consent")?.text("state")?.lowercased()
    }

    /// A box left empty at the checkout withdraws nothing that was granted elsewhere, so an order grants consent or says nothing; only
    /// the state `unsubscribed` is a withdrawal.
    private static func consentAtCheckout(_ fields: StoreFields, _ buyer: StoreFields?) -> Bool? {
        if fields.flag("buyer_accepts_marketing") == true { return true }
        switch buyer.flatMap(consentState) {
        case "subscribed": return true
        case "unsubscribed": return false
        case nil where buyer?.flag("accepts_marketing") == true: return true
        default: return nil
        }
    }
}
