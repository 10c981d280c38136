import Shared

/// A customer of WooCommerce in Vefa's terms. Nothing here speaks of consent: WooCommerce itself keeps none.
enum WooCommerceCustomer {
    /// The body of `customer.created` and `customer.updated`.
    static func read(_ fields: StoreFields) -> CustomerData {
        var customer = CustomerData()
        customer.id = fields.id("id")
        customer.email = fields.text("email", max: CustomerData.maximumEmail)
        customer.firstName = fields.text("first_name")
        customer.lastName = fields.text("last_name")
        fill(from: fields, into: &customer)
        return customer
    }

    /// The buyer of an order: `customer_id`, where 0 is a guest, known by the billing e-mail; nil when the body names nobody.
    static func ofOrder(_ fields: StoreFields) -> CustomerData? {
        var customer = CustomerData()
        customer.id = fields.id("customer_id")
        fill(from: fields, into: &customer)
        guard customer.id != nil || customer.email != nil || customer.phone != nil else { return nil }
        return customer
    }

    /// What is not known yet, from the billing address and then the shipping address.
    private static func fill(from fields: StoreFields, into customer: inout CustomerData) {
        for address in [fields.child("billing"), fields.child("shipping")].compactMap({ $0 }) {
            if customer.email == nil { customer.email = address.text("email", max: CustomerData.maximumEmail) }
            if customer.phone == nil { customer.phone = address.text("phone", max: 64) }
            if customer.firstName == nil, customer.lastName == nil {
                customer.firstName = address.text("first_name")
                customer.lastName = address.text("last_name")
            }
            if customer.country == nil, customer.city == nil {
                customer.country = address.text("country", max: 64)
                customer.region = address.text("state", max: 255)
                customer.city = address.text("city", max: 255)
            }
        }
    }
}
